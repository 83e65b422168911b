"""Transports behind a proxy, which an option or the environment names."""

from __future__ import annotations

import base64
import re
import socketserver
import threading
from collections.abc import Iterator

import httpx
import pytest
from failing import TIMEOUT, Make, failure, late, unused

from mesa_core.errors import ConnectError, RequestTimeout
from mesa_core.http import Request
from mesa_transports.httpx import HttpxTransport
from mesa_transports.testing import FaultServer, ask


def test_proxy_gets_plain_requests_whole(make: Make, server: FaultServer) -> None:
    transport = make(proxy=server.url().replace("http://", "http://user:pass@"))
    assert transport.send(Request("GET", "http://api.invalid/echo?x=1", timeout=5)).status_code == 200
    assert server.received[0].target == "http://api.invalid/echo?x=1"
    assert server.received[0].get_all("Proxy-Authorization") == ["Basic " + base64.b64encode(b"user:pass").decode()]


def test_proxy_gets_its_credentials_with_each_request_and_the_host_however_the_scheme_is_spelt(
    make: Make, server: FaultServer
) -> None:
    transport = make(proxy=server.url().replace("http://", "http://user:pass@"))
    for scheme in ("http", "http", "HTTP"):
        assert transport.send(Request("GET", f"{scheme}://api.invalid/echo", timeout=5)).status_code == 200
    assert [each.get_all("Host") for each in server.received] == [["api.invalid"]] * 3
    assert len({each.get_all("Proxy-Authorization")[0] for each in server.received}) == 1


def test_proxy_tunnels_tls(make: Make, server: FaultServer, tls_server: FaultServer, ca_file: str) -> None:
    transport = make(proxy=server.url(), verify=ca_file)
    for _ in range(2):
        assert transport.send(ask(tls_server, "/status/200", headers={"Authorization": "Bearer k"})).status_code == 200
    assert [(seen.method, seen.get_all("Authorization")) for seen in server.received] == [("CONNECT", [])]
    assert tls_server.received[0].get_all("Authorization") == ["Bearer k"]


def test_timeout_bounds_what_comes_through_a_tunnel(
    make: Make, server: FaultServer, tls_server: FaultServer, ca_file: str
) -> None:
    transport = make(proxy=server.url(), verify=ca_file)
    late(transport, ask(tls_server, "/drip-body", timeout=TIMEOUT), RequestTimeout)


def test_proxy_that_is_not_there(make: Make, server: FaultServer) -> None:
    for url in (server.url("/echo"), "https://api.invalid/"):
        error = failure(make(proxy=f"http://user:s3cret@{unused()}"), Request("GET", url, timeout=5), ConnectError)
        assert error.sent is False
        assert re.search(r"no connection through the proxy 127\.0\.0\.1:\d+ \(.*[Rr]efused", str(error))
        assert "s3cret" not in str(error)


def test_proxy_that_cannot_reach_the_server(make: Make, server: FaultServer) -> None:
    request = Request("POST", f"https://{unused()}/", content=b"x", timeout=5)
    assert failure(make(proxy=server.url()), request, ConnectError).sent is False


@pytest.fixture
def refusing() -> Iterator[str]:
    """The address of a proxy that wants to know who asks."""

    class Refusing(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline() not in {b"\r\n", b""}:
                pass
            self.wfile.write(b"HTTP/1.1 407 Who are you, s3cret?\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("source", ["option", "environment"])
def test_proxy_that_refuses_is_named_with_its_status(
    make: Make, refusing: str, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    proxy = f"http://user:s3cret@{refusing}"
    if source == "environment":
        monkeypatch.setenv("HTTPS_PROXY", proxy)
    transport = make(**({"proxy": proxy} if source == "option" else {}))
    for _ in range(2):
        error = failure(transport, Request("GET", "https://api.invalid/", timeout=5), ConnectError)
        assert error.sent is False
        assert str(error) == f"GET https://api.invalid/: no connection through the proxy {refusing} (it answered 407)"


def test_no_proxy_is_named_where_none_is_asked(make: Make, refusing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{refusing}")
    assert "proxy" not in str(failure(make(), Request("GET", f"https://{unused()}/", timeout=5), ConnectError))


def test_proxy_that_is_silent(make: Make, silent: str) -> None:
    late(make(proxy=f"http://{silent}"), Request("GET", "https://api.invalid/", timeout=TIMEOUT), ConnectError)


def test_environment_names_the_proxy(make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url())
    make().send(Request("GET", "http://api.invalid/echo", timeout=5))
    assert server.received[0].target == "http://api.invalid/echo"


def test_environment_names_what_needs_no_proxy(
    make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url())
    monkeypatch.setenv("NO_PROXY", "api.invalid")
    assert failure(make(), Request("GET", "http://api.invalid/echo", timeout=5), ConnectError).sent is False
    assert server.received == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_needs_no_proxy_of_the_environment(
    make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Plain http is allowed to this machine because nobody else sees it; a proxy would see the key."""
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{unused()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert make().send(Request("GET", f"http://{host}:{server.port}/echo", timeout=5)).status_code == 200
    assert server.received[0].target == "/echo"


@pytest.mark.parametrize("proxy", [None, "http://proxy.invalid"])
def test_only_where_the_environment_names_one_is_each_url_held_against_those_of_this_machine(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, proxy: str | None
) -> None:
    if proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
    matched: list[object] = []
    matches = httpx._utils.URLPattern.matches
    monkeypatch.setattr("httpx._utils.URLPattern.matches", lambda *given: matched.append(given) or matches(*given))
    with HttpxTransport() as transport:
        assert transport.send(ask(server, "/status/200")).status_code == 200
    assert bool(matched) is bool(proxy)


def test_proxy_option_has_precedence(make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{unused()}")
    monkeypatch.setenv("NO_PROXY", "api.invalid")
    assert make(proxy=server.url()).send(Request("GET", "http://api.invalid/echo", timeout=5)).status_code == 200
