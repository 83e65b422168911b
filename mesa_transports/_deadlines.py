"""Bounds the many waits of one event loop by a single timer of it. Knows no HTTP library.

asyncio keeps its timers in a heap and compares them in Python, so that with hundreds of them one costs a twentieth of a
request; and hardly any is ever due. Here a bound is an entry of a dictionary. It cancels its task when it is due, and
tells that from a cancellation by others as `asyncio.timeout` does.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final

__all__ = ["Bound", "Deadlines"]


_BUNCH: Final = 0.005  # seconds in which those that are due are one bunch: each is a look at all that there are


class Deadlines:
    """The bounds that are set in one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop: Final = loop
        self._due: Final[dict[Bound, float]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float | None) -> Bound:
        """Return a bound of so many seconds, for a `with` block of the running task; None: there is none."""
        return Bound(self, seconds)

    def set(self, bound: Bound, seconds: float) -> None:
        """Let a bound expire after so many seconds, unless it is lifted before."""
        due = self._due[bound] = self.loop.time() + seconds
        if self._timer is None or due < self._timer.when():
            self._wake_at(due)

    def lift(self, bound: Bound) -> None:
        """Forget a bound; the timer is left for those that come."""
        self._due.pop(bound, None)

    def _wake_at(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_at(due, self._expire, due)

    def _expire(self, until: float) -> None:
        self._timer = None
        until = max(until, self.loop.time())
        for bound in [bound for bound, due in self._due.items() if due <= until]:
            del self._due[bound]
            bound.expire()
        if self._due:
            self._wake_at(max(min(self._due.values()), until + _BUNCH))


class Bound:
    """A bound of what a task does in a `with` block.

    Raises:
        TimeoutError: at the end of the block, when the time was over before.
    """

    __slots__ = ("_cancelling", "_deadlines", "_expired", "_seconds", "_task")

    def __init__(self, deadlines: Deadlines, seconds: float | None) -> None:
        self._deadlines: Final = deadlines
        self._seconds: Final = seconds
        self._expired = False
        task = asyncio.current_task(deadlines.loop)
        if task is None:
            raise RuntimeError("a bound is set in a task")
        self._task: Final = task
        self._cancelling: Final = task.cancelling()

    def expire(self) -> None:
        """Break off what the task waits for."""
        self._expired = True
        self._task.cancel()

    def __enter__(self) -> None:
        if self._seconds is not None:
            self._deadlines.set(self, self._seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._deadlines.lift(self)
        # Those who cancelled the task besides have it cancelled; who did not are told of the time alone.
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
