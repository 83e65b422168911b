"""Moments as they stand in recordings, which is in UTC: near the calendar's ends, an offset leaves the calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mesa_core.strict import Mismatch, instant

__all__ = ["in_utc", "read_moment", "spelt"]


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC.

    Raises:
        ValueError: its year would be none of 1 to 9999.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"expected a date-time of the years 1 to 9999 in UTC, got {moment.isoformat()!r}") from None


def spelt(moment: datetime) -> str:
    """Return a moment as a text; raises as `in_utc` does."""
    return in_utc(moment).isoformat().replace("+00:00", "Z")


def read_moment(value: Any, kind: Any = datetime) -> datetime:  # `Any`: JSON of any shape, and a hook of cattrs
    """Return a moment as it stands in a file; raises `Mismatch`."""
    moment = instant(value, kind)
    try:
        in_utc(moment)
    except ValueError:
        raise Mismatch("a date-time of the years 1 to 9999 in UTC", value, show=True) from None
    return moment
