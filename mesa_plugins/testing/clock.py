"""A clock that a test owns."""

from __future__ import annotations

import threading
from typing import Final

__all__ = ["FakeClock"]

_LOCK: Final = threading.Lock()  # the module's, so that a clock pickles with its client


class FakeClock:
    """Time passes when somebody waits on it, which takes no time, and when a test says so.

    Example:
        >>> clock = FakeClock()
        >>> clock.sleep(2.5)
        >>> clock.advance(60)
        >>> clock.monotonic(), clock.waits
        (62.5, [2.5])
    """

    def __init__(self) -> None:
        self.now = 0.0
        """Seconds that have passed."""
        self.waits: list[float] = []
        """The waits that were made, in seconds."""

    def time(self) -> float:
        """Return the time of day in seconds since the epoch; it begins at 2027-01-15 08:00 UTC."""
        return 1_800_000_000 + self.now

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self.now

    def sleep(self, seconds: float, /) -> None:
        """Note a wait, and let its time pass."""
        self.waits.append(seconds)
        self.advance(seconds)

    async def asleep(self, seconds: float, /) -> None:
        """Note a wait of `async` code, and let its time pass. Others get their turn, and may cancel it."""
        from anyio.lowlevel import checkpoint  # noqa: PLC0415 - only async code pays for it

        self.sleep(seconds)
        await checkpoint()

    def advance(self, seconds: float) -> None:
        """Let time pass, as a slow server would."""
        with _LOCK:
            self.now += seconds
