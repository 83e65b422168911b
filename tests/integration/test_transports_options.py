"""What the two HTTP transports do with their options, the environment and a ready-made client."""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import socket
import ssl
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx
import pluggy
import pytest
import requests
import trustme
import urllib3
from anyio.from_thread import BlockingPortal, start_blocking_portal
from attrs import frozen
from requests.adapters import BaseAdapter, HTTPAdapter

from mesa_core.errors import ConfigurationError, ConnectError, ConnectionLost, RequestTimeout, TransportError
from mesa_core.http import Request, Response
from mesa_core.transport import AsyncTransport, Transport, TwoWorlds
from mesa_transports.aiohttp import AiohttpTransport
from mesa_transports.httpx import AsyncHttpxTransport, HttpxTransport
from mesa_transports.httpx2 import AsyncHttpx2Transport, Httpx2Transport
from mesa_transports.local import LocalTransport
from mesa_transports.recorded import AsyncRecordedTransport, RecordedTransport
from mesa_transports.requests import RequestsTransport
from mesa_transports.testing import FaultServer, ask
from mesa_transports.urllib3 import Urllib3Transport

Make = Callable[..., Transport]
E = TypeVar("E", bound=TransportError)
TIMEOUT = 0.25
LATEST = 1.2 * TIMEOUT + 0.6


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


def unused() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def failure(transport: Transport, request: Request, kind: type[E]) -> E:
    with pytest.raises(kind) as caught:
        transport.send(request)
    return caught.value


def late(transport: Transport, request: Request, kind: type[TransportError]) -> None:
    began = time.monotonic()
    error = failure(transport, request, kind)
    assert time.monotonic() - began < LATEST
    assert error.sent is (kind is RequestTimeout)


# Proxies


def test_proxy_gets_plain_requests_whole(make: Make, server: FaultServer) -> None:
    transport = make(proxy=server.url().replace("http://", "http://user:pass@"))
    assert transport.send(Request("GET", "http://api.invalid/echo?x=1", timeout=5)).status_code == 200
    assert server.received[0].target == "http://api.invalid/echo?x=1"
    assert server.received[0].get_all("Proxy-Authorization") == ["Basic " + base64.b64encode(b"user:pass").decode()]


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
        assert "s3cret" not in str(error)


def test_proxy_that_cannot_reach_the_server(make: Make, server: FaultServer) -> None:
    request = Request("POST", f"https://{unused()}/", content=b"x", timeout=5)
    assert failure(make(proxy=server.url()), request, ConnectError).sent is False


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


