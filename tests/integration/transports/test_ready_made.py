"""Transports on a client of another library that is somebody else's, who goes on using it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import requests
import urllib3
from attrs import frozen
from failing import TIMEOUT, failure, late
from requests.adapters import BaseAdapter, HTTPAdapter

from mesa_core.errors import ConfigurationError, ConnectError, ConnectionLost, RequestTimeout, TransportError
from mesa_core.http import Request
from mesa_core.transport import Transport
from mesa_sdk import AsyncMesa, Mesa
from mesa_transports.httpx import HttpxTransport
from mesa_transports.requests import RequestsTransport
from mesa_transports.testing import FaultServer, ask
from mesa_transports.urllib3 import Urllib3Transport


@pytest.fixture(params=["httpx", "requests", "urllib3"])
def ready_made(request: pytest.FixtureRequest) -> Iterator[tuple[Transport, Any]]:
    """A transport on a library client that is somebody else's."""
    if request.param == "httpx":
        with httpx.Client(headers={"X-Client": "1"}, cookies={"c": "1"}, auth=("u", "p")) as client:
            yield HttpxTransport(client=client), client
    elif request.param == "requests":
        with requests.Session() as session:
            session.headers["X-Client"], session.auth = "1", ("u", "p")
            session.cookies.set("c", "1")
            yield RequestsTransport(session=session), session
    else:
        with urllib3.PoolManager(headers={"X-Client": "1"}) as manager:
            yield Urllib3Transport(client=manager), Manager(manager)


@frozen
class Manager:
    """A `PoolManager`, called as the clients of the other libraries are."""

    manager: urllib3.PoolManager

    def get(self, url: str, timeout: float) -> Any:
        response = self.manager.request("GET", url, timeout=timeout)
        return SimpleNamespace(content=response.data, status_code=response.status)

    def post(self, url: str, data: dict[str, str], timeout: float) -> Any:
        response = self.manager.request("POST", url, body=urlencode(data), timeout=timeout)
        return SimpleNamespace(content=response.data, status_code=response.status)


@pytest.mark.parametrize(
    ("make", "name", "option"),
    [
        (httpx.Client, "httpx", "client"),
        (requests.Session, "requests", "session"),
        (urllib3.PoolManager, "urllib3", "client"),
    ],
)
def test_a_client_of_a_library_is_no_transport_but_goes_into_one(make: Any, name: str, option: str) -> None:
    library = make()
    with pytest.raises(ConfigurationError) as refused:
        Mesa(api_key="k", transport=library)
    assert str(refused.value) == (
        f"transport: expected a transport, got {name}'s own {make.__name__}; "
        f"pass transport='{name}' and transport_options={{'{option}': …}} with it"
    )
    with Mesa(api_key="k", transport=name, transport_options={option: library}) as mesa:
        assert isinstance(mesa.transport, Transport)


def test_an_async_client_of_a_library_is_no_transport_either() -> None:
    with pytest.raises(ConfigurationError, match="got httpx's own AsyncClient; pass transport='httpx' and"):
        AsyncMesa(api_key="k", transport=httpx.AsyncClient())


def test_ready_made_client_is_used_and_left_open(ready_made: Any, server: FaultServer) -> None:
    transport, client = ready_made
    client.get(server.url("/status/200"), timeout=5)
    transport.send(ask(server, "/echo", headers={"X-Own": "1"}))
    transport.close()
    assert client.get(server.url("/chunked"), timeout=5).content == b"hello, world"
    assert client.post(server.url("/mirror"), data={"a": "b"}, timeout=5).content == b"a=b"
    assert server.connections == 1
    assert failure(transport, ask(server, "/echo"), TransportError).sent is False


def test_owner_goes_on_using_the_client(ready_made: Any, server: FaultServer) -> None:
    transport, client = ready_made
    transport.send(ask(server, "/farewell"))
    server.wait_for_close()
    assert client.post(server.url("/mirror"), data={"a": "b"}, timeout=5).content == b"a=b"
    transport.send(ask(server, "/farewell"))
    server.wait_for_close()
    assert client.get(server.url("/status/404"), timeout=5).status_code == 404


