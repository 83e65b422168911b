"""What goes over the wire goes over unchanged: methods, targets, header fields, bodies."""

# ruff: noqa: S101, PLR2004  # these are tests, though they live in a package

from __future__ import annotations

import json

import pytest

from mesa_core.http import Response
from mesa_transports.testing._harness import Harness, ask
from mesa_transports.testing.behaviours import ALL_BYTES, BIG, TEXT
from mesa_transports.testing.server import FaultServer
from mesa_transports.testing.worlds import Driver

__all__ = ["MessageTests"]

_TARGETS = (
    "/echo",
    "/echo/a%2Fb/c%20d",
    "/echo/%C3%A9",
    "/echo/x+y;z?q=~-._",
    "/echo?b=2&a=1&b=1",
    "/echo?empty=&sign=a%2Bb%3D",
)
_BODIES = {"/empty": b"", "/all-bytes": ALL_BYTES, "/big": BIG}
_OWN_FIELDS = {"accept-encoding", "connection", "content-length", "host", "transfer-encoding"}


class MessageTests(Harness):
    """Requests as they are sent and responses as they are returned."""

    @pytest.mark.parametrize("status", [200, 201, 202, 204, 304, 400, 401, 404, 409, 429, 500, 503])
    def test_status_is_returned_whatever_it_is(self, transport: Driver, server: FaultServer, status: int) -> None:
        """No status is an error to a transport."""
        response = transport.send(ask(server, f"/status/{status}"))
        assert response.status_code == status
        assert response.content == (b"" if status in {204, 304} else f"status {status}".encode())

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
    def test_method(self, transport: Driver, server: FaultServer, method: str) -> None:
        """The method is sent as it is."""
        assert _said(transport.send(ask(server, "/echo", method=method)))["method"] == method

    @pytest.mark.parametrize("target", _TARGETS)
    def test_target(self, transport: Driver, server: FaultServer, target: str) -> None:
        """Path and query are sent as they are: an escaped slash stays one, the query keeps its order."""
        assert _said(transport.send(ask(server, target)))["target"] == target

    def test_request_fields(self, transport: Driver, server: FaultServer) -> None:
        """Header fields arrive with their values, repeated names repeatedly."""
        fields = [("Authorization", "Bearer s3cret"), ("X-Tag", "one, 1"), ("user-agent", "me/1"), ("X-Tag", "Two  2")]
        transport.send(ask(server, "/echo", headers=fields))
        received = server.received[0]
        assert received.get_all("Authorization") == ["Bearer s3cret"]
        assert received.get_all("X-Tag") == ["one, 1", "Two  2"]
        assert received.get_all("User-Agent") == ["me/1"]

    @pytest.mark.parametrize("content", [b"", b"{}"])
    def test_no_field_is_added_that_means_something(
        self, transport: Driver, server: FaultServer, content: bytes
    ) -> None:
        """A library's own User-Agent or Accept does not go out."""
        transport.send(ask(server, "/echo", method="POST", headers={"X-Own": "1"}, content=content))
        assert {name.lower() for name, _ in server.received[0].fields} - _OWN_FIELDS == {"x-own"}

    def test_response_fields(self, transport: Driver, server: FaultServer) -> None:
        """Header fields are returned with their values, repeated names apart."""
        headers = transport.send(ask(server, "/fields")).headers
        assert headers["x-request-id"] == "r 1"
        assert headers["X-Empty"] == ""
        assert headers["X-Latin"] == "caf\xe9"
        assert headers.get_all("Set-Cookie") == ["a=1; Path=/", "b=2; Expires=Wed, 01 Jan 2031 00:00:00 GMT"]

    @pytest.mark.parametrize("content", [b"", ALL_BYTES, BIG], ids=["empty", "all bytes", "10 MiB"])
    def test_request_body(self, transport: Driver, server: FaultServer, content: bytes) -> None:
        """The body arrives byte for byte."""
        transport.send(ask(server, "/empty", method="PUT", content=content))
        assert server.received[0].content == content

    @pytest.mark.parametrize(("path", "content"), _BODIES.items(), ids=_BODIES)
    def test_response_body(self, transport: Driver, server: FaultServer, path: str, content: bytes) -> None:
        """The body is returned byte for byte."""
        assert transport.send(ask(server, path)).content == content

    @pytest.mark.parametrize(("path", "content"), [("/chunked", b"hello, world"), ("/until-close", b"to the end")])
    def test_body_without_a_length(self, transport: Driver, server: FaultServer, path: str, content: bytes) -> None:
        """A body ends with its last chunk, or with the connection."""
        assert transport.send(ask(server, path)).content == content

    def test_gzip(self, transport: Driver, server: FaultServer) -> None:
        """A compressed body is returned decompressed."""
        assert transport.send(ask(server, "/gzip")).content == TEXT

    def test_head(self, transport: Driver, server: FaultServer) -> None:
        """The length in a response to HEAD is that of a body that does not come."""
        response = transport.send(ask(server, "/head", method="HEAD"))
        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["Content-Length"] == "1234"
        assert transport.send(ask(server, "/status/200")).content == b"status 200"

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_redirect_is_not_followed(self, transport: Driver, server: FaultServer, status: int) -> None:
        """A redirect is a response like any other."""
        response = transport.send(ask(server, f"/redirect/{status}", method="POST", content=b"x"))
        assert (response.status_code, response.content) == (status, b"elsewhere")
        assert response.headers["Location"] == "/echo"
        assert len(server.received) == 1

    def test_accept_encoding_is_the_callers(self, transport: Driver, server: FaultServer) -> None:
        """A transport asks for what it can decompress, unless the request says what to ask for."""
        transport.send(ask(server, "/echo", headers={"Accept-Encoding": "identity"}))
        assert server.received[0].get_all("Accept-Encoding") == ["identity"]

    def test_interim_response_is_not_the_answer(self, transport: Driver, server: FaultServer) -> None:
        """What comes before the answer, such as 103 Early Hints, is passed over (RFC 9110, section 15.2)."""
        response = transport.send(ask(server, "/early-hints", method="POST", content=b"the answer"))
        assert (response.status_code, response.content) == (200, b"the answer")
        assert "Link" not in response.headers

    def test_redirect_to_nowhere_is_a_response(self, transport: Driver, server: FaultServer) -> None:
        """A transport does not even read where a redirect leads."""
        assert transport.send(ask(server, "/bad-redirect")).status_code == 302

    def test_cookies_are_not_kept(self, transport: Driver, server: FaultServer) -> None:
        """What one response sets, the next request does not carry."""
        assert transport.send(ask(server, "/cookie")).status_code == 401
        transport.send(ask(server, "/echo"))
        assert server.received[1].get_all("Cookie") == []


def _said(response: Response) -> dict[str, str]:
    said: dict[str, str] = json.loads(response.content)
    return said
