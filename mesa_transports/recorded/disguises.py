"""Finds known secrets in texts and bytes: as they are, and as URLs, JSON, HTML and base64 spell them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from copy import copy
from threading import Lock
from typing import Final, TypeAlias

from mesa_transports.recorded.codes import BASE64, Code, of_base64
from mesa_transports.recorded.placeholders import END, PLACEHOLDER, WIDE_PLACEHOLDER, Place, put_in
from mesa_transports.recorded.spellings import places_of, spellings, wide_spellings

__all__ = [
    "BASE64",
    "PLACEHOLDER",
    "SHORTEST",
    "WIDE_PLACEHOLDER",
    "Disguises",
    "Partly",
    "alike",
    "alike_in_base64",
    "holds_placeholders",
    "may_hold_placeholders",
    "of_base64",
    "placeholders_in",
    "runs_of_base64",
]

SHORTEST: Final = 8
"""Characters of a secret that is looked for inside of other text; a shorter one must be all of it."""
Spelling: TypeAlias = tuple[str, str]
"""How a secret can be spelt, and its placeholder."""
Partly: TypeAlias = tuple[bytes, ...]
"""Secrets without the others in them, as UTF-8."""

_ANY: Final = re.compile(rf"{PLACEHOLDER.pattern}(?=([A-Z0-9_~]?))")
"""A placeholder, and what would be taken for a part of what all are made."""
_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_PLACEHOLDERS: Final = tuple(code.core for code in Code.all_of(b"REDACTED_"))
_SIGNS: Final = tuple(each.encode() for each in ("REDACTED_", "\0".join("REDACTED_"), *_PLACEHOLDERS))


def alike(text: str) -> str:
    """Make all placeholders equal: which number a secret was given is no part of what a message means."""
    if "REDACTED_" in text:
        text = _ANY.sub(lambda found: f"REDACTED{END}" if found[1] else "REDACTED", text)
    if len(text) < len(_PLACEHOLDERS[0]):
        return text
    if "\0" in text:
        text = WIDE_PLACEHOLDER.sub("REDACTED", text)
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
        self._codes: tuple[Code, ...] = ()
        self._passes = 1
        """Two, where a secret is known as it stands without another one: that one is taken out first."""

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

    def copy(self) -> Disguises:
        """Return one that knows the same, and learns by itself."""
        made = copy(self)
        made.renew()
        return made

    def partly(self, secret: str) -> Partly:
        """Return a secret as it stands where others in it were taken out before."""
        data = _bytes(secret)
        texts = [_bytes(self.without(secret))] if self._spellings else []
        for before in range(3) if self._codes else ():
            spelt = base64.b64encode(bytes(before) + data).decode()
            texts.append(of_base64(self._without_codes(spelt))[before:])
        return tuple(each for each in dict.fromkeys(texts) if each != data and _has_more(each))

    def learn(self, secret: str, placeholder: str, partly: Partly = ()) -> None:
        """Know a secret from now on."""
        forms = [secret, *(each.decode(errors="replace") for each in partly)]
        spelt = dict.fromkeys(each for form in forms for each in spellings(form))
        octets = [(_octets(each), placeholder) for each in spelt]
        octets += [pair for form in forms for pair in wide_spellings(form, placeholder)]
        codes = [code for data in (_bytes(secret), *partly) for code in Code.all_of(data)]
        with self._lock:
            self._issued = {**self._issued, placeholder: placeholder}
            self._spellings = _longest_first(self._spellings, ((each, placeholder) for each in spelt))
            self._octets = _longest_first(self._octets, octets)
            self._codes = (*self._codes, *codes)
            self._passes = 2 if partly else self._passes

    def without(self, text: str) -> str:
        """Return a text without the secrets; that text itself, if there are none in it."""
        for spelling, _ in self._spellings:
            if spelling in text:
                for _ in range(self._passes):
                    text = put_in(text, self._places(text, self._spellings))
                break
        return self._without_codes(text)

    def _places(self, text: str, known: tuple[Spelling, ...]) -> list[Place]:
        return [
            (start, end, placeholder)
            for spelling, placeholder in [*self._issued.items(), *known]
            for start, end in places_of(spelling, text)
        ]

    def _without_codes(self, text: str) -> str:
        for code in self._codes:
            if code.core in text:
                text = code.without(text, self._issued)
        if "\n" in text and self._codes:
            joined = "".join(text.split())
            for code in self._codes:
                if code.core in joined:
                    text = code.without_in_lines(text, self._issued)
                    joined = "".join(text.split())
        return text

    def without_bytes(self, data: bytes) -> bytes:
        """Return bytes without the secrets; those bytes themselves, if there are none in them."""
        needles = [octets for octets, _ in self._octets] + [code.core for code in self._codes]
        if not any(needle.encode("latin-1") in data for needle in needles):
            return data
        text = data.decode("latin-1")
        for _ in range(self._passes):
            text = put_in(text, self._places(text, self._octets))
        return self._without_codes(text).encode("latin-1")


def _has_more(data: bytes) -> bool:
    """Tell whether there is more than placeholders in a text."""
    return bool(PLACEHOLDER.sub("", data.decode("latin-1")).strip(END))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _octets(text: str) -> str:
    """Return the bytes of a text, a character each."""
    return _bytes(text).decode("latin-1")


def _longest_first(known: tuple[Spelling, ...], more: Iterable[Spelling]) -> tuple[Spelling, ...]:
    """Return all of them; of two placeholders of one spelling, the first stays."""
    return tuple(sorted({**dict(more), **dict(known)}.items(), key=lambda pair: (-len(pair[0]), pair)))
