"""What each transport costs a call, as a ratio to its library called by hand.

    python benchmarks/transports.py [--rounds 15]

A small JSON document over loopback, from a server in a process of its own, on connections that are
kept alive. Blocking: one call after the other. Async: 200 calls in flight. The candidates take turns
in every round and the medians of the rounds are compared, because a machine does not hold its speed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import IO, Any, cast

import aiohttp
import httpx
import httpx2
import requests
import urllib3

from mesa_core import Request, Response
from mesa_transports.aiohttp import AiohttpTransport
from mesa_transports.httpx import AsyncHttpxTransport, HttpxTransport
from mesa_transports.httpx2 import AsyncHttpx2Transport, Httpx2Transport
from mesa_transports.requests import RequestsTransport
from mesa_transports.urllib3 import Urllib3Transport

BODY = b'{"id": "r1", "name": "my-repo", "default_branch": "main", "created_at": "2026-01-01T00:00:00Z"}'
HEADERS = {"Authorization": "Bearer k", "Accept": "application/json", "User-Agent": "benchmark"}
IN_FLIGHT = 200
CALLS = 300  # in one round of one candidate
ASYNC_CALLS = 1000


class Server(asyncio.Protocol):
    """Answers every request in the same way."""

    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)

    transport: asyncio.Transport

    def connection_made(self, transport: Any) -> None:  # `Any`: of TCP, it is an `asyncio.Transport`
        """Keep the connection."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer; a request ends with its header, since it has no body."""
        self.transport.write(self.answer * data.count(b"\r\n\r\n"))


async def serve() -> None:
    """Serve until standard input ends."""
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


def blocking(url: str, rounds: int) -> dict[str, float]:
    """Return the median seconds of a call for each blocking candidate."""
    by_hand = httpx.Client()
    by_hand2 = httpx2.Client()
    session = requests.Session()
    manager = urllib3.PoolManager()
    ours = {
        "httpx": HttpxTransport(),
        "httpx2": Httpx2Transport(),
        "requests": RequestsTransport(),
        "urllib3": Urllib3Transport(),
    }
    candidates: dict[str, Callable[[], Any]] = {  # `Any`: each library's response
        "httpx": lambda: by_hand.get(url, headers=HEADERS).content,
        "httpx2": lambda: by_hand2.get(url, headers=HEADERS).content,
        "requests": lambda: session.get(url, headers=HEADERS).content,
        "urllib3": lambda: manager.request("GET", url, headers=HEADERS).data,
    }
    for name, transport in ours.items():
        request = Request("GET", url, HEADERS, timeout=30.0)
        candidates[f"{name} transport"] = lambda send=transport.send, request=request: send(request)
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, call in candidates.items():
            call()
            began = time.perf_counter()
            for _ in range(CALLS):
                call()
            times[name].append((time.perf_counter() - began) / CALLS)
    for transport in ours.values():
        transport.close()
    return {name: statistics.median(each) for name, each in times.items()}


async def in_flight(call: Callable[[], Awaitable[object]]) -> float:
    """Return the seconds of a call when 200 tasks share the work."""
    left = iter(range(ASYNC_CALLS))

    async def work() -> None:
        for _ in left:
            await call()

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return (time.perf_counter() - began) / ASYNC_CALLS


async def nonblocking(url: str, rounds: int) -> dict[str, float]:
    """Return the median seconds of a call for each `async` candidate."""
    async with (
        httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=IN_FLIGHT)) as by_hand,
        httpx2.AsyncClient(timeout=30, limits=httpx2.Limits(max_connections=IN_FLIGHT)) as by_hand2,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session,
        AsyncHttpxTransport(pool_size=IN_FLIGHT) as ours,
        AsyncHttpx2Transport(pool_size=IN_FLIGHT) as ours2,
        AiohttpTransport(pool_size=IN_FLIGHT) as ours_aiohttp,
    ):

        async def by_aiohttp() -> bytes:
            async with session.get(url, headers=HEADERS) as response:
                return await response.read()

        def send(transport: AsyncHttpxTransport | AsyncHttpx2Transport | AiohttpTransport) -> Awaitable[Response]:
            return transport.asend(request)

        request = Request("GET", url, HEADERS, timeout=30.0)
        candidates: dict[str, Callable[[], Awaitable[object]]] = {
            "httpx": lambda: by_hand.get(url, headers=HEADERS),
            "httpx2": lambda: by_hand2.get(url, headers=HEADERS),
            "aiohttp": by_aiohttp,
            "httpx transport": lambda: send(ours),
            "httpx2 transport": lambda: send(ours2),
            "aiohttp transport": lambda: send(ours_aiohttp),
        }
        times: dict[str, list[float]] = {name: [] for name in candidates}
        for _ in range(rounds):
            for name, call in candidates.items():
                times[name].append(await in_flight(call))
    return {name: statistics.median(each) for name, each in times.items()}


def show(title: str, medians: dict[str, float]) -> None:
    """Print a table of ratios."""
    print(f"\n{title:<20}{'us a call':>11}{'to its library':>16}{'to raw httpx':>14}")
    for name, seconds in medians.items():
        own = medians[name.removesuffix(" transport")]
        print(f"{name:<20}{seconds * 1e6:>11.0f}{seconds / own:>16.2f}{seconds / medians['httpx']:>14.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve())
        return
    itself = [sys.executable, __file__, "--serve"]
    with (
        subprocess.Popen(itself, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,  # noqa: S603
        cast("IO[str]", server.stdin),
    ):
        port = cast("IO[str]", server.stdout).readline().strip()
        url = f"http://127.0.0.1:{port}/api/v1/my-org/my-repo"
        show("blocking", blocking(url, arguments.rounds))
        show("async, 200 in flight", asyncio.run(nonblocking(url, max(3, arguments.rounds // 3))))


if __name__ == "__main__":
    main()
