"""What became of an attempt or of a call, in the words that records and spans share."""

from __future__ import annotations

from typing import Final

__all__ = ["CANCELLED", "was_cancelled"]

CANCELLED: Final = "cancelled"


def was_cancelled(outcome: object) -> bool:
    """Tell whether the caller gave up: an attempt then ends in a stand-in for what closed the call."""
    cause = outcome.__cause__ if isinstance(outcome, Exception) else outcome
    return isinstance(cause, GeneratorExit)