def test_proxy_option_has_precedence(make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{unused()}")
    monkeypatch.setenv("NO_PROXY", "api.invalid")
    assert make(proxy=server.url()).send(Request("GET", "http://api.invalid/echo", timeout=5)).status_code == 200


def test_url_without_a_path(make: Make, server: FaultServer) -> None:
    make().send(Request("GET", server.url("?a=1#part"), timeout=5))
    assert server.received[0].target == "/?a=1"


def test_no_time_at_all(make: Make, server: FaultServer) -> None:
    assert failure(make(), ask(server, "/echo", timeout=0), ConnectError).sent is False
    assert server.received == []


def test_ready_made_proxy_manager(server: FaultServer, tls_server: FaultServer, ca_file: str) -> None:
    with urllib3.ProxyManager(server.url(), ca_certs=ca_file) as manager:
        transport = Urllib3Transport(client=manager)
        for request in (Request("GET", "http://api.invalid/echo", timeout=5), ask(tls_server, "/echo")):
            assert transport.send(request).status_code == 200
    assert [seen.target for seen in server.received] == ["http://api.invalid/echo", f"127.0.0.1:{tls_server.port}"]


# TLS


def test_verify_with_a_ca_file(
    make: Make, tls_server: FaultServer, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")  # the option has precedence
    assert make(verify=ca_file).send(ask(tls_server, "/all-bytes")).content == bytes(range(256))


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_verify_false_trusts_anyone(make: Make, tls_server: FaultServer) -> None:
    assert make(verify=False).send(ask(tls_server, "/status/200")).status_code == 200


def test_unknown_certificate_is_refused(make: Make, tls_server: FaultServer, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    for options in ({}, {"verify": str(other)}):
        error = failure(make(**options), ask(tls_server, "/echo"), ConnectError)
        assert error.sent is False
        assert "SSLCertVerificationError" in str(error)
    assert tls_server.received == []


@pytest.mark.parametrize("pair", [True, False], ids=["pair", "one file"])
def test_client_certificate(make: Make, authority: trustme.CA, ca_file: str, tmp_path: Path, pair: object) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    client = authority.issue_cert("client.example")
    whole, chain, key = (str(tmp_path / name) for name in ("whole.pem", "chain.pem", "key.pem"))
    client.private_key_and_cert_chain_pem.write_to_path(whole)
    client.cert_chain_pems[0].write_to_path(chain)
    client.private_key_pem.write_to_path(key)
    with FaultServer(context) as server:
        transport = make(verify=ca_file, cert=(chain, key) if pair else whole)
        assert transport.send(ask(server, "/status/200")).status_code == 200
        failure(make(verify=ca_file), ask(server, "/status/200"), TransportError)
        assert len(server.received) == 1


@pytest.mark.parametrize("path", ["/stall", "/drip-fields", "/drip-body"])
def test_timeout_bounds_tls(make: Make, tls_server: FaultServer, ca_file: str, path: str) -> None:
    late(make(verify=ca_file), ask(tls_server, path, timeout=TIMEOUT), RequestTimeout)


def test_timeout_bounds_sending_over_tls(make: Make, tls_server: FaultServer, ca_file: str) -> None:
    request = ask(tls_server, "/deaf", method="PUT", content=b"x" * (32 * 1024 * 1024), timeout=TIMEOUT)
    late(make(verify=ca_file), request, RequestTimeout)


def test_timeout_bounds_the_handshake(make: Make, silent: str) -> None:
    late(make(), Request("GET", f"https://{silent}/", timeout=TIMEOUT), ConnectError)


# The pool


def test_host_with_several_addresses(make: Make, server: FaultServer) -> None:
    assert make().send(Request("GET", f"http://localhost:{server.port}/status/200", timeout=5)).status_code == 200


def test_waiting_for_a_connection_counts(make: Make, server: FaultServer) -> None:
    transport = make(pool_size=1)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(transport.send, ask(server, "/stall", timeout=2 * TIMEOUT))
        while not server.received:
            time.sleep(0.001)
        late(transport, ask(server, "/echo", timeout=TIMEOUT / 2), ConnectError)
        assert isinstance(first.exception(), RequestTimeout)
    assert [seen.target for seen in server.received] == ["/stall"]


def test_pool_size_is_the_most_connections(make: Make, server: FaultServer) -> None:
    transport = make(pool_size=2)
    with ThreadPoolExecutor(16) as threads:
        responses = list(threads.map(transport.send, [ask(server, "/status/200") for _ in range(400)]))
    assert {response.status_code for response in responses} == {200}
    assert server.connections <= 2


# A ready-made client


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


# What must not come in, and not go out


def test_netrc_is_not_read(make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(netrc))
    make().send(ask(server, "/echo", headers={"Authorization": "Bearer k"}))
    make().send(ask(server, "/echo"))
    assert [seen.get_all("Authorization") for seen in server.received] == [["Bearer k"], []]


def test_names_of_header_fields_keep_their_spelling(make: Make, server: FaultServer) -> None:
    response = make().send(ask(server, "/fields", headers={"x-LoWer": "1"}))
    assert ("x-LoWer", "1") in server.received[0].fields
    assert list(response.headers) == ["Set-Cookie", "x-request-id", "X-Empty", "X-Latin", "Content-Length"]


def test_content_length_is_counted(make: Make, server: FaultServer) -> None:
    make().send(ask(server, "/mirror", method="PUT", headers={"Content-Length": "9"}, content=b"three"))
    assert server.received[0].get_all("Content-Length") == ["5"]


def test_url_is_not_logged(make: Make, server: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        make().send(ask(server, "/echo?X-Amz-Signature=s3cret"))
    assert caplog.messages == []


@pytest.mark.parametrize("url", ["http://[half/?signature=s3cret", "http://127.0.0.1:99999/?signature=s3cret"])
def test_message_about_an_invalid_url_shows_no_secret(make: Make, url: str) -> None:
    error = failure(make(), Request("GET", url, timeout=5), TransportError)
    assert error.sent is False
    assert "s3cret" not in "".join(traceback.format_exception(error))


def test_cause_is_the_systems_error_without_frames_or_nothing(make: Make, server: FaultServer) -> None:
    error = failure(make(), ask(server, "/reset"), ConnectionLost)
    assert (type(error.__cause__), error.__context__) == (ConnectionResetError, None)
    assert error.__cause__ is not None
    assert error.__cause__.__traceback__ is None
    assert str(error) == "GET " + server.url("/reset") + (
        ": connection lost before the response was whole (ConnectionResetError: Connection reset by peer)"
    )
    error = failure(make(), ask(server, "/garbage"), ConnectionLost)
    assert (error.__cause__, error.__context__) == (None, None)


# Options


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"proxy": 8080}, "proxy: expected a URL, got int"),
    (
        {"proxy": "proxy.example:3128"},
        "proxy: expected a URL such as http://proxy.example:3128, got 'proxy.example:3128'",
    ),
    ({"proxy": "socks5://x:1"}, "proxy: expected a URL such as http://proxy.example:3128, got 'socks5://x:1'"),
    ({"proxy": "http://x:port"}, "proxy: expected a URL such as http://proxy.example:3128, got 'http://x:port'"),
    ({"proxy": "me:s3cret@host"}, "proxy: expected a URL such as http://proxy.example:3128, got '***'"),
    ({"verify": 1}, "verify: expected True, False or the path of a file of CA certificates, got int"),
    ({"verify": "/no/ca.pem"}, "verify: expected a readable file of CA certificates in PEM form, got '/no/ca.pem'"),
    ({"verify": __file__}, f"verify: expected a readable file of CA certificates in PEM form, got {__file__!r}"),
    ({"cert": 1}, "cert: expected the path of a certificate or a pair of paths, certificate and key, got int"),
    ({"cert": ("a",)}, "cert: expected the path of a certificate or a pair of paths, certificate and key, got tuple"),
    ({"cert": "/no/c.pem"}, "cert: expected a readable certificate and its key in PEM form, got '/no/c.pem'"),
    ({"pool_size": 0}, "pool_size: expected a whole number of at least 1, got 0"),
    ({"pool_size": True}, "pool_size: expected a whole number of at least 1, got True"),
    ({"pool_size": "4"}, "pool_size: expected a whole number of at least 1, got '4'"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_wrong_option(make: Make, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(**options)
    assert str(caught.value) == message


def test_unknown_option_is_no_argument(make: Make) -> None:
    with pytest.raises(TypeError):
        make(poolsize=1)


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


# Discovery


def test_modules_are_plugins() -> None:
    from mesa_core.hookspecs import Plugin

    manager = pluggy.PluginManager("mesa")
    manager.add_hookspecs(Plugin)
    for entry_point in entry_points(group="mesa"):
        if entry_point.module.startswith("mesa_transports."):
            manager.register(entry_point.load())
    offered: dict[str, object] = {}
    for transports in manager.hook.provide_transports():
        offered |= transports
    assert offered == {
        "aiohttp": AiohttpTransport,
        "httpx": TwoWorlds(HttpxTransport, AsyncHttpxTransport),
        "httpx2": TwoWorlds(Httpx2Transport, AsyncHttpx2Transport),
        "local": LocalTransport,
        "recorded": TwoWorlds(RecordedTransport, AsyncRecordedTransport),
        "requests": RequestsTransport,
        "urllib3": Urllib3Transport,
    }


@pytest.mark.parametrize(("module", "unwanted"), [("", "httpx"), (".httpx", "requests"), (".requests", "httpx")])
def test_a_library_is_imported_only_by_its_transport(module: str, unwanted: str) -> None:
    code = f"import sys, mesa_transports{module}; sys.exit({unwanted!r} in sys.modules or 'pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
