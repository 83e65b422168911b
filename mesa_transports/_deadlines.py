"""Bounds the many waits of one event loop by a single timer of it. Knows no HTTP library.

asyncio keeps its timers in a heap and compares them in Python, so that with hundreds of them one costs a twentieth of a
request; and hardly any is ever due. Here a bound is an entry of a dictionary. One that is due is left to
`asyncio.timeout`, which knows how to cancel a task, and to tell that from a cancellation by others.
"""

from __future__ import annotations

import asyncio
from typing import Final

__all__ = ["Deadlines"]


class Deadlines:
    """The bounds that are set in one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop: Final = loop
        self._due: Final[dict[asyncio.Timeout, float]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def set(self, bound: asyncio.Timeout, seconds: float) -> None:
        """Let a bound that was entered expire after so many seconds, unless it is lifted before."""
        due = self._due[bound] = self._loop.time() + seconds
        if self._timer is None or due < self._timer.when():
            self._wake_at(due)

    def lift(self, bound: asyncio.Timeout) -> None:
        """Forget a bound that was set; the timer is left for those that come."""
        self._due.pop(bound, None)

    def close(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake_at(self, due: float) -> None:
        self.close()
        self._timer = self._loop.call_at(due, self._expire, due)

    def _expire(self, until: float) -> None:
        self._timer = None
        for bound in [bound for bound, due in self._due.items() if due <= until]:
            del self._due[bound]
            bound.reschedule(until)  # to a time that has come
        if self._due:
            self._wake_at(min(self._due.values()))
