"""The four worlds that a resource can live in: blocking or not, results or raw responses.

A world serves an operation; the resource it is given to decides what a method returns.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from attrs import field, frozen

from mesa_core.call import Clock, RawResponse
from mesa_core.config import ClientConfig
from mesa_core.drivers import arun, run
from mesa_core.exchange import Ended, exchange
from mesa_core.operations import Operation, PagedOperation, PageInfo
from mesa_core.pages import AsyncPages, Page
from mesa_core.plugins import Plugins
from mesa_core.transport import AsyncTransport, Transport

__all__ = ["Blocking", "NonBlocking", "Parts", "RawBlocking", "RawNonBlocking", "World"]

T = TypeVar("T")
R = TypeVar("R", bound=PageInfo)
I = TypeVar("I")  # noqa: E741 - R and I: a page's result, and an item of a page


class World(Protocol):
    """What a resource needs of its world; what comes back differs by world, hence `Any`."""

    def call(self, operation: Operation[Any], /) -> Any:
        """Serve an operation that answers a single result."""
        ...

    def pages(self, operation: PagedOperation[Any, Any], /) -> Any:
        """Serve an operation that answers a page."""
        ...


@frozen
class Parts:
    """What a client is made of, in either world, besides its transport."""

    config: ClientConfig
    plugins: Plugins
    clock: Clock


@frozen
class Blocking:
    """Methods return results."""

    parts: Parts = field(repr=False)
    transport: Transport

    def run(self, operation: Operation[T]) -> Ended[T]:
        """Carry an operation out."""
        parts = self.parts
        return run(exchange(operation, parts.plugins, parts.config, parts.clock), self.transport, parts.clock)

    def call(self, operation: Operation[T], /) -> T:
        """Return an operation's result."""
        return self.run(operation).parsed

    def pages(self, operation: PagedOperation[R, I], /) -> Page[R, I]:
        """Return the page that an operation asks for."""
        return Page(operation, self.run(operation), self)


@frozen
class NonBlocking:
    """Methods return coroutines of results."""

    parts: Parts = field(repr=False)
    transport: AsyncTransport

    async def run(self, operation: Operation[T]) -> Ended[T]:
        """Carry an operation out."""
        parts = self.parts
        return await arun(exchange(operation, parts.plugins, parts.config, parts.clock), self.transport, parts.clock)

    async def call(self, operation: Operation[T], /) -> T:
        """Return an operation's result."""
        return (await self.run(operation)).parsed

    def pages(self, operation: PagedOperation[R, I], /) -> AsyncPages[R, I]:
        """Return what can be awaited for a page, or iterated for all items."""
        return AsyncPages(operation, self)


@frozen
class RawBlocking:
    """Methods return raw responses, of the results of another world."""

    world: Blocking

    def call(self, operation: Operation[T], /) -> RawResponse[T]:
        """Return an operation's result together with its response."""
        return _raw(self.world.run(operation))

    pages = call


@frozen
class RawNonBlocking:
    """Methods return coroutines of raw responses."""

    world: NonBlocking

    async def call(self, operation: Operation[T], /) -> RawResponse[T]:
        """Return an operation's result together with its response."""
        return _raw(await self.world.run(operation))

    pages = call


def _raw(ended: Ended[T]) -> RawResponse[T]:
    response, call = ended.response, ended.call
    return RawResponse(
        status_code=response.status_code,
        headers=response.headers,
        content=response.content,
        attempts=call.attempts,
        elapsed=call.elapsed,
        parsed=ended.parsed,
    )
