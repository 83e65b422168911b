"""How JSON is spelt: white space and escapes, so that what is kept as its meaning can be given back to the byte.

A spelling is named in a few words, such as "spaces newline"; the empty one is the shortest form there is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, Final

__all__ = ["is_spelling", "spell", "spelling_of"]

_FIRST_LINE: Final = re.compile(r"[\[{]\n( +|\t)")
_ESCAPES: Final = {
    "slashes": (("/", "\\/"),),  # as PHP does
    "html": (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")),
}
"""What else is escaped in strings, by its word. The second is what Go does."""
_WORDS: Final = re.compile(r"(?:spaces|indent-(?:[1-8]|tab)|ascii|slashes|html|newline)(?: (?!$)|$)")


def is_spelling(text: str) -> bool:
    """Tell whether a text names a spelling."""
    at = 0
    while at < len(text) and (found := _WORDS.match(text, at)):
        at = found.end()
    return at == len(text)


def spell(value: Any, spelling: str = "") -> str:  # `Any`: JSON
    """Return JSON as it was spelt."""
    if not spelling:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    indent, separators, words = _layout(spelling)
    text = json.dumps(value, ensure_ascii="ascii" in words, indent=indent, separators=separators)
    for word, pairs in _ESCAPES.items():
        if word in words:
            for plain, escaped in pairs:  # which stand in strings alone
                text = text.replace(plain, escaped)
    return text + "\n" if "newline" in words else text


@lru_cache(maxsize=64)
def _layout(spelling: str) -> tuple[str | int | None, tuple[str, str], Sequence[str]]:
    words = spelling.split()
    for word in words:
        if word.startswith("indent-"):
            size = word.removeprefix("indent-")
            return "\t" if size == "tab" else int(size), (",", ": "), words
    return None, (", ", ": ") if "spaces" in words else (",", ":"), words


def spelling_of(text: str, value: Any) -> str | None:  # `Any`: JSON
    """Return how a text spells JSON; None where it does so in a way that has no name here."""
    return next((each for each in _likely(text) if spell(value, each) == text), None)


def _likely(text: str) -> Iterator[str]:
    """Yield the spellings that a text looks like."""
    first_line = _FIRST_LINE.match(text)
    if first_line:
        layouts = ["indent-tab" if first_line[1] == "\t" else f"indent-{len(first_line[1])}"]
    else:
        layouts = ["", "spaces"] if ", " in text or ": " in text else [""]
    is_narrow = "\\u" in text and text.isascii()
    # What looks like an escape may be a text's own, after a backslash that is escaped.
    escapes = [_perhaps(word, any(each in text for _, each in pairs)) for word, pairs in _ESCAPES.items()]
    ending = ["newline" if text.endswith("\n") else ""]
    for words in product(layouts, _perhaps("ascii", is_narrow), *escapes, ending):
        yield " ".join(filter(None, words))


def _perhaps(word: str, is_likely: bool) -> Sequence[str]:  # noqa: FBT001 - private, and read at a glance
    return (word, "") if is_likely else ("",)
