"""Transports behind a SOCKS proxy, which an option or the environment names."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import unquote

import pytest
import requests
import urllib3
from failing import TIMEOUT, Make, failure, late, unused
from socks_server import SocksServer
from urllib3.connection import HTTPConnection
from urllib3.contrib.socks import SOCKSProxyManager

from mesa_core.errors import ConfigurationError, ConnectError, ConnectionLost, RequestTimeout, TransportError
from mesa_core.http import Request
from mesa_core.transport import Transport
from mesa_transports._urllib3 import _Bounded, bounded_connection
from mesa_transports.aiohttp import AiohttpTransport
from mesa_transports.requests import RequestsTransport
from mesa_transports.testing import FaultServer
from mesa_transports.urllib3 import Urllib3Transport

PACKAGES = {"httpx": "socksio", "httpx2": "socksio", "requests": "PySocks", "urllib3": "PySocks"}
MODULES = {"socksio": "socksio", "PySocks": "socks"}


by_those_that_speak_it = pytest.mark.parametrize(
    "make", ["httpx", "httpx2", "httpx-asyncio", "httpx-trio", "requests", "urllib3"], indirect=True
)


@pytest.fixture
def serve() -> Iterator[Callable[..., SocksServer]]:
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(SocksServer(*args, **options))


def get(url: str, timeout: float = 5.0) -> Request:
    return Request("GET", url, {"Authorization": "Bearer k"}, timeout=timeout)


@by_those_that_speak_it
def test_every_request_goes_through_it(make: Make, server: FaultServer, serve: Callable[..., SocksServer]) -> None:
    socks = serve(server.port)
    transport = make(proxy=socks.url())
    for _ in range(2):
        assert transport.send(get("http://api.invalid/echo?x=1")).status_code == 200
    assert socks.asked == [("api.invalid", 80)]  # the host's name is the proxy's to look up; the connection is kept
    assert [each.target for each in server.received] == ["/echo?x=1", "/echo?x=1"]


@by_those_that_speak_it
def test_tls_is_spoken_with_the_server(
    make: Make, tls_server: FaultServer, ca_file: str, serve: Callable[..., SocksServer]
) -> None:
    socks = serve(tls_server.port)
    assert make(proxy=socks.url(), verify=ca_file).send(get("https://localhost:8443/echo")).status_code == 200
    assert (socks.asked, len(tls_server.received)) == ([("localhost", 8443)], 1)


@by_those_that_speak_it
@pytest.mark.parametrize("name", ["ALL_PROXY", "HTTP_PROXY", "all_proxy"])
def test_environment_names_it(
    make: Make, server: FaultServer, serve: Callable[..., SocksServer], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    socks = serve(server.port)
    monkeypatch.setenv(name, socks.url())
    transport = make()
    assert transport.send(get("http://api.invalid/echo")).status_code == 200
    assert socks.asked == [("api.invalid", 80)]
    assert transport.send(get(server.url("/echo"))).status_code == 200  # which is this machine
    assert len(socks.asked) == 1


@by_those_that_speak_it
def test_it_may_ask_for_a_password(make: Make, server: FaultServer, serve: Callable[..., SocksServer]) -> None:
    socks = serve(server.port, password="user:s3cret")
    assert make(proxy=socks.url()).send(get("http://api.invalid/echo")).status_code == 200
    error = failure(make(proxy=socks.url().replace("s3cret", "wr0ng")), get("http://api.invalid/"), ConnectError)
    assert error.sent is False
    assert "wr0ng" not in str(error)
    assert len(socks.asked) == 1


@by_those_that_speak_it
def test_it_stalls(make: Make, server: FaultServer, serve: Callable[..., SocksServer]) -> None:
    late(make(proxy=serve(server.port, stalls=True).url()), get("http://api.invalid/", TIMEOUT), ConnectError)


@pytest.mark.parametrize("make", ["requests", "urllib3"], indirect=True)  # httpcore takes but whole answers
def test_it_drips(make: Make, server: FaultServer, serve: Callable[..., SocksServer]) -> None:
    slow = serve(server.port, drips=TIMEOUT * 0.8)
    late(make(proxy=slow.url()), get("http://api.invalid/", TIMEOUT), ConnectError)
    assert make(proxy=serve(server.port, drips=0.001).url()).send(get("http://api.invalid/echo")).status_code == 200


@by_those_that_speak_it
def test_it_is_not_there(make: Make) -> None:
    error = failure(make(proxy=f"socks5://user:s3cret@{unused()}"), get("http://api.invalid/"), ConnectError)
    assert error.sent is False
    assert "timeout" not in str(error)
    assert "s3cret" not in str(error)


@by_those_that_speak_it
@pytest.mark.parametrize("password", ["p%40ss", "p%C3%A4ss", "%25", "a:b"])
def test_its_password_may_hold_any_character(
    make: Make, server: FaultServer, serve: Callable[..., SocksServer], password: str
) -> None:
    socks = serve(server.port, password=f"user:{unquote(password)}")
    transport = make(proxy=socks.url().replace(unquote(password), password))
    assert transport.send(get("http://api.invalid/echo")).status_code == 200


def test_environment_that_wants_no_proxy_at_all(
    make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://proxy.invalid:70")
    monkeypatch.setenv("NO_PROXY", " *")
    assert make().send(get(server.url("/echo"))).status_code == 200


def test_what_stands_for_a_scheme_may_be_a_password(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "bob:hunter2://x@proxy.invalid:3128")
    with pytest.raises(TransportError, match="got one of no scheme") as caught:
        make().send(get("http://api.invalid/"))
    assert "hunter2" not in str(caught.value)


@by_those_that_speak_it
def test_timeout_bounds_what_comes_through_it(
    make: Make, server: FaultServer, serve: Callable[..., SocksServer]
) -> None:
    from mesa_core.errors import RequestTimeout

    late(make(proxy=serve(server.port).url()), get("http://api.invalid/drip-body", TIMEOUT), RequestTimeout)


@by_those_that_speak_it
@pytest.mark.parametrize("named", ["by an option", "by the environment"])
def test_package_that_is_missing_is_named(
    request: pytest.FixtureRequest, make: Make, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    kind = request.node.callspec.params["make"].partition("-")[0]
    package = PACKAGES[kind]
    monkeypatch.setitem(sys.modules, MODULES[package], None)
    words = rf"a SOCKS proxy needs {package}, which is not installed: pip install 'mesa-sdk\[socks\]'"
    if named == "by an option":
        with pytest.raises(ConfigurationError, match=f"proxy: {words}"):
            make(proxy="socks5://127.0.0.1:1080")
        return
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(TransportError, match=f"cannot be sent .the environment's proxy: {words}") as caught:
        make().send(get("http://api.invalid/"))
    assert caught.value.sent is False
    assert not isinstance(caught.value, ConnectError | ConnectionLost)


@by_those_that_speak_it
def test_scheme_that_nobody_make(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://proxy.invalid:70")
    with pytest.raises(TransportError, match="got one of the scheme 'gopher'") as caught:
        make().send(get("http://api.invalid/"))
    assert caught.value.sent is False


def test_aiohttp_does_not_speak_http_to_it(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:

    with pytest.raises(
        ConfigurationError, match="proxy: expected a proxy of http, https, got one of the scheme 'socks5'"
    ):
        AiohttpTransport(proxy="socks5://127.0.0.1:1080")

    async def main() -> None:
        async with AiohttpTransport() as transport:
            with pytest.raises(TransportError, match="the environment's proxy: expected a proxy of http") as caught:
                await transport.asend(get("http://api.invalid/"))
            assert caught.value.sent is False

    monkeypatch.setenv("ALL_PROXY", server.url().replace("http", "socks5"))
    asyncio.run(main())
    assert server.connections == 0


def ready_made_manager(url: str) -> Transport:
    return Urllib3Transport(client=SOCKSProxyManager(url))


def ready_made_session(url: str) -> Transport:
    session = requests.Session()
    session.proxies = {"http": url}
    return RequestsTransport(session=session)


@pytest.mark.parametrize("ready_made", [ready_made_manager, ready_made_session])
def test_ready_made_client_has_its_own(
    ready_made: Callable[[str], Transport], server: FaultServer, serve: Callable[..., SocksServer]
) -> None:
    socks = serve(server.port)
    transport = ready_made(socks.url())
    assert transport.send(get("http://api.invalid/echo")).status_code == 200
    assert socks.asked == [("api.invalid", 80)]
    late(transport, get("http://api.invalid/drip-body", TIMEOUT), RequestTimeout)
    transport.close()


def test_connection_of_an_owner_s_own_kind_stays_what_it_is(server: FaultServer) -> None:
    class Elsewhere(HTTPConnection):
        """Connects to the fault server, whatever it is asked for, as one to a socket of Unix would."""

        def _new_conn(self) -> object:  # type: ignore[override]
            self._dns_host, self.port = "127.0.0.1", server.port
            return super()._new_conn()

    manager = urllib3.PoolManager()
    manager.connection_from_url("http://api.invalid").ConnectionCls = Elsewhere  # type: ignore[assignment]
    with Urllib3Transport(client=manager) as transport:
        assert transport.send(get("http://api.invalid/echo")).status_code == 200
        late(transport, get("http://api.invalid/drip-body", TIMEOUT), RequestTimeout)
    manager.clear()


def test_connection_of_an_owner_s_own_kind_that_fails_is_not_called_late() -> None:
    class Nowhere(HTTPConnection):
        """Fails as urllib3 does, whose word for it is one for a timeout too."""

        def _new_conn(self) -> object:  # type: ignore[override]
            self._dns_host, self.port = "127.0.0.1", int(unused().partition(":")[2])
            return super()._new_conn()

    manager = urllib3.PoolManager()
    manager.connection_from_url("http://api.invalid").ConnectionCls = Nowhere  # type: ignore[assignment]
    with Urllib3Transport(client=manager) as transport:
        error = failure(transport, get("http://api.invalid/echo"), ConnectError)
    assert "Refused" in str(error)
    assert "timeout" not in str(error)
    manager.clear()


def test_connection_that_only_looks_different_shares_the_time_among_a_hosts_addresses() -> None:
    class Labelled(HTTPConnection):
        """Connects as urllib3 does, which is what a transport does otherwise."""

    assert bounded_connection(Labelled)._new_conn is _Bounded._new_conn
    assert bounded_connection(bounded_connection(Labelled)) is bounded_connection(Labelled)
