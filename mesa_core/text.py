"""Text that others wrote, made fit for a message of ours."""

from __future__ import annotations

__all__ = ["one_line"]


def one_line(text: str) -> str:
    """Fold white space and control characters, which could move a terminal's cursor."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
