"""Finds known secrets in texts and bytes: as they are, and as URLs, JSON, HTML and base64 spell them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from threading import Lock
from typing import Final, Self, TypeAlias
from urllib.parse import quote, quote_plus

from attrs import frozen

__all__ = [
    "BASE64",
    "PLACEHOLDER",
    "SHORTEST",
    "URL_SAFE",
    "Disguises",
    "alike",
    "alike_in_base64",
    "holds_placeholders",
    "may_hold_placeholders",
    "of_base64",
    "placeholders_in",
    "runs_of_base64",
]

PLACEHOLDER: Final = re.compile(r"REDACTED_[A-Z0-9_]+")
_IN_BASE64: Final = b"REDACTED_SECRET"
"""A secret within base64 has this in its place, and one or two "_" more if the rest could not stay as it is else."""
SHORTEST: Final = 8
"""Characters of a secret that is looked for inside of other text; a shorter one must be all of it."""
_SHORTEST_CORE: Final = 8
_ESCAPE: Final = re.compile(r"%[0-9A-F]{2}")
BASE64: Final = re.compile(r"(?=.{16})(?:[A-Za-z0-9+/\r\n]+={0,2}\s*|[A-Za-z0-9_-]+={0,2})", re.DOTALL)
"""What may be base64 and long enough to hold a secret."""
URL_SAFE: Final = str.maketrans("+/", "-_")
_STANDARD: Final = str.maketrans("-_", "+/")
Spelling: TypeAlias = tuple[str, str]
"""How a secret can be spelt, and its placeholder."""


@frozen
class _Code:
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

    def without(self, text: str) -> str:
        """Return a text without the secret."""
        start = text.find(self.core)
        while start >= 0:
            begin, end, instead = self._replacement(text, start)
            text = text[:begin] + instead + text[end:]
            start = text.find(self.core, begin)
        return text

    def without_in_lines(self, text: str) -> str:
        """Return a text without the secret, where the base64 is broken into lines."""
        joined = "".join(text.split())
        while (start := joined.find(self.core)) >= 0:
            begin, end, instead = self._replacement(joined, start)
            places = [place for place, character in enumerate(text) if not character.isspace()]
            text = text[: places[begin]] + instead + text[places[end - 1] + 1 :]
            joined = "".join(text.split())
        return text

    def _replacement(self, text: str, start: int) -> tuple[int, int, str]:
        """Return where the groups that hold the secret begin and end, and the same groups without it."""
        begin, size = start - self.skipped, self.offset + len(self.secret)
        end = begin + -(-size // 3) * 4
        groups = re.split("[^A-Za-z0-9+/_-]", text[begin:end], maxsplit=1)[0] if begin >= 0 else ""
        data = of_base64(groups)
        if data[self.offset : size] != self.secret:  # a piece of base64 that was cut somewhere
            return start, start + len(self.core), _IN_BASE64.decode()
        # As many bytes too many or too few for groups of three: so what follows stays as it is.
        filler = _IN_BASE64 + b"_" * ((len(self.secret) - len(_IN_BASE64)) % 3)
        spelt = base64.b64encode(data[: self.offset] + filler + data[size:]).decode().rstrip("=")
        return begin, begin + len(groups), spelt.translate(URL_SAFE) if "-" in groups or "_" in groups else spelt


def of_base64(text: str) -> bytes:
    """Return what base64 means, in whichever alphabet, padded or not; nothing for a text that is none."""
    letters = "".join(text.split()).rstrip("=").translate(_STANDARD)
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4))
    except ValueError:
        return b""


_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_WIDE_PLACEHOLDER: Final = re.compile("\0".join("REDACTED_") + r"(?:\0[A-Z0-9_])+")
_PLACEHOLDERS: Final = tuple(code.core for code in _Code.all_of(b"REDACTED_"))
_SIGNS: Final = tuple(each.encode() for each in ("REDACTED_", "\0".join("REDACTED_"), *_PLACEHOLDERS))


def alike(text: str) -> str:
    """Make all placeholders equal: which number a secret was given is no part of what a message means."""
    if "REDACTED_" in text:
        text = PLACEHOLDER.sub("REDACTED", text)
    if len(text) < len(_PLACEHOLDERS[0]):
        return text
    if "\0" in text:
        text = _WIDE_PLACEHOLDER.sub("REDACTED", text)
    if any(core in text for core in _PLACEHOLDERS):  # in whatever base64: of another length, if the secret was
        return _meant(text) if BASE64.fullmatch(text) else _RUN.sub(lambda run: _meant(run[0]), text)
    return text


def alike_in_base64(text: str) -> str:
    """Make all placeholders equal in what is base64 as a whole, where base64 in it may hold them, too."""
    return _meant(text) if "REDACTED_" not in text and BASE64.fullmatch(text) else alike(text)


def _meant(text: str) -> str:
    """Return what base64 holds, if there are placeholders in it."""
    data = of_base64(text).decode("latin-1")
    clean = alike(data)
    return text if clean == data else clean


def holds_placeholders(text: str) -> bool:
    """Tell whether there are placeholders in a text, in whatever base64."""
    return alike(text) != text


def runs_of_base64(text: str, instead: str) -> str:
    """Put something in the place of all base64 in a text that holds placeholders."""
    return _RUN.sub(lambda run: run[0] if "REDACTED_" in run[0] or _meant(run[0]) == run[0] else instead, text)


def may_hold_placeholders(data: bytes) -> bool:
    """Tell whether there may be placeholders in bytes, without a copy of them."""
    return any(each in data for each in _SIGNS)


def placeholders_in(text: str) -> set[str]:
    """Return the placeholders in a text, and in what is base64 in it."""
    found = set(PLACEHOLDER.findall(text))
    if any(core in text for core in _PLACEHOLDERS):
        for run in _RUN.findall(text):
            found.update(PLACEHOLDER.findall(of_base64(run).decode("latin-1")))
    return found


class Disguises:
    """Knows secrets, and puts their placeholders in their places. Safe to share among threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._issued: dict[str, str] = {}
        self._spellings: tuple[Spelling, ...] = ()
        self._octets: tuple[Spelling, ...] = ()
        self._codes: tuple[_Code, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._spellings)

    def renew(self) -> object:
        """Start anew in a forked child."""
        lock, self._lock = self._lock, Lock()
        return lock

    def empty(self) -> Disguises:
        """Return one that knows no secrets, but takes no part of these placeholders for one."""
        made = Disguises()
        made._issued = self._issued
        return made

    def learn(self, secret: str, placeholder: str) -> None:
        """Know a secret from now on."""
        spellings = dict.fromkeys(_spellings(secret))
        octets = [(_octets(spelling), placeholder) for spelling in spellings]
        octets += _in_utf_16(secret, placeholder)
        with self._lock:
            self._issued = {**self._issued, placeholder: placeholder}
            self._spellings = _longest_first((*self._spellings, *((spelling, placeholder) for spelling in spellings)))
            self._octets = _longest_first((*self._octets, *octets))
            self._codes = (*self._codes, *_Code.all_of(secret.encode(errors="surrogatepass")))

    def without(self, text: str) -> str:
        """Return a text without the secrets; that text itself, if there are none in it."""
        for spelling, _ in self._spellings:
            if spelling in text:
                text = _without(text, self._spellings, self._issued)
                break
        return self._without_codes(text)

    def _without_codes(self, text: str) -> str:
        for code in self._codes:
            if code.core in text:
                text = code.without(text)
        if "\n" in text and self._codes:
            joined = "".join(text.split())
            for code in self._codes:
                if code.core in joined:
                    text = code.without_in_lines(text)
        return text

    def without_bytes(self, data: bytes) -> bytes:
        """Return bytes without the secrets; those bytes themselves, if there are none in them."""
        needles = [octets for octets, _ in self._octets] + [code.core for code in self._codes]
        if not any(needle.encode("latin-1") in data for needle in needles):
            return data
        text = _without(data.decode("latin-1"), self._octets, self._issued)
        return self._without_codes(text).encode("latin-1")


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    for percent in (partial(quote, safe=""), quote, quote_plus):
        encoded = percent(secret, errors="surrogatepass")
        yield encoded
        yield _ESCAPE.sub(lambda escape: escape[0].lower(), encoded)
    for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield escaped
        yield escaped.replace("/", "\\/")
    yield html.escape(secret)
    yield html.escape(secret, quote=False)
    yield secret.replace("\r\n", "\n")
    yield secret.replace("\r\n", "\n").replace("\n", "\r\n")


