"""The transport on aiohttp, where no suite reaches it."""

from __future__ import annotations

import asyncio
import select
import socket
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from mesa_core.errors import ConnectError, ConnectionLost, RequestTimeout, TransportError
from mesa_core.http import Request
from mesa_transports._aiohttp import _Body, _readable
from mesa_transports.aiohttp import AiohttpTransport
from mesa_transports.testing import FaultServer, ask


def connection(sock: socket.socket | None) -> Any:
    return SimpleNamespace(transport=None if sock is None else SimpleNamespace(get_extra_info=lambda _: sock))


@pytest.mark.parametrize("system", ["with poll", "without poll"])
def test_idle_connection_that_ended_can_be_read(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    if system == "without poll":
        monkeypatch.delattr(select, "poll")
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            assert not _readable(connection(ours))
        assert _readable(connection(ours))
    assert _readable(connection(ours))
    assert _readable(connection(None))


def test_connection_that_ended_while_the_loop_stood_still_is_not_used() -> None:
    with FaultServer() as server, asyncio.Runner() as runner:
        transport = AiohttpTransport()
        for number in range(1, 4):
            assert runner.run(transport.asend(ask(server, "/status/200"))).status_code == 200
            assert server.connections == number
            server._open[-1].shutdown(socket.SHUT_RDWR)
            server.wait_for_close()
        runner.run(transport.aclose())


@pytest.mark.parametrize("fields", [{"X Y": "1"}, {"X-Y": "caf\xe9"}, {"X-Y": "a\tb\n"}])
def test_field_that_aiohttp_would_change_is_refused(fields: dict[str, str]) -> None:
    async def main() -> None:
        async with AiohttpTransport() as transport:
            with pytest.raises(TransportError, match="cannot be sent") as caught:
                await transport.asend(Request("GET", "http://api.invalid/", fields))
            assert not isinstance(caught.value, ConnectionLost)
            assert caught.value.sent is False

    asyncio.run(main())


def test_tab_in_a_value_and_a_length_of_ones_own() -> None:
    async def main() -> None:
        with FaultServer() as server:
            async with AiohttpTransport() as transport:
                await transport.asend(ask(server, "/echo", headers={"X-Y": "a\tb", "Content-Length": "9"}))
            assert server.received[0].get_all("X-Y") == ["a\tb"]
            assert server.received[0].get_all("Content-Length") == []

    asyncio.run(main())


def test_body_reads_as_text() -> None:
    assert _Body(b"caf\xc3\xa9").decode() == "caf\xe9"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_request_without_a_body_gets_no_type(method: str) -> None:
    async def main() -> None:
        async with AiohttpTransport() as transport:
            await transport.asend(Request(method, server.url("/echo"), {"Accept": "a/b", "User-Agent": "c"}))

    with FaultServer() as server:
        asyncio.run(main())
        assert server.received[0].get_all("Content-Type") == []


@pytest.mark.parametrize("url", ["ftp://api.invalid/x", "/x", "http:///x"])
def test_what_is_no_http_url_is_refused(url: str) -> None:
    async def main() -> None:
        async with AiohttpTransport() as transport:
            with pytest.raises(TransportError, match="cannot be sent") as caught:
                await transport.asend(Request("GET", url))
            assert caught.value.sent is False

    asyncio.run(main())


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop that counts its timers."""

    timers = 0

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(when, callback, *args, context=context)


def test_requests_in_flight_share_a_timer() -> None:
    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        async with AiohttpTransport(pool_size=20) as transport:
            await asyncio.gather(*(transport.asend(ask(server, "/status/200")) for _ in range(20)))
            before = loop.timers
            await asyncio.gather(*(transport.asend(ask(server, "/status/200")) for _ in range(100)))
            assert loop.timers - before <= 5  # and aiohttp's own, for connections that are kept too long

    with FaultServer() as server, asyncio.Runner(loop_factory=CountingLoop) as runner:
        runner.run(main())


async def stalled(transport: AiohttpTransport, server: FaultServer) -> asyncio.Task[Any]:
    """Return a request that waits for its answer."""
    task = asyncio.ensure_future(transport.asend(ask(server, "/stall", timeout=0.5)))
    while not server.received:  # noqa: ASYNC110 - the server is in a thread
        await asyncio.sleep(0.01)
    return task


def test_request_in_flight_keeps_its_bound_when_the_transport_of_a_ready_made_session_is_closed() -> None:
    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            transport = AiohttpTransport(client=session)
            task = await stalled(transport, server)
            await transport.aclose()
            with pytest.raises(RequestTimeout):
                await task

    with FaultServer() as server:
        asyncio.run(main())


def test_who_waits_for_a_connection_is_told_that_the_transport_was_closed() -> None:
    async def main() -> None:
        transport = AiohttpTransport(pool_size=1)
        first = await stalled(transport, server)
        waiting = asyncio.ensure_future(transport.asend(ask(server, "/status/200")))
        await asyncio.sleep(0)
        await transport.aclose()
        with pytest.raises(ConnectError) as caught:
            await waiting
        assert caught.value.sent is False
        with pytest.raises(TransportError):
            await first

    with FaultServer() as server:
        asyncio.run(main())


def test_session_of_another_loop_is_refused_and_left_alone() -> None:
    async def made() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    with asyncio.Runner() as theirs, FaultServer() as server:
        session = theirs.run(made())
        with pytest.raises(TransportError, match="another event loop") as caught:
            asyncio.run(AiohttpTransport(client=session).asend(ask(server, "/status/200")))
        assert caught.value.sent is False
        assert server.received == []
        theirs.run(session.close())


def test_url_with_a_space_is_refused() -> None:
    async def main() -> None:
        async with AiohttpTransport() as transport:
            with pytest.raises(TransportError, match="visible ASCII") as caught:
                await transport.asend(Request("GET", "http://api.invalid/a b"))
            assert caught.value.sent is False

    asyncio.run(main())


def test_answer_that_comes_before_the_whole_request_ends_the_attempt_and_the_connection() -> None:
    async def main() -> None:
        may_read, ended = asyncio.Event(), asyncio.Semaphore(0)

        async def answer_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno!")
            await may_read.wait()
            while await reader.read(1 << 20):
                pass
            writer.close()
            ended.release()

        async with asyncio.timeout(30), await asyncio.start_server(answer_at_once, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            async with AiohttpTransport() as transport:
                for _ in range(2):  # which are two connections: the rest of a body would be read as a request
                    response = await transport.asend(Request("PUT", url, content=bytes(1 << 24)))
                    assert (response.status_code, response.content) == (413, b"no!")
                    assert not [task for task in asyncio.all_tasks() if "write_bytes" in repr(task)]
                may_read.set()
                await ended.acquire()
                await ended.acquire()

    asyncio.run(main())


async def served(answer: Any) -> Any:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def test_body_that_waits_for_the_servers_word_is_sent_then() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n")
        body = await reader.readexactly(4)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + body)
        await reader.read()
        writer.close()

    async def main() -> None:
        server, url = await served(answer)
        async with server, AiohttpTransport() as transport:
            request = Request("PUT", url, {"Expect": "100-continue"}, content=b"body", timeout=5.0)
            assert (await transport.asend(request)).content == b"body"

    asyncio.run(main())


def test_status_below_100_is_no_interim_one() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n")
        await reader.read()
        writer.close()

    async def main() -> None:
        server, url = await served(answer)
        async with server, AiohttpTransport() as transport:
            with pytest.raises(ConnectionLost):
                await transport.asend(Request("GET", url, timeout=5.0))

    asyncio.run(main())


@pytest.mark.parametrize("timeout", [0.2, 30.0])
def test_transport_closes_while_nobody_takes_what_it_sends(timeout: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await closed.wait()
        writer.close()

    async def main() -> None:
        nonlocal closed
        closed = asyncio.Event()
        server, url = await served(answer)
        async with server, asyncio.timeout(5):
            transport = AiohttpTransport()
            upload = asyncio.create_task(transport.asend(Request("PUT", url, content=bytes(1 << 25), timeout=timeout)))
            await asyncio.wait([upload], timeout=0.1)
            wires = [each.transport for each in transport._pools.here().connector._acquired]
            assert [wire.get_write_buffer_size() > 0 for wire in wires] == [True]
            await asyncio.wait([upload], timeout=0.2)
            if upload.done():  # timed out: the connection takes nothing along, whenever the transport is closed
                assert [wire.get_write_buffer_size() for wire in wires] == [0]
            await transport.aclose()
            with pytest.raises(RequestTimeout if timeout < 1 else ConnectionLost):
                await upload
            closed.set()

    closed: asyncio.Event
    asyncio.run(main())