def test_ready_made_client_adds_nothing(ready_made: Any, server: FaultServer) -> None:
    ready_made[0].send(ask(server, "/cookie", headers={"X-Own": "1"}))
    ready_made[0].send(ask(server, "/echo", headers={"X-Own": "1"}))
    names = {name.lower() for name, _ in server.received[1].fields}
    assert names - {"accept-encoding", "connection", "host"} == {"x-own"}


@pytest.mark.parametrize("path", ["/drip-fields", "/drip-body"])
def test_ready_made_client_heeds_the_deadline(ready_made: Any, server: FaultServer, path: str) -> None:
    late(ready_made[0], ask(server, path, timeout=TIMEOUT), RequestTimeout)


def test_client_that_its_owner_closed() -> None:
    with httpx.Client() as client:
        pass
    error = failure(HttpxTransport(client=client), Request("GET", "http://127.0.0.1/"), TransportError)
    assert (error.sent, str(error)) == (False, "GET: the transport is closed")


def test_httpx_client_without_a_pool() -> None:
    def slow() -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.02)
            yield b"x"

    class Mock(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/slow":
                return httpx.Response(200, content=slow())
            if request.url.path == "/":
                return httpx.Response(201, content=request.method.encode())
            raise {"/c": httpx.ConnectTimeout, "/r": httpx.ReadTimeout, "/e": KeyError}[request.url.path]("no")

    with httpx.Client(transport=Mock()) as client:
        transport = HttpxTransport(client=client)
        assert transport.send(Request("PATCH", "http://api.invalid/")).content == b"PATCH"
        late(transport, Request("GET", "http://api.invalid/slow", timeout=TIMEOUT), RequestTimeout)
        assert failure(transport, Request("GET", "http://api.invalid/c", timeout=9), ConnectError).sent is False
        assert failure(transport, Request("GET", "http://api.invalid/r", timeout=9), RequestTimeout).sent is True
        assert failure(transport, Request("GET", "http://api.invalid/e", timeout=9), ConnectionLost).sent is True


def test_session_with_an_adapter_of_another_kind() -> None:
    class Broken(BaseAdapter):
        def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
            raise {"/c": requests.ConnectTimeout, "/r": requests.ReadTimeout}[request.path_url]("no")

        def close(self) -> None:
            pass

    with requests.Session() as session:
        session.mount("http://", Broken())
        transport = RequestsTransport(session=session)
        assert failure(transport, Request("GET", "http://api.invalid/c", timeout=9), ConnectError).sent is False
        assert failure(transport, Request("GET", "http://api.invalid/r", timeout=9), RequestTimeout).sent is True


def test_session_through_a_proxy_of_its_own(server: FaultServer, tls_server: FaultServer, ca_file: str) -> None:
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(max_retries=0))
        session.proxies, session.verify = {"https": server.url()}, ca_file
        late(RequestsTransport(session=session), ask(tls_server, "/drip-body", timeout=TIMEOUT), RequestTimeout)
    assert server.received[0].method == "CONNECT"


def test_one_client_for_two_transports(server: FaultServer) -> None:
    with httpx.Client() as client:
        for transport in (HttpxTransport(client=client), HttpxTransport(client=client)):
            assert transport.send(ask(server, "/status/200")).status_code == 200


def test_ready_made_proxy_manager(server: FaultServer, tls_server: FaultServer, ca_file: str) -> None:
    with urllib3.ProxyManager(server.url(), ca_certs=ca_file) as manager:
        transport = Urllib3Transport(client=manager)
        for request in (Request("GET", "http://api.invalid/echo", timeout=5), ask(tls_server, "/echo")):
            assert transport.send(request).status_code == 200
    assert [seen.target for seen in server.received] == ["http://api.invalid/echo", f"127.0.0.1:{tls_server.port}"]


def test_options_beside_a_ready_made_client() -> None:
    with (
        httpx.Client() as client,
        pytest.raises(ConfigurationError, match=r"^verify, pool_size: .* on the client itself"),
    ):
        HttpxTransport(client=client, verify=False, pool_size=3)
    with requests.Session() as session, pytest.raises(ConfigurationError, match=r"^proxy: .* on the session itself"):
        RequestsTransport(session=session, proxy="http://x:1")


def test_client_of_another_library() -> None:
    with pytest.raises(ConfigurationError, match=r"client: expected an httpx.Client, got Session"):
        HttpxTransport(client=requests.Session())  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"session: expected a requests.Session, got int"):
        RequestsTransport(session=1)  # type: ignore[arg-type]
