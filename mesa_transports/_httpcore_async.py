"""httpcore, on which httpx is built, made fit for cancellation: streams that tell how far they got, and a pool.

httpcore's own pool loses a connection, or its place, when a request is cancelled at the wrong moment,
and looks at every connection for every request. The pool here lends a connection to one request at a
time, reads the response to its end, and keeps the connection only when all went well. All of it serves
httpcore2 as well, which has the same interfaces.
"""

# ruff: noqa: ASYNC109  # the signatures are httpcore's

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, Iterable
from typing import Any, Final, Self

import anyio
import httpcore

from mesa_transports._attempt import Stage, current, reach
from mesa_transports._forks import remember
from mesa_transports._httpcore import reach_sent
from mesa_transports._tls import TrustOnUse

__all__ = ["CautiousAsyncBackend", "CautiousAsyncPool", "close_all"]

_PIECE: Final = 64 * 1024
"""Bytes that are encrypted and written before other tasks get their turn."""
_Place = tuple[bytes, bytes, int]  # scheme, host and port: httpcore's own `Origin` is not hashable


class _CautiousAsyncStream(httpcore.AsyncNetworkStream):
    """A connection that tells the attempt when it was sent; the attempt's time is bounded around it all."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, trust: TrustOnUse) -> None:
        self._inner = inner
        self._trust = trust
        remember(inner.get_extra_info("socket"))

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max_bytes, _own(timeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        reach_sent(buffer)
        await self._inner.write(buffer, _own(timeout))

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            context = self._trust.instead_of(ssl_context)
            inner = await self._inner.start_tls(context, server_hostname, _own(timeout))
        except BaseException:  # httpcore forgets the connection when this is cancelled
            await close_all([self])
            raise
        return _CautiousAsyncStream(inner, self._trust)

    async def aclose(self) -> None:
        await self._inner.aclose()

    def get_extra_info(self, info: str) -> Any:  # `Any`: httpcore's own signature
        return self._inner.get_extra_info(info)


class CautiousAsyncBackend(httpcore.AsyncNetworkBackend):
    """Makes connections with the means of another backend."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend, trust: TrustOnUse) -> None:
        self._inner = inner
        self._trust = trust

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        reach(Stage.CONNECTING)
        inner = await self._inner.connect_tcp(host, port, _own(timeout), local_address, socket_options)
        stream, attempt = _CautiousAsyncStream(inner, self._trust), current.get()
        if attempt is not None:
            attempt.connecting = stream
        return stream

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.AsyncNetworkStream:
        reach(Stage.CONNECTING)
        inner = await self._inner.connect_unix_socket(path, _own(timeout), socket_options)
        return _CautiousAsyncStream(inner, self._trust)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def _own(timeout: float | None) -> float | None:
    """Leave the timeouts of an operation to those who make no attempt; an attempt has one around all of it."""
    return timeout if current.get() is None else None


class _Pieces:
    """A request's body, piece by piece. No generator: one that is cancelled half-way would have to be closed."""

    def __init__(self, content: bytes) -> None:
        self._rest = memoryview(content)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._rest:
            raise StopAsyncIteration
        piece, self._rest = self._rest[:_PIECE], self._rest[_PIECE:]
        return bytes(piece)


class CautiousAsyncPool(httpcore.AsyncConnectionPool):
    """Takes the place of an httpcore pool, whose connections it makes; how many are in use is its user's business."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        super().__init__()
        self._pool = pool
        self._idle: Final[dict[_Place, list[httpcore.AsyncConnectionInterface]]] = {}
        self._closed = False

    async def handle_async_request(self, request: httpcore.Request) -> Any:  # `Any`: a response of either library
        """Send a request on a connection of its own; the response has its whole body."""
        url = request.url
        place = (url.scheme, url.host, url.origin.port)
        assert isinstance(request.stream, AsyncIterable)  # noqa: S101 - tells what httpcore's types leave open
        request.stream = _Pieces(b"".join([piece async for piece in request.stream]))
        connection = await self._take(place) or await self._make(request)
        try:
            response = await connection.handle_async_request(request)
            content = await response.aread()
            await response.aclose()
        except BaseException:
            await close_all([connection])
            raise
        if connection.is_available() and not self._closed:
            self._idle.setdefault(place, []).append(connection)
        else:
            await close_all([connection])
        whole: Any = type(response)(response.status, headers=response.headers, content=content)
        whole.extensions = response.extensions  # pyright: ignore[reportUnknownMemberType]  # httpcore leaves it open
        return whole

    async def _take(self, place: _Place) -> httpcore.AsyncConnectionInterface | None:
        """Return the connection that was used last, unless the server closed it."""
        idle = self._idle.get(place)
        while idle:
            connection = idle.pop()
            if not connection.has_expired():
                return connection
            await close_all([connection])
        return None

    async def _make(self, request: httpcore.Request) -> httpcore.AsyncConnectionInterface:
        """Make a connection, and close those that nobody used for long."""
        expired: list[httpcore.AsyncConnectionInterface] = []
        for idle in self._idle.values():
            expired += [connection for connection in idle if connection.has_expired()]
            idle[:] = [connection for connection in idle if connection not in expired]
        await close_all(expired)
        return self._pool.create_connection(request.url.origin)

    async def aclose(self) -> None:
        """Close the idle connections now, and each other one when its request ends."""
        self._closed = True
        idle = [connection for connections in self._idle.values() for connection in connections]
        self._idle.clear()
        await close_all(idle)


async def close_all(connections: Iterable[Any]) -> None:  # `Any`: connections and streams, of both libraries
    """Close every connection, even when one fails and even when cancelled meanwhile.

    Each gives up its socket before it waits for anything, so a cancellation of asyncio's, which no
    shield keeps away, comes too late to leave one open.
    """
    failed: BaseException | None = None
    with anyio.CancelScope(shield=True):
        for connection in connections:
            try:
                await connection.aclose()
            except BaseException as error:  # noqa: BLE001 - raised again when all are closed
                failed = error
    if failed is not None:
        raise failed
