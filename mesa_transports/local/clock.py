"""Time: the default clock, one that a test moves, and instants as the contract writes them (RFC 3339, UTC, Z)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

__all__ = ["Clock", "ManualClock", "instant", "parsed_instant", "system_clock"]

Clock: TypeAlias = Callable[[], datetime]
"""Returns the present as an aware datetime."""

_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_FRACTION: Final = re.compile(r"(?<=\.)\d+")


def system_clock() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


class ManualClock:
    """A clock that stands until a test moves it.

    Args:
        now: Where it begins, an aware datetime; without one, where `mesa_plugins.testing.FakeClock` begins.

    Example:
        >>> clock = ManualClock()
        >>> clock.advance(90)
        >>> clock.advance(timedelta(hours=1))
        >>> clock().isoformat()
        '2027-01-15T09:01:30+00:00'
    """

    def __init__(self, now: datetime = datetime(2027, 1, 15, 8, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the present."""
        return self.now

    def advance(self, by: float | timedelta) -> None:
        """Let time pass, in seconds where it is a number."""
        self.now += by if isinstance(by, timedelta) else timedelta(seconds=by)


def instant(moment: datetime, timespec: str = "milliseconds") -> str:
    """Write a moment as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def parsed_instant(text: str) -> datetime | None:
    """Read an RFC 3339 instant; None when it is not one that git can keep."""
    if not _RFC_3339.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(lambda match: match[0][:6], text.upper()))
        return moment if moment.timestamp() >= 0 else None
    except (ValueError, OverflowError):
        return None
