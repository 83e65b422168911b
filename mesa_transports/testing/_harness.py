"""What every part of the suite stands on: the hook that makes a transport, and the fixtures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from mesa_core.http import Headers, HeaderTypes, Request
from mesa_core.transport import AsyncTransport, Transport
from mesa_transports.testing.server import FaultServer
from mesa_transports.testing.worlds import Driver, World, drive

__all__ = ["Harness", "ask"]


class Harness:
    """The part of the suite that its user fills in."""

    worlds: ClassVar[tuple[World, ...]] = ("blocking",)
    """The worlds to test: "blocking" for a `Transport`, "async" for an `AsyncTransport`, or both."""

    loops: ClassVar[tuple[str, ...]] = ("asyncio",)
    """The kinds of event loop that the async world is tested on: "asyncio", "trio"."""

    def make(self, **options: Any) -> Transport | AsyncTransport:
        """Return a new transport with `transport_options`, which are of any type; the suite closes it."""
        raise NotImplementedError("say how the transport under test is made: override make()")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test in each world, and on each kind of event loop."""
        if "world" in metafunc.fixturenames:
            metafunc.parametrize("world", self.worlds)
        if "loop" in metafunc.fixturenames:
            metafunc.parametrize("loop", self.loops)

    @pytest.fixture(autouse=True)
    def _no_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the proxies of this machine out of the tests' way."""
        for name in list(os.environ):
            if name.lower().endswith("_proxy"):
                monkeypatch.delenv(name)

    @pytest.fixture
    def server(self) -> Iterator[FaultServer]:
        """Serve faults on loopback, for one test."""
        with FaultServer() as server:
            yield server

    @pytest.fixture
    def transport(self, world: World) -> Iterator[Driver]:
        """Make the transport under test, and close it after the test."""
        with drive(self.make(), world) as driver:
            yield driver


def ask(
    server: FaultServer,
    path: str,
    *,
    method: str = "GET",
    headers: HeaderTypes = (),
    content: bytes = b"",
    timeout: float | None = 10.0,
) -> Request:
    """Return a request to the fault server.

    Args:
        server: The server of the suite, or one of your own.
        path: What the server is to do, such as "/reset" or "/status/503".
        method: The HTTP method.
        headers: The request's headers.
        content: Its body.
        timeout: Seconds that the whole attempt may take; None: as long as it likes.
    """
    return Request(method, server.url(path), Headers(headers), content, timeout)
