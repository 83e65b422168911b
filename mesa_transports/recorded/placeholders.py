"""What stands in the place of a secret, and where it ends.

A placeholder is `REDACTED`, words that say what it stands for, and a number: `REDACTED_API_KEY_1`. No word begins with
a digit, so that what follows a placeholder is no part of it, but for a digit: before that stands a `~`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

__all__ = ["END", "FILLER", "MASKED", "PLACEHOLDER", "WIDE_PLACEHOLDER", "Place", "filler", "in_capitals", "put_in"]

Place: TypeAlias = tuple[int, int, str]
"""Where something begins and ends in a text, and what is put there."""

MASKED: Final = "REDACTED"
"""What stands where somebody else took a secret out."""
_LONGEST_NUMBER: Final = 6
"""Digits of a placeholder's number; what has more is a number of its own, such as one of a card."""
_WORDS: Final = "(?:_[A-Z][A-Z0-9]*)"
PLACEHOLDER: Final = re.compile(rf"REDACTED(?:{_WORDS}*_[0-9]{{1,{_LONGEST_NUMBER}}}(?![0-9])|{_WORDS}+_{{0,2}})")
_WIDE_WORDS: Final = r"(?:\0_\0[A-Z](?:\0[A-Z0-9])*)"
WIDE_PLACEHOLDER: Final = re.compile(
    "\0".join("REDACTED")
    + rf"(?:{_WIDE_WORDS}*\0_(?:\0[0-9]){{1,{_LONGEST_NUMBER}}}(?!\0[0-9])|{_WIDE_WORDS}+(?:\0_){{0,2}})"
)
"""The same in UTF-16, of either order."""
END: Final = "~"
"""Ends a placeholder where a digit follows, which would be taken for one of its number, or a `~`."""
FILLER: Final = b"REDACTED_SECRET"
"""A secret within base64 has this in its place, and one or two "_" more if the rest could not stay as it is else."""
_MORE: Final = re.compile(rb"[A-Z0-9_~]")
_DIGIT: Final = re.compile("[0-9~]")


def filler(size: int, following: bytes) -> bytes:
    """Return what is put into base64 for a secret of that size: as many bytes, but for groups of three."""
    end = END.encode() if _MORE.match(following) else b""
    return FILLER + b"_" * ((size - len(FILLER) - len(end)) % 3) + end


def in_capitals(name: str) -> str:
    """Return a name as a part of a placeholder."""
    words = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
    return re.sub(r"^(?=[0-9])", "N", re.sub(r"_(?=[0-9])", "", words)) or "VALUE"


def put_in(text: str, places: Iterable[Place]) -> str:
    """Put placeholders into a text; of places that overlap, all go with the first, or the longest that begins there."""
    pieces: list[str] = []
    done = 0
    for start, end, placeholder in _merged(places):
        pieces += (text[done:start], placeholder)
        if text[start:end] != placeholder:
            pieces.append(_end(placeholder, text, end))
        done = end
    return "".join([*pieces, text[done:]])


def _merged(places: Iterable[Place]) -> Iterator[Place]:
    current: Place | None = None
    for start, end, placeholder in sorted(places, key=lambda place: (place[0], -place[1], place[2])):
        if current and start < current[1]:
            current = (current[0], max(current[1], end), current[2])
        else:
            if current:
                yield current
            current = (start, end, placeholder)
    if current:
        yield current


def _end(placeholder: str, text: str, at: int) -> str:
    """Return what keeps a placeholder from a digit that follows it there."""
    if "\0" not in placeholder:
        return END if _DIGIT.match(text, at) else ""
    if placeholder.endswith("\0"):  # of the other order, wholly
        return f"{END}\0" if _DIGIT.match(text, at) else ""
    return f"\0{END}" if text.startswith("\0", at) and _DIGIT.match(text, at + 1) else ""
