"""Drives a transport of either world, so that one test serves both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal, Protocol

from mesa_core.http import Request, Response
from mesa_core.transport import AsyncTransport, Transport

__all__ = ["Driver", "World", "drive"]

World = Literal["blocking", "async"]
AT_ONCE: Final = 16


class Driver(Protocol):
    """A transport, as tests use it."""

    def send(self, request: Request) -> Response:
        """Send one request."""
        ...

    def send_all(self, requests: Sequence[Request]) -> list[Response]:
        """Send requests, 16 at a time; return the responses in the order of the requests."""
        ...

    def close(self) -> None:
        """Close the transport."""
        ...


@contextlib.contextmanager
def drive(transport: object, world: World) -> Generator[Driver]:
    """Drive a transport in a world, and close it in the end.

    Raises:
        TypeError: the transport is none of that world.
    """
    if world == "blocking" and isinstance(transport, Transport):
        with contextlib.closing(_Blocking(transport)) as driver:
            yield driver
    elif world == "async" and isinstance(transport, AsyncTransport):
        # Connections belong to their event loop, so one loop serves the transport to its end.
        with asyncio.Runner() as runner, contextlib.closing(_NonBlocking(transport, runner)) as driver:
            yield driver
    else:
        raise TypeError(f"{type(transport).__name__} is no transport of the {world} world")


class _Blocking:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, request: Request) -> Response:
        return self._transport.send(request)

    def send_all(self, requests: Sequence[Request]) -> list[Response]:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(self._transport.send, requests))

    def close(self) -> None:
        self._transport.close()


class _NonBlocking:
    def __init__(self, transport: AsyncTransport, runner: asyncio.Runner) -> None:
        self._transport = transport
        self._runner = runner

    def send(self, request: Request) -> Response:
        return self._runner.run(self._transport.asend(request))

    def send_all(self, requests: Sequence[Request]) -> list[Response]:
        return self._runner.run(self._gather(requests))

    async def _gather(self, requests: Sequence[Request]) -> list[Response]:
        places = asyncio.Semaphore(AT_ONCE)

        async def send(request: Request) -> Response:
            async with places:
                return await self._transport.asend(request)

        return await asyncio.gather(*map(send, requests))

    def close(self) -> None:
        self._runner.run(self._transport.aclose())
