"""The clock of a client whose answers are replayed: what it waits for has passed at once."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from mesa_core.drivers import SystemClock

__all__ = ["ReplayClock", "answered"]

_SYSTEM: Final = SystemClock()
# Of a thread or task each: what one passes over does not age the calls of another.
_replayed: Final = ContextVar("mesa_replayed", default=False)
_passed_over: Final = ContextVar("mesa_passed_over", default=0.0)


def answered(*, replayed: bool) -> None:
    """Take note of where this thread's or task's last answer came from."""
    _replayed.set(replayed)


class ReplayClock:
    """Passes over a wait that follows a replayed answer, and waits as ever after a live one.

    What was passed over counts as passed, so that bounds such as `max_elapsed_time` hold as they did.
    """

    def time(self) -> float:
        """Return the time of day in seconds since the epoch."""
        return _SYSTEM.time() + _passed_over.get()

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        return _SYSTEM.monotonic() + _passed_over.get()

    def sleep(self, seconds: float, /) -> None:
        """Block for `seconds`, if the last answer was a live one."""
        if not _pass_over(seconds):
            _SYSTEM.sleep(seconds)

    async def asleep(self, seconds: float, /) -> None:
        """Wait for `seconds`, if the last answer was a live one."""
        if not _pass_over(seconds):
            await _SYSTEM.asleep(seconds)


def _pass_over(seconds: float) -> bool:
    if not _replayed.get():
        return False
    _passed_over.set(_passed_over.get() + seconds)
    return True
