"""How a secret may be spelt: as it is, and as URLs, JSON, HTML, text files and UTF-16 spell it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Final
from urllib.parse import quote, quote_plus

__all__ = ["places_of", "spellings", "wide_spellings"]

_ESCAPE: Final = re.compile(r"%[0-9A-F]{2}")
_QUOTERS: Final = (
    partial(quote, safe=""),
    quote,
    quote_plus,
    partial(quote, safe="!~*'()"),  # as `encodeURIComponent` does
    partial(quote, safe="!~*'();/?:@&=+$,#"),  # as `encodeURI` does
)
_JSON_IN_HTML: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027", "+": "\\u002b"})
_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_NUMBERED: Final = _HTML | str.maketrans({'"': "&#34;", "'": "&#39;"})
_TABLES: Final = (
    _NUMBERED,
    _NUMBERED | str.maketrans({"+": "&#43;"}),  # as Go does
    _HTML | str.maketrans({'"': "&quot;", "'": "&#39;"}),  # as PHP and many in JavaScript do
    _HTML | str.maketrans({'"': "&quot;", "'": "&apos;"}),  # as XML has it
)


def spellings(secret: str) -> Iterator[str]:
    """Yield how a secret may be spelt, in some ways more than once."""
    yield secret
    for percent in _QUOTERS:
        encoded = percent(secret, errors="surrogatepass")
        yield encoded
        yield _ESCAPE.sub(lambda escape: escape[0].lower(), encoded)
    for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield escaped
        yield escaped.replace("/", "\\/")
        yield from _in_html(escaped)
    yield html.escape(secret)
    yield html.escape(secret, quote=False)
    yield from map(secret.translate, _TABLES)
    yield secret.replace("\r\n", "\n")
    yield secret.replace("\r\n", "\n").replace("\n", "\r\n")


def _in_html(escaped: str) -> Iterator[str]:
    """Yield what JSON is that may stand in HTML: some escape less of it than others."""
    for kept in ("'+", "+", ""):
        yield escaped.translate({each: to for each, to in _JSON_IN_HTML.items() if chr(each) not in kept})


def wide_spellings(secret: str, placeholder: str) -> Iterator[tuple[str, str]]:
    """Yield a secret and its placeholder in UTF-16, a character a byte."""
    if max(secret) <= "\xff":  # in either order, wherever it begins
        yield "\0".join(secret), "\0".join(placeholder)
        return
    for order in ("utf-16-le", "utf-16-be"):
        octets = secret.encode(order, "surrogatepass")
        yield octets.decode("latin-1"), placeholder.encode(order).decode("latin-1")


def places_of(part: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where a part of a text begins and ends, however often, also where it overlaps itself."""
    start = text.find(part)
    while start >= 0:
        yield start, start + len(part)
        start = text.find(part, start + 1)
