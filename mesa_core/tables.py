"""Plain text tables, for people who print what there is."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["table"]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under their head, in columns two spaces apart; the last one is as wide as it comes."""
    every = [head, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(head) - 1)]
    return "\n".join("  ".join([*map(str.ljust, row, widths), row[-1]]).rstrip() for row in every)
