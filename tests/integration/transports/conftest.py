"""What tests of transports share: one of each kind, blocking to look at, and servers that fail on demand."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from anyio.from_thread import BlockingPortal, start_blocking_portal
from attrs import frozen
from failing import Make

from mesa_core.http import Request, Response
from mesa_core.transport import AsyncTransport, Transport
from mesa_transports.aiohttp import AiohttpTransport
from mesa_transports.httpx import AsyncHttpxTransport, HttpxTransport
from mesa_transports.httpx2 import Httpx2Transport
from mesa_transports.requests import RequestsTransport
from mesa_transports.testing import FaultServer
from mesa_transports.urllib3 import Urllib3Transport


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@frozen
class Bridged:
    """A blocking view of an `async` transport, whose event loop runs in a thread of its own."""

    inner: AsyncTransport
    portal: BlockingPortal

    def send(self, request: Request, /) -> Response:
        return self.portal.call(self.inner.asend, request)

    def close(self) -> None:
        self.portal.call(self.inner.aclose)


ASYNC = {"httpx-asyncio": AsyncHttpxTransport, "httpx-trio": AsyncHttpxTransport, "aiohttp": AiohttpTransport}
BLOCKING = {
    "httpx": HttpxTransport,
    "httpx2": Httpx2Transport,
    "requests": RequestsTransport,
    "urllib3": Urllib3Transport,
}


@pytest.fixture(params=[*BLOCKING, *ASYNC])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    made: list[Transport] = []
    with contextlib.ExitStack() as stack:
        if request.param in BLOCKING:
            bridge, kind = (lambda transport: transport), BLOCKING[request.param]
        else:
            portal = stack.enter_context(start_blocking_portal("trio" if "trio" in request.param else "asyncio"))
            bridge, kind = (lambda transport: Bridged(transport, portal)), ASYNC[request.param]

        def make(**options: Any) -> Transport:
            made.append(bridge(kind(**options)))
            return made[-1]

        yield make
        for transport in made:
            transport.close()


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture(scope="module")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture
def tls_server(server_tls: ssl.SSLContext) -> Iterator[FaultServer]:
    with FaultServer(server_tls) as server:
        yield server


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
