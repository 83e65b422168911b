"""Finds known secrets in base64, whatever is around them there."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Final, Self

from attrs import frozen

from mesa_transports.recorded.placeholders import END, FILLER, filler

__all__ = ["BASE64", "URL_SAFE", "Code", "of_base64"]

_SHORTEST_CORE: Final = 8
BASE64: Final = re.compile(r"(?=.{16})(?:[A-Za-z0-9+/\r\n]+={0,2}\s*|[A-Za-z0-9_-]+={0,2})", re.DOTALL)
"""What may be base64 and long enough to hold a secret."""
URL_SAFE: Final = str.maketrans("+/", "-_")
_STANDARD: Final = str.maketrans("-_", "+/")
_LETTERS: Final = re.compile(r"[A-Za-z0-9+/_-]*")
_SHARED: Final = 4
"""Characters of a replacement that the next secret may begin in: those of a group that holds both."""
_FILLERS: Final = tuple(FILLER + end for end in (b"__" + END.encode(), b"__", b"_" + END.encode()))


@frozen
class Code:
    """A secret in base64, whatever is around it: the characters that it alone decides.

    There are three for each secret: base64 is made of groups of three bytes, and it can begin at each of them.
    """

    core: str
    skipped: int
    """Characters of the first group before the core."""
    secret: bytes
    offset: int
    """Bytes of the first group before the secret."""

    @classmethod
    def all_of(cls, secret: bytes) -> Iterator[Self]:
        """Yield those that are long enough not to be there by chance."""
        for offset, skipped in enumerate((0, 2, 3)):
            spelt = base64.b64encode(bytes(offset) + secret).decode()
            core = spelt[skipped : (offset + len(secret)) * 8 // 6]
            if len(core) >= _SHORTEST_CORE:
                for alphabet in dict.fromkeys((core, core.translate(URL_SAFE))):
                    yield cls(alphabet, skipped, secret, offset)

    def without(self, text: str, issued: Iterable[str] = ()) -> str:
        """Return a text without the secret, but for where it is a part of a placeholder that was issued."""
        start = text.find(self.core)
        while start >= 0:
            if self._is_in_placeholder(text, start, issued):
                start = text.find(self.core, start + 1)
                continue
            begin, end, instead = self._replacement(text, start)
            text = text[:begin] + instead + text[end:]
            # Never again within what was put in: the secret may be a part of that.
            start = text.find(self.core, begin + len(instead) - _SHARED)
        return text

    def without_in_lines(self, text: str, issued: Iterable[str] = ()) -> str:
        """Return a text without the secret, where the base64 is broken into lines."""
        joined = "".join(text.split())
        start = joined.find(self.core)
        while start >= 0:
            if self._is_in_placeholder(joined, start, issued):
                start = joined.find(self.core, start + 1)
                continue
            begin, end, instead = self._replacement(joined, start)
            places = [place for place, character in enumerate(text) if not character.isspace()]
            text = text[: places[begin]] + instead + text[places[end - 1] + 1 :]
            joined = "".join(text.split())
            start = joined.find(self.core, begin + len(instead) - _SHARED)
        return text

    def _replacement(self, text: str, start: int) -> tuple[int, int, str]:
        """Return where the groups that hold the secret begin and end, and the same groups without it."""
        begin, size = start - self.skipped, self.offset + len(self.secret)
        end = begin + -(-size // 3) * 4
        groups = _letters(text, begin, end)
        data = of_base64(groups)
        if data[self.offset : size] != self.secret:  # a piece of base64 that was cut somewhere
            return start, start + len(self.core), FILLER.decode()
        following = data[size:] or of_base64(_letters(text, end, end + 4))
        instead = data[: self.offset] + filler(len(self.secret), following) + data[size:]
        spelt = base64.b64encode(instead).decode().rstrip("=")
        return begin, begin + len(groups), spelt.translate(URL_SAFE) if "-" in groups or "_" in groups else spelt

    def _is_in_placeholder(self, text: str, start: int, issued: Iterable[str]) -> bool:
        whole = [each for each in (*(each.encode() for each in issued), *_FILLERS) if self.secret in each]
        return any(self._is_within(each, text, start - self.skipped) for each in whole)

    def _is_within(self, placeholder: bytes, text: str, begin: int) -> bool:
        """Tell whether the secret at that group is a part of a placeholder."""
        at = placeholder.find(self.secret)
        while at >= 0:
            groups = max(0, -(-(at - self.offset) // 3))
            before = begin - groups * 4
            first = self.offset + groups * 3 - at
            data = of_base64(_letters(text, before, before + -(-(first + len(placeholder)) // 3) * 4))
            if data[first : first + len(placeholder)] == placeholder:
                return True
            at = placeholder.find(self.secret, at + 1)
        return False


def _letters(text: str, begin: int, end: int) -> str:
    """Return what is base64 from there on, up to an end."""
    found = _LETTERS.match(text, begin, end) if begin >= 0 else None
    return found[0] if found else ""


def of_base64(text: str) -> bytes:
    """Return what base64 means, in whichever alphabet, padded or not; nothing for a text that is none."""
    letters = "".join(text.split()).rstrip("=").translate(_STANDARD)
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4))
    except ValueError:
        return b""
