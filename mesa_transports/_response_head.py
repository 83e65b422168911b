"""Reads the header fields of a response for http.client, which spends a fifth of a call on them.

The standard library hands them to its parser of e-mail. Where all are there already, and spelled as HTTP asks, they are
read here, to the same values; otherwise the standard library reads them, and they are what it makes of them.
"""

from __future__ import annotations

import http.client
import io
import re
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final, cast

__all__ = ["begin", "parse_headers"]

_FIELD: Final = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n\v\f\x1c-\x1e\x85]*)\r\n")
"""A field on one line (RFC 9112, section 5); to the parser of e-mail, more characters end one, such as form feed."""
_MOST: Final = 99  # the standard library refuses more than 100 lines


def parse_headers(reader: io.BufferedReader, **how: Any) -> http.client.HTTPMessage:
    """Return the fields up to the empty line that ends them, as `http.client.parse_headers` does.

    Args:
        reader: Stands at the first field, and is moved past the empty line.
        how: Whatever `http.client.parse_headers` takes; `Any`, as it depends on the version of Python.

    Raises:
        http.client.HTTPException: there are too many, or one is too long.
    """
    there, found, _ = reader.peek().partition(b"\r\n\r\n")
    message = http.client.HTTPMessage()
    if found and set(how.values()) <= {None}:
        text = f"{there.decode('latin-1')}\r\n"
        end = fields = 0
        while (matched := _FIELD.match(text, end)) is not None:
            message.set_raw(*matched.groups())
            end, fields = matched.end(), fields + 1
        if end == len(text) and fields <= _MOST:
            reader.read(len(text) + 2)
            message.set_payload("")
            return message
    return cast("http.client.HTTPMessage", http.client.parse_headers(reader, **how))


_BEGIN: Final = http.client.HTTPResponse.begin
begin: Final[Callable[..., None]] = FunctionType(
    _BEGIN.__code__,
    {**vars(http.client), parse_headers.__name__: parse_headers},
    argdefs=_BEGIN.__defaults__,
    closure=_BEGIN.__closure__,
)
"""The standard library's `HTTPResponse.begin`, whose every decision it keeps, with the fields read by the above."""
begin.__kwdefaults__ = _BEGIN.__kwdefaults__
