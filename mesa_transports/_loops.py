"""One pool for each event loop, asyncio's or trio's, closed when its loop ends. Knows no HTTP library."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncGenerator
from typing import Any, Final, Generic, Protocol, TypeVar

__all__ = ["LoopPool", "PerLoop", "running_loop"]


class LoopPool(Protocol):
    """A pool of connections that belong to one event loop."""

    async def aclose(self) -> None:
        """Close the connections."""
        ...


L = TypeVar("L", bound=LoopPool)


def running_loop() -> Any:
    """Return what identifies the event loop that runs in this thread; `Any`: a loop of asyncio, or a token of trio."""
    asyncio: Any = sys.modules.get("asyncio")  # loaded, if a loop of it runs
    try:
        if asyncio is not None:
            return asyncio.get_running_loop()
    except RuntimeError:
        pass
    import trio  # noqa: PLC0415 - loaded already, since it runs

    return trio.lowlevel.current_trio_token()


class PerLoop(Generic[L]):
    """The pools of a transport, each entered by the loop that uses it.

    An asynchronous generator stands guard over each: every loop closes the generators that were
    started in it before it ends, and so the pool.
    """

    def __init__(self) -> None:
        self._entered: Final[dict[Any, tuple[L, AsyncGenerator[None]]]] = {}

    def here(self) -> L | None:
        """Return the pool of the running loop, if it has entered one."""
        entered = self._entered.get(running_loop())
        return None if entered is None else entered[0]

    async def enter(self, pool: L) -> L:
        """Make a pool that of the running loop, until the loop ends."""
        self._forget_ended()
        loop = running_loop()
        guard = _guard(self._entered, loop, pool)
        self._entered[loop] = pool, guard
        await anext(guard)
        return pool

    async def aclose(self) -> None:
        """Close the pool of the running loop now, and have the other loops close theirs."""
        here = self._entered.pop(running_loop(), None)
        self.leave()
        if here is not None:
            await here[1].aclose()

    def leave(self) -> bool:
        """Have every loop close its pool, from whichever thread; return whether there was one."""
        self._forget_ended()
        entered = list(self._entered.items())
        self._entered.clear()
        for loop, (_, guard) in entered:
            _close_soon(loop, guard)
        return bool(entered)

    def _forget_ended(self) -> None:
        """Drop the pools of loops that ended without closing generators; their sockets close with them."""
        for loop in list(self._entered):
            if _is_asyncios(loop) and loop.is_closed():
                self._entered.pop(loop, None)


def _is_asyncios(loop: Any) -> bool:
    asyncio = sys.modules.get("asyncio")  # loaded, if a loop of it is there
    return asyncio is not None and isinstance(loop, asyncio.AbstractEventLoop)


async def _guard(entered: dict[Any, Any], loop: Any, pool: LoopPool) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        entered.pop(loop, None)
        await pool.aclose()


def _close_soon(loop: Any, guard: AsyncGenerator[None]) -> None:
    with contextlib.suppress(RuntimeError):  # ended this moment, and closed the pool itself
        if _is_asyncios(loop):
            loop.call_soon_threadsafe(lambda: loop.create_task(_close(guard)))
        else:
            import trio  # noqa: PLC0415 - loaded already, since it ran

            loop.run_sync_soon(trio.lowlevel.spawn_system_task, _close, guard)


async def _close(guard: AsyncGenerator[None]) -> None:
    await guard.aclose()
