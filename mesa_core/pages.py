"""Pages: one page's result, the items of all pages, and the way from one page to the next.

The way is a plugin's to know (`next_page`); a page asks for it and fetches what it is told.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import attrs

from mesa_core.errors import ConfigurationError
from mesa_core.exchange import Ended
from mesa_core.operations import PagedOperation, PageInfo

if TYPE_CHECKING:
    from mesa_core.worlds import Blocking, NonBlocking

__all__ = ["AsyncPage", "AsyncPages", "Page"]

R = TypeVar("R", bound=PageInfo)
I = TypeVar("I")  # noqa: E741 - R and I: a page's result, and an item of a page
W = TypeVar("W", bound="Blocking | NonBlocking")


class _Fetched(Generic[R, I, W]):
    """A page that has been fetched, in either world."""

    def __init__(self, operation: PagedOperation[R, I], ended: Ended[R], world: W) -> None:
        self.result: R = ended.parsed
        """The page as the server sent it: its items, `next_cursor` and `has_more`."""
        self._operation = operation
        self._ended = ended
        self._world = world

    @property
    def items(self) -> Sequence[I]:
        """The items of this page alone."""
        return self._operation.items(self.result)

    def _following(self) -> PagedOperation[R, I] | None:
        following = self._world.parts.plugins.next_page(self._operation, self.result, self._ended.call)
        if following is None and self.result.has_more:
            raise ConfigurationError("there are more pages, but no plugin fetches them; is pagination switched off?")
        return following

    def __reduce__(self) -> tuple[Any, ...]:
        # What plugins keep for a call, such as a span, stays here.
        call = attrs.evolve(self._ended.call, state={})
        return type(self), (self._operation, attrs.evolve(self._ended, call=call), self._world)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.result!r})"


class Page(_Fetched[R, I, "Blocking"]):
    """One page of a list. Iterating it yields the items of this page and, fetched as needed, of all that follow."""

    def next(self) -> Page[R, I] | None:
        """Fetch the next page; None when this is the last.

        Raises:
            MesaError: as any call does; ResponseValidationError when the server repeats a cursor.
        """
        following = self._following()
        return None if following is None else self._world.pages(following)

    def pages(self) -> Iterator[Page[R, I]]:
        """Yield this page and all that follow, fetching each when it is asked for."""
        page: Page[R, I] | None = self
        while page is not None:
            yield page
            page = page.next()

    def __iter__(self) -> Iterator[I]:
        for page in self.pages():
            yield from page.items


class AsyncPage(_Fetched[R, I, "NonBlocking"]):
    """One page of a list, for `async` code; `async for` yields the items of this page and of all that follow."""

    async def next(self) -> AsyncPage[R, I] | None:
        """Fetch the next page; None when this is the last. Raises as `Page.next` does."""
        following = self._following()
        return None if following is None else await self._world.pages(following)

    def pages(self) -> AsyncIterator[AsyncPage[R, I]]:
        """Yield this page and all that follow, fetching each when it is asked for."""
        return _Pages(self._itself)

    async def _itself(self) -> Self:
        return self

    def __aiter__(self) -> AsyncIterator[I]:
        return _Items(_Pages(self._itself))


class _Pages(Generic[R, I]):
    """Pages, each fetched when it is asked for. No generator: one that is left half-way would have to be closed."""

    def __init__(self, first: Callable[[], Awaitable[AsyncPage[R, I] | None]]) -> None:
        self._next: Callable[[], Awaitable[AsyncPage[R, I] | None]] | None = first

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AsyncPage[R, I]:
        page = None if self._next is None else await self._next()
        self._next = None if page is None else page.next
        if page is None:
            raise StopAsyncIteration
        return page

    async def aclose(self) -> None:
        """End it, for who closes what is iterated as a matter of course (`contextlib.aclosing`)."""
        self._next = None


class _Items(Generic[I]):
    """The items of pages; no generator either."""

    def __init__(self, pages: _Pages[Any, I]) -> None:
        self._pages = pages
        self._items: Iterator[I] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> I:
        while True:
            for item in self._items:
                return item
            self._items = iter((await anext(self._pages)).items)

    async def aclose(self) -> None:
        """End it, as above."""
        self._items = iter(())
        await self._pages.aclose()


class AsyncPages(Generic[R, I]):
    """What a list method of an async client returns: `await` it for its first page, or iterate over all items."""

    def __init__(self, operation: PagedOperation[R, I], world: NonBlocking) -> None:
        self._operation = operation
        self._world = world

    def __await__(self) -> Generator[object, None, AsyncPage[R, I]]:
        return self._first().__await__()

    async def _first(self) -> AsyncPage[R, I]:
        return AsyncPage(self._operation, await self._world.run(self._operation), self._world)

    def pages(self) -> AsyncIterator[AsyncPage[R, I]]:
        """Yield all pages, fetching each when it is asked for."""
        return _Pages(self._first)

    def __aiter__(self) -> AsyncIterator[I]:
        return _Items(_Pages(self._first))
