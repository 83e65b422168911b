"""The four worlds that a resource can live in: blocking or not, results or raw responses.

A world serves an operation; the resource it is given to decides what a method returns.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Generic, Protocol, Self, TypeVar

import attrs
from attrs import field, frozen

from mesa_core.call import Clock, RawResponse
from mesa_core.config import ClientConfig
from mesa_core.drivers import arun, run
from mesa_core.exchange import Ended, exchange
from mesa_core.lifetime import Lifetime
from mesa_core.operations import Operation, PagedOperation, PageInfo
from mesa_core.pages import AsyncPages, Page
from mesa_core.plugins import Plugins
from mesa_core.transport import AsyncTransport, Transport

__all__ = ["Blocking", "NonBlocking", "Parts", "RawBlocking", "RawNonBlocking", "World"]

T = TypeVar("T")
X = TypeVar("X", bound=Transport | AsyncTransport)
R = TypeVar("R", bound=PageInfo)
I = TypeVar("I")  # noqa: E741 - R and I: a page's result, and an item of a page


class World(Protocol):
    """What a resource needs of its world; what comes back differs by world, hence `Any`."""

    @property
    def clock(self) -> Clock:
        """Where time comes from."""
        ...

    def call(self, operation: Operation[Any], /) -> Any:
        """Serve an operation that answers a single result."""
        ...

    def pages(self, operation: PagedOperation[Any, Any], /) -> Any:
        """Serve an operation that answers a page."""
        ...


@frozen(eq=False)  # which of these is which counts, as for a client
class Parts:
    """What a client is made of, in either world, besides its transport."""

    config: ClientConfig
    plugins: Plugins
    clock: Clock


@frozen(eq=False)
class _Served(Generic[X]):
    """A world that sends requests, by a transport of its own kind."""

    parts: Parts = field(repr=False)
    lifetime: Lifetime[X]

    @property
    def clock(self) -> Clock:
        """The client's clock."""
        return self.parts.clock

    def derived(self, config: ClientConfig) -> Self:
        """Return this world under another configuration, with the same plugins and transport."""
        return attrs.evolve(self, parts=attrs.evolve(self.parts, config=config), lifetime=self.lifetime.derived())


class Blocking(_Served[Transport]):
    """Methods return results."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        # A world travels as its configuration; where it arrives, it opens connections of its own.
        from mesa_core.assembly import open_blocking  # noqa: PLC0415 - it builds worlds, so it imports this module

        return open_blocking, (self.parts.config, self.parts.clock)

    def run(self, operation: Operation[T]) -> Ended[T]:
        """Carry an operation out."""
        parts, transport = self.parts, self.lifetime.transport
        return run(exchange(operation, parts.plugins, parts.config, parts.clock), transport, parts.clock)

    def call(self, operation: Operation[T], /) -> T:
        """Return an operation's result."""
        return self.run(operation).parsed

    def pages(self, operation: PagedOperation[R, I], /) -> Page[R, I]:
        """Return the page that an operation asks for."""
        return Page(operation, self.run(operation), self)


class NonBlocking(_Served[AsyncTransport]):
    """Methods return coroutines of results."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        from mesa_core.assembly import open_nonblocking  # noqa: PLC0415 - as above

        return open_nonblocking, (self.parts.config, self.parts.clock)

    def run(self, operation: Operation[T]) -> Coroutine[Any, Any, Ended[T]]:
        """Return the coroutine that carries an operation out: that of the driver, since each one around it costs."""
        parts, transport = self.parts, self.lifetime.transport
        return arun(exchange(operation, parts.plugins, parts.config, parts.clock), transport, parts.clock)

    def call(self, operation: Operation[T], /) -> Coroutine[Any, Any, T]:
        """Return the coroutine of an operation's result."""
        return _named(self._result(operation), operation)

    async def _result(self, operation: Operation[T]) -> T:
        return (await self.run(operation)).parsed

    def pages(self, operation: PagedOperation[R, I], /) -> AsyncPages[R, I]:
        """Return what can be awaited for a page, or iterated for all items."""
        return AsyncPages(operation, self)


@frozen(eq=False)
class RawBlocking:
    """Methods return raw responses, of the results of another world."""

    world: Blocking

    @property
    def clock(self) -> Clock:
        """The client's clock."""
        return self.world.clock

    def call(self, operation: Operation[T], /) -> RawResponse[T]:
        """Return an operation's result together with its response."""
        return _raw(self.world.run(operation))

    pages = call


@frozen(eq=False)
class RawNonBlocking:
    """Methods return coroutines of raw responses."""

    world: NonBlocking

    @property
    def clock(self) -> Clock:
        """The client's clock."""
        return self.world.clock

    def call(self, operation: Operation[T], /) -> Coroutine[Any, Any, RawResponse[T]]:
        """Return the coroutine of an operation's result together with its response."""
        return _named(self._result(operation), operation)

    async def _result(self, operation: Operation[T]) -> RawResponse[T]:
        return _raw(await self.world.run(operation))

    pages = call


def _named(coroutine: Coroutine[Any, Any, T], operation: Operation[Any]) -> Coroutine[Any, Any, T]:
    """Let a coroutine be shown under its operation's name, as Python does of one that is never awaited."""
    coroutine.__qualname__ = operation.name  # type: ignore[attr-defined]  # that of an `async def` has one
    return coroutine


def _raw(ended: Ended[T]) -> RawResponse[T]:
    response, call = ended.response, ended.call
    return RawResponse(
        status_code=response.status_code,
        headers=response.headers,
        content=response.content,
        attempts=call.attempts,
        elapsed=call.elapsed,
        parsed=ended.parsed,
        from_cache=response.from_cache,
    )
