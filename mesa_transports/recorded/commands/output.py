"""How the commands speak: a line at a time, and nothing in it that could move a terminal's cursor."""

from __future__ import annotations

import sys
from typing import TextIO

__all__ = ["counted", "note", "say"]


def say(line: str) -> None:
    """Print a line of what was asked for."""
    _print(line, sys.stdout)


def note(line: str) -> None:
    """Print a line beside it, on standard error."""
    _print(f"mesa_transports.recorded: {line}", sys.stderr)


def counted(number: int, thing: str) -> str:
    """Return "1 finding", "2 findings"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _print(line: str, stream: TextIO) -> None:
    encoding = stream.encoding or "utf-8"
    # Files hold what others wrote: control characters, lone surrogates, and what this terminal has no character for.
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)
    print(shown.encode(encoding, "backslashreplace").decode(encoding), file=stream)
