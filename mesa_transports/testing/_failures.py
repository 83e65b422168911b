"""What goes wrong comes out as a `TransportError` of the right kind, once, and in time."""

# ruff: noqa: S101  # these are tests, though they live in a package

from __future__ import annotations

import socket
import time
import traceback
from typing import Final, TypeVar

import pytest

from mesa_core.errors import ConnectError, ConnectionLost, RequestTimeout, TransportError
from mesa_core.http import Request
from mesa_transports.testing._harness import Harness, ask
from mesa_transports.testing.behaviours import QUOTED
from mesa_transports.testing.server import FaultServer
from mesa_transports.testing.worlds import Driver

__all__ = ["FailureTests"]

E = TypeVar("E", bound=TransportError)

_TIMEOUT: Final = 0.25
_LATEST: Final = 1.2 * _TIMEOUT + 0.6
"""A timeout bounds the attempt within 20 %; the rest is for a busy machine. What drips, drips for longer by far."""
_UPLOAD: Final = b"x" * (32 * 1024 * 1024)  # more than the sockets of both ends hold
_BROKEN: Final = (
    "/reset",
    "/close",
    "/reset-in-body",
    "/truncated",
    "/truncated-chunks",
    "/garbage",
    "/bad-gzip",
    "/switch-protocols",
)
_SECRETS: Final = ("s3cret-key", "s3cret-signature", QUOTED)


class FailureTests(Harness):
    """Attempts that do not end in a response."""

    def test_refused_connection(self, transport: Driver, server: FaultServer) -> None:
        """Nobody listens: nothing was sent."""
        error = _failure(transport, Request("GET", f"http://127.0.0.1:{_unused_port()}/x", timeout=10.0), ConnectError)
        assert error.sent is False
        _assert_usable(transport, server)

    def test_timeout_bounds_connecting(self, transport: Driver, server: FaultServer) -> None:
        """A server that is silent in the TLS handshake is cut off, and nothing was sent."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            request = Request("GET", f"https://127.0.0.1:{silent.getsockname()[1]}/", timeout=_TIMEOUT)
            _assert_in_time(transport, request, ConnectError, sent=False)
        _assert_usable(transport, server)

    @pytest.mark.parametrize("url", ["nonsense", "http://", "ftp://127.0.0.1/x"])
    def test_url_that_cannot_be_asked(self, transport: Driver, url: str) -> None:
        """What is no HTTP URL is not sent anywhere."""
        assert _failure(transport, Request("GET", url, timeout=10.0), TransportError).sent is False

    @pytest.mark.parametrize("value", ["a\r\nX-Smuggled: 1", "\u2026"])
    def test_header_that_cannot_be_sent(self, transport: Driver, server: FaultServer, value: str) -> None:
        """A value with a line break, or with characters that no header field holds, is refused."""
        request = ask(server, "/echo", headers={"X-Value": value})
        assert _failure(transport, request, TransportError).sent is False
        assert server.received == []
        _assert_usable(transport, server)

    @pytest.mark.parametrize("path", _BROKEN)
    def test_broken_response(self, transport: Driver, server: FaultServer, path: str) -> None:
        """The connection broke, or what came is no whole HTTP response; the server may have acted, so never again."""
        error = _failure(transport, ask(server, path, method="POST", content=b"once"), ConnectionLost)
        assert error.sent is True
        assert [received.content for received in server.received] == [b"once"]
        _assert_usable(transport, server)

    @pytest.mark.parametrize("path", ["/stall", "/stall-in-body", "/drip-fields", "/drip-body", "/drip-chunks"])
    def test_timeout_bounds_the_whole_attempt(self, transport: Driver, server: FaultServer, path: str) -> None:
        """A server that sends nothing more, or a byte now and then, is cut off."""
        _assert_in_time(transport, ask(server, path, timeout=_TIMEOUT))
        assert len(server.received) == 1
        _assert_usable(transport, server)

    def test_timeout_bounds_sending(self, transport: Driver, server: FaultServer) -> None:
        """A server that does not read is cut off."""
        _assert_in_time(transport, ask(server, "/deaf", method="PUT", content=_UPLOAD, timeout=_TIMEOUT))
        _assert_usable(transport, server)

    def test_timeout_does_not_outlive_the_attempt(self, transport: Driver, server: FaultServer) -> None:
        """The next request on the same connection has its own time, or no bound."""
        for path, timeout in (("/status/200", 0.5), ("/late", None), ("/status/200", 5.0)):
            assert transport.send(ask(server, path, timeout=timeout)).status_code == 200  # noqa: PLR2004
        assert server.connections == 1

    @pytest.mark.parametrize("path", ["/reset", "/truncated", "/stall"])
    def test_message_is_one_line_without_secrets(self, transport: Driver, server: FaultServer, path: str) -> None:
        """A message says what was asked for; it may end up in a log."""
        message = str(_failure(transport, _with_secrets(server, path), TransportError))
        assert "GET" in message
        assert path in message
        assert "\n" not in message
        assert not [secret for secret in _SECRETS if secret in message]

    @pytest.mark.parametrize("path", ["/reset", "/stall", "/garbled-status", "/garbled-field", "/garbled-chunk"])
    def test_traceback_shows_no_secrets(self, transport: Driver, server: FaultServer, path: str) -> None:
        """What a library raises quotes the URL and what came: leave it out of the chain (`raise … from None`)."""
        error = _failure(transport, _with_secrets(server, path), TransportError)
        shown = "".join(traceback.format_exception(error))
        assert not [secret for secret in _SECRETS if secret in shown]


def _failure(transport: Driver, request: Request, kind: type[E]) -> E:
    with pytest.raises(kind) as caught:
        transport.send(request)
    return caught.value


def _with_secrets(server: FaultServer, path: str) -> Request:
    headers = {"Authorization": f"Bearer {_SECRETS[0]}"}
    return ask(server, f"{path}?signature={_SECRETS[1]}", headers=headers, timeout=_TIMEOUT)


def _assert_in_time(
    transport: Driver, request: Request, kind: type[TransportError] = RequestTimeout, *, sent: bool = True
) -> None:
    began = time.monotonic()
    error = _failure(transport, request, kind)
    assert time.monotonic() - began < _LATEST
    assert error.sent is sent


def _assert_usable(transport: Driver, server: FaultServer) -> None:
    response = transport.send(ask(server, "/mirror", method="POST", content=b"still here"))
    assert response.content == b"still here"


def _unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
