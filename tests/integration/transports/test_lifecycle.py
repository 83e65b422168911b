"""Transports in real programs: cancelled a thousand times, forgotten, pickled, forked, used by many event loops."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import pickle
import random
import signal
import ssl
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import httpx
import pytest
import requests
import trustme
import urllib3

from mesa_core.errors import ConfigurationError, RequestTimeout, TransportError
from mesa_core.http import Request
from mesa_core.transport import AsyncTransport, Transport
from mesa_transports.aiohttp import AiohttpTransport
from mesa_transports.httpx import AsyncHttpxTransport, HttpxTransport
from mesa_transports.httpx2 import AsyncHttpx2Transport, Httpx2Transport
from mesa_transports.requests import RequestsTransport
from mesa_transports.testing import FaultServer, ask
from mesa_transports.urllib3 import Urllib3Transport

BLOCKING = (HttpxTransport, Httpx2Transport, RequestsTransport, Urllib3Transport)
ASYNC = (AsyncHttpxTransport, AsyncHttpx2Transport, AiohttpTransport)
ROOT = Path(__file__).parents[3]
POOL = 8

each_blocking = pytest.mark.parametrize("kind", BLOCKING)
each_async = pytest.mark.parametrize("kind", ASYNC)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():  # noqa: ASYNC110 - no event tells of it
            await anyio.sleep(0.005)


# Cancellation


@pytest.mark.slow
@each_async
def test_a_thousand_cancellations_leave_the_pool_whole(kind: type[Any], server: FaultServer) -> None:
    chance = random.Random(11)

    async def main() -> None:
        async with kind(pool_size=POOL) as transport:
            for _ in range(1000 // 20):
                calls = [asyncio.create_task(transport.asend(ask(server, "/gzip"))) for _ in range(20)]
                for call in calls:  # by asyncio itself, from which nothing shields
                    asyncio.get_running_loop().call_later(chance.uniform(0, 0.01), call.cancel)
                done = await asyncio.gather(*calls, return_exceptions=True)
                assert {type(each).__name__ for each in done} <= {"CancelledError", "Response"}
            await until(lambda: server.connections - server._ended <= POOL)
            calls = [asyncio.create_task(transport.asend(ask(server, "/stall"))) for _ in range(POOL)]
            await until(lambda: sum(seen.target == "/stall" for seen in server.received) == POOL)
            with pytest.raises(TransportError, match="no connection") as caught:
                await transport.asend(ask(server, "/empty", timeout=0.05))
            assert caught.value.sent is False
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)
            assert (await transport.asend(ask(server, "/status/200"))).status_code == 200

    asyncio.run(main())


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
@pytest.mark.parametrize("kind", [AsyncHttpxTransport, AsyncHttpx2Transport])
def test_cancellation_of_a_tls_handshake_closes_the_connection(kind: type[Any], loop: str) -> None:
    async def main() -> None:
        async with kind() as transport, await anyio.create_tcp_listener(local_host="127.0.0.1") as listeners:
            port = listeners.extra(anyio.abc.SocketAttribute.local_port)
            begun, ended = anyio.Event(), anyio.Event()

            async def silent(stream: anyio.abc.SocketStream) -> None:
                async with stream:
                    with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                        while await stream.receive():
                            begun.set()
                ended.set()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(listeners.serve, silent)
                async with anyio.create_task_group() as asking:
                    asking.start_soon(transport.asend, Request("GET", f"https://127.0.0.1:{port}/"))
                    with anyio.fail_after(20):
                        await begun.wait()
                    asking.cancel_scope.cancel()
                with anyio.fail_after(20):
                    await ended.wait()
                tasks.cancel_scope.cancel()

    anyio.run(main, backend=loop)


# Event loops


@each_async
def test_aclose_reaches_the_pools_of_other_loops(kind: type[Any], server: FaultServer) -> None:
    transport = kind()
    used, close = threading.Event(), threading.Event()

    async def other() -> None:
        await transport.asend(ask(server, "/empty"))
        used.set()
        await asyncio.to_thread(close.wait)
        await until(lambda: server.connections == server._ended)

    async def main() -> None:
        await transport.asend(ask(server, "/empty"))
        await asyncio.to_thread(used.wait)
        await transport.aclose()
        await transport.aclose()
        close.set()
        with pytest.raises(TransportError, match="closed"):
            await transport.asend(ask(server, "/empty"))

    thread = threading.Thread(target=asyncio.run, args=(other(),))
    thread.start()
    asyncio.run(main())
    thread.join()
    assert server.connections == 2


@pytest.mark.parametrize("kind", [AsyncHttpxTransport, AsyncHttpx2Transport])
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # asyncio's own, of sockets that outlived their loop
def test_loop_that_ends_without_closing_its_generators(kind: type[Any], server: FaultServer) -> None:
    transport = kind()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(transport.asend(ask(server, "/empty")))
    loop.close()
    assert asyncio.run(transport.asend(ask(server, "/status/200"))).status_code == 200
    gc.collect()
    server.wait_until_open(0)
    asyncio.run(transport.aclose())


def test_aiohttp_says_that_it_needs_asyncio(server: FaultServer) -> None:
    import trio

    transport = AiohttpTransport()
    with pytest.raises(TransportError, match="needs asyncio, and trio is running: choose 'httpx'") as caught:
        trio.run(transport.asend, ask(server, "/empty"))
    assert caught.value.sent is False


# Forgotten


def the_only(caught: list[warnings.WarningMessage]) -> str:
    (warning,) = caught
    assert warning.category is ResourceWarning
    return str(warning.message)


@each_blocking
def test_forgotten_transport_warns_and_lets_go(kind: type[Any], server: FaultServer) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        transport = kind()
        transport.send(ask(server, "/empty"))
        del transport
        gc.collect()
    assert the_only(caught) == f"{kind.__name__} was never closed"
    server.wait_until_open(0)


@each_async
@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_forgotten_async_transport_warns_and_lets_go(kind: type[Any], loop: str, server: FaultServer) -> None:
    if kind is AiohttpTransport and loop == "trio":
        return

    async def main() -> None:
        transport = kind()
        await transport.asend(ask(server, "/empty"))
        del transport
        gc.collect()
        await until(lambda: server.connections == server._ended)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        anyio.run(main, backend=loop)
    assert the_only(caught) == f"{kind.__name__} was never closed"


@pytest.mark.parametrize("kind", [*BLOCKING, *ASYNC])
def test_transport_that_connected_to_nothing_is_forgotten_in_silence(kind: type[Any]) -> None:
    kind()
    with pytest.raises(ConfigurationError):
        kind(pool_size=0)
    gc.collect()


# Pickling


@each_blocking
def test_transport_pickles_as_its_options(kind: type[Any], server: FaultServer) -> None:
    with kind(proxy=server.url(), verify=False, pool_size=3) as transport:
        request = Request("GET", "http://api.invalid/echo", timeout=5)
        transport.send(request)
        copy = pickle.loads(pickle.dumps(transport))
        assert type(copy) is kind
        with copy:
            assert copy.send(request).status_code == 200
        assert (transport._options, server.connections) == (copy._options, 2)


@each_async
def test_async_transport_pickles_as_its_options(kind: type[Any], server: FaultServer) -> None:
    async def main() -> None:
        async with kind(pool_size=3) as transport:
            await transport.asend(ask(server, "/empty"))
            async with pickle.loads(pickle.dumps(transport)) as copy:
                assert type(copy) is kind
                assert copy._options == transport._options
                await copy.asend(ask(server, "/empty"))

    asyncio.run(main())
    assert server.connections == 2


def test_ready_made_client_does_not_pickle() -> None:
    with httpx.Client() as client, requests.Session() as session, urllib3.PoolManager() as manager:
        for transport in (
            HttpxTransport(client=client),
            RequestsTransport(session=session),
            Urllib3Transport(client=manager),
        ):
            with pytest.raises(TypeError, match=f"this {type(transport).__name__} was made with a client of your own"):
                pickle.dumps(transport)


# Forks


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[FaultServer, str]]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with FaultServer(context) as server:
        yield server, str(tmp_path / "ca.pem")


def in_child(work: Callable[[], None]) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(20)
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@each_blocking
def test_child_closes_without_ending_the_parents_tls(kind: type[Any], tls: tuple[FaultServer, str]) -> None:
    server, ca = tls
    with kind(verify=ca) as transport:
        transport.send(ask(server, "/empty"))

        def child() -> None:
            transport.close()
            gc.collect()

        assert in_child(child) == 0
        assert transport.send(ask(server, "/status/200")).status_code == 200
        assert server.connections == 1


@each_async
def test_child_of_a_running_loop_goes_on_in_its_own(kind: type[Any], tls: tuple[FaultServer, str]) -> None:
    server, ca = tls

    async def main() -> None:
        async with kind(verify=ca) as transport:
            await transport.asend(ask(server, "/empty"))
            assert in_child(lambda: asyncio.run(child(transport))) == 0
            await transport.asend(ask(server, "/empty"))

    async def child(transport: AsyncTransport) -> None:
        await transport.asend(ask(server, "/empty"))
        await transport.aclose()

    asyncio.run(main())
    assert server.connections == 2


def test_child_uses_a_ready_made_client_on_connections_of_its_own(server: FaultServer) -> None:
    with httpx.Client() as client:
        transport = HttpxTransport(client=client)
        transport.send(ask(server, "/empty"))
        assert in_child(lambda: check(transport, ask(server, "/status/200"))) == 0
        check(transport, ask(server, "/status/200"))
    assert server.connections == 2


def check(transport: Transport, request: Request) -> None:
    assert transport.send(request).status_code == 200


# Ready-made asynchronous clients


def test_ready_made_async_client_is_used_and_left_open(server: FaultServer) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(headers={"X-Client": "1"}) as client:
            transport = AsyncHttpxTransport(client=client)
            response = await transport.asend(ask(server, "/mirror", method="POST", content=b"x"))
            assert response.content == b"x"
            with pytest.raises(RequestTimeout):
                await transport.asend(ask(server, "/drip-body", timeout=0.2))
            await transport.aclose()
            assert (await client.get(server.url("/status/200"))).status_code == 200
            other = AsyncHttpxTransport(client=client)
        with pytest.raises(TransportError, match="closed"):
            await other.asend(ask(server, "/empty"))

    asyncio.run(main())
    assert {name.lower() for name, _ in server.received[0].fields} == {"host", "accept-encoding", "content-length"}


def test_async_client_of_another_transport() -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/late":
            raise httpx.ReadTimeout("late")
        return httpx.Response(201, content=request.method.encode())

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            transport = AsyncHttpxTransport(client=client)
            assert (await transport.asend(Request("PATCH", "http://api.invalid/"))).content == b"PATCH"
            with pytest.raises(RequestTimeout) as caught:
                await transport.asend(Request("GET", "http://api.invalid/late"))
            assert caught.value.sent is True

    asyncio.run(main())


def test_ready_made_aiohttp_session_lends_its_connector(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))

    async def main() -> None:
        async with aiohttp.ClientSession(headers={"X-Client": "1"}, trust_env=True) as session:
            transport = AiohttpTransport(client=session)
            await transport.asend(ask(server, "/echo", headers={"X-Own": "1"}))
            await transport.aclose()
            async with session.get(server.url("/status/200")) as response:
                assert response.status == 200
            other = AiohttpTransport(client=session)
        with pytest.raises(TransportError, match="closed"):
            await other.asend(ask(server, "/empty"))

    asyncio.run(main())
    assert {name.lower() for name, _ in server.received[0].fields} == {"host", "accept-encoding", "x-own"}
    assert server.connections == 1


def test_user_in_a_url_is_no_credential(server: FaultServer) -> None:
    url = server.url("/echo").replace("http://", "http://user:pass@")

    async def main() -> None:
        async with AiohttpTransport() as transport:
            await transport.asend(Request("GET", url))

    asyncio.run(main())
    assert server.received[0].get_all("Authorization") == []


def test_large_body_by_aiohttp_is_no_warning(server: FaultServer) -> None:
    async def main() -> None:
        async with AiohttpTransport() as transport:
            response = await transport.asend(ask(server, "/mirror", method="PUT", content=b"ab" * 1_500_000))
            assert response.content == b"ab" * 1_500_000

    asyncio.run(main())
    assert server.received[0].get_all("Content-Length") == ["3000000"]


# The environment's proxies


@pytest.mark.parametrize("kind", [Urllib3Transport, HttpxTransport])
def test_proxy_for_all_schemes(kind: type[Any], server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", server.url().removeprefix("http://"))
    with kind() as transport:
        for _ in range(2):
            assert transport.send(Request("GET", "http://api.invalid/echo", timeout=5)).status_code == 200
    assert server.received[0].target == "http://api.invalid/echo"


# Libraries that are not installed


@pytest.mark.parametrize("library", ["aiohttp", "httpx2"])
def test_missing_library_names_the_extra(library: str) -> None:
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        f"from mesa_core.errors import ConfigurationError\n"
        f"try:\n    import mesa_transports.{library}\n"
        f"except ConfigurationError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{library} is not installed: pip install 'mesa-sdk[{library}]'\n"
