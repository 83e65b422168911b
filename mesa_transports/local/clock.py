"""Time: the default clock, and instants as the contract writes them (RFC 3339, UTC, Z)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeAlias

__all__ = ["Clock", "instant", "parsed_instant", "system_clock"]

Clock: TypeAlias = Callable[[], datetime]
"""Returns the present as an aware datetime."""

_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_FRACTION: Final = re.compile(r"(?<=\.)\d+")


def system_clock() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


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
