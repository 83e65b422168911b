"""What may leave as a request: checked after the plugins have had their say, before a transport sees it."""

from __future__ import annotations

import re
from typing import Final

from mesa_core.errors import InvalidRequest
from mesa_core.http import Headers, Request
from mesa_core.urls import origin_of

__all__ = ["check_sendable"]

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
_VISIBLE: Final = re.compile("[!-~]+")
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_SECONDS: Final = (float, int, type(None))
_USUAL: Final = frozenset({"Accept", "Authorization", "Content-Type", "User-Agent"})
"""Names that need no look; nor does a value that is printable ASCII from edge to edge."""


def check_sendable(request: Request, *, rewritten: bool) -> None:
    """Refuse a header that would break out of its line, and a URL that a plugin has made unreadable.

    Raises:
        InvalidRequest: the field is named; its value, which may be a secret, is not shown.
    """
    if request.method not in _METHODS and not _TOKEN.fullmatch(request.method):
        raise InvalidRequest(f"method: expected a token such as GET, got {request.method!r}", field="method")
    timeout: object = request.timeout
    if not isinstance(timeout, _SECONDS):  # pyright: ignore[reportUnnecessaryIsInstance] - a plugin may not type-check
        came = type(timeout).__name__
        raise InvalidRequest(f"timeout: a plugin has set it to {came}, which is no number of seconds", field="timeout")
    _check_headers(request.headers)
    if rewritten and not (origin_of(request.url) and _VISIBLE.fullmatch(request.url)):
        raise InvalidRequest(
            "url: a plugin has set it to what is no absolute http or https URL in visible ASCII characters", field="url"
        )


def _check_headers(headers: Headers) -> None:
    # RFC 9110, section 5.5. Space at the edges is no part of a value; some libraries strip it, others show the value.
    for name, value in headers.fields():
        usual = name in _USUAL and value.__class__ is str and value.isascii() and value.isprintable()
        if usual and value == value.strip():
            continue
        if not _TOKEN.fullmatch(name):
            raise InvalidRequest(f"headers: expected a header name, got {name!r}", field="headers")
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance] - a plugin may not type-check
            raise InvalidRequest(f"headers.{name}: expected str, got {type(value).__name__}", field=f"headers.{name}")
        if not _VALUE.fullmatch(value):
            raise InvalidRequest(
                f"headers.{name}: the value holds a control character, one outside Latin-1, or white space at an edge",
                field=f"headers.{name}",
            )
