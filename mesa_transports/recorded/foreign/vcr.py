"""Reads the cassettes of VCR.py: as YAML or as JSON, and as its stubs for each HTTP library write them."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast
from urllib.parse import urldefrag

from attrs import frozen

from mesa_core.http import Headers, Request, Response
from mesa_core.strict import Mismatch, string
from mesa_core.urls import origin_of
from mesa_transports.recorded.foreign.encodings import without_encoding
from mesa_transports.recorded.foreign.traffic import (
    NO_ANSWER_OF_ITS_OWN,
    NOT_HTTP,
    Exchange,
    Traffic,
    Unreadable,
    as_model,
    bytes_of,
    inside,
)
from mesa_transports.recorded.moments import in_utc

__all__ = ["read_vcr"]

_WRAPPINGS: Final = frozenset({"string", "base64_string", "encoding"})


# `Any` in these: what is read by hand below.
@frozen(kw_only=True)
class _Request:
    method: str
    uri: str
    headers: Any = None
    body: Any = None


@frozen(kw_only=True)
class _Status:
    code: int


@frozen(kw_only=True)
class _Response:
    status: _Status | None = None
    body: Any = None
    headers: Any = None
    status_code: int | None = None
    """In the place of `status`, as the stub for httpx wrote it before VCR.py 6."""
    content: Any = None
    """In the place of `body`, likewise."""


@frozen(kw_only=True)
class _Interaction:
    request: _Request
    response: _Response


@frozen(kw_only=True)
class _Cassette:
    interactions: tuple[_Interaction, ...]
    version: int


def read_vcr(document: Any, written: datetime) -> Traffic:
    """Return the exchanges of a cassette's document. `Any`: JSON or YAML of any shape.

    A cassette has no times of its own: an answer's Date header tells, or when the file was written.

    Raises:
        Unreadable: it is no cassette of version 1.
    """
    cassette = as_model(document, _Cassette)
    if cassette.version != 1:
        raise Unreadable("version", f"expected 1, got {cassette.version}")
    left_out = Counter[str]()
    exchanges: list[Exchange] = []
    for index, each in enumerate(cassette.interactions):
        with inside(f"interactions[{index}]"):
            exchange = _exchange(each, written)
        if not origin_of(exchange.request.url):
            left_out[NOT_HTTP] += 1
        elif exchange.response.status_code in range(300, 400):
            left_out[NO_ANSWER_OF_ITS_OWN] += 1
        else:
            exchanges.append(exchange)
    return Traffic(exchanges=tuple(exchanges), left_out=left_out)


def _exchange(interaction: _Interaction, written: datetime) -> Exchange:
    with inside("request"):
        request = _request(interaction.request)
    with inside("response"):
        response = _response(interaction.response)
    return Exchange(request=request, response=response, at=_moment(response.headers) or written)


def _request(request: _Request) -> Request:
    with inside("headers"):
        headers = _headers(request.headers)
    with inside("body"):
        content = _content(request.body)
    return Request(request.method, urldefrag(request.uri).url, headers, content)


def _response(response: _Response) -> Response:
    status = response.status.code if response.status else response.status_code
    if status is None:
        raise Unreadable("status", "required, but missing")
    with inside("headers"):
        headers = _headers(response.headers)
    with inside("body"):
        body = (response.body if response.content is None else response.content) or None
        content = without_encoding(_content(body), headers.get("Content-Encoding", ""))
    return Response(status, headers, content)


def _headers(value: Any) -> Headers:
    if value is None:
        return Headers()
    if value.__class__ is not dict:
        raise Mismatch("an object of header fields", value)
    return Headers(_fields(value))


def _fields(values: dict[Any, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        each: Any
        for each in value if value.__class__ is list else [value]:
            yield _text(name), _text(each)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")  # as header fields are read, when they are no ASCII
    return string(value, str)


def _content(value: Any) -> bytes:
    """Return a body in any of the forms that the stubs store."""
    if value is None or isinstance(value, bytes):
        return value or b""
    if isinstance(value, str):
        return bytes_of(value)
    if value.__class__ is dict and value and value.keys() <= _WRAPPINGS:
        wrapped = cast("dict[str, Any]", value)
        if "base64_string" in wrapped:
            return base64.b64decode(wrapped["base64_string"], validate=True)
        return _content(wrapped.get("string"))
    return json.dumps(value).encode()  # the stub for aiohttp stores what was given to it as `json`


def _moment(headers: Headers) -> datetime | None:
    try:
        return in_utc(parsedate_to_datetime(headers["Date"]))
    except (KeyError, ValueError, OverflowError):  # of a year that no number of C holds
        return None