def _octets(text: str) -> str:
    """Return the bytes of a text, a character each."""
    return text.encode(errors="surrogatepass").decode("latin-1")


def _in_utf_16(secret: str, placeholder: str) -> Iterator[Spelling]:
    if max(secret) <= "\xff":  # in either order, wherever it begins
        yield "\0".join(secret), "\0".join(placeholder)
        return
    for order in ("utf-16-le", "utf-16-be"):
        octets = secret.encode(order, "surrogatepass")
        yield octets.decode("latin-1"), placeholder.encode(order).decode("latin-1")


def _longest_first(spellings: Iterable[Spelling]) -> tuple[Spelling, ...]:
    return tuple(sorted(dict(reversed(list(spellings))).items(), key=lambda pair: (-len(pair[0]), pair)))


def _without(text: str, spellings: tuple[Spelling, ...], issued: dict[str, str]) -> str:
    """Put placeholders in; a secret that is a part of another, or of a placeholder, goes with that."""
    found = [
        (start, -start - len(spelling), placeholder)
        for spelling, placeholder in [*issued.items(), *spellings]
        for start in _places(spelling, text)
    ]
    pieces: list[str] = []
    done = 0
    for start, minus_end, placeholder in sorted(found):
        if start >= done:
            pieces += (text[done:start], placeholder)
        done = max(done, -minus_end)
    return "".join([*pieces, text[done:]])


def _places(part: str, text: str) -> Iterator[int]:
    start = text.find(part)
    while start >= 0:
        yield start
        start = text.find(part, start + 1)
