"""Reads HAR 1.2, which browsers and proxies write."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Container
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urldefrag, urlencode

from attrs import frozen

from mesa_core.http import Headers, Request, Response
from mesa_core.urls import origin_of
from mesa_core.wire import Wire
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

__all__ = ["read_har"]


@frozen(kw_only=True)
class _Pair:
    name: str
    value: str = ""


@frozen(kw_only=True)
class _PostData:
    mime_type: Annotated[str | None, Wire("mimeType")] = None
    text: str | None = None
    params: tuple[_Pair, ...] | None = None
    encoding: str | None = None
    """Of HAR 1.3; 1.2 has no word for bytes in a request."""
    own_encoding: Annotated[str | None, Wire("_encoding")] = None
    """The same as a custom field, as we write it."""


@frozen(kw_only=True)
class _Content:
    size: float = 0
    compression: float | None = None
    mime_type: Annotated[str | None, Wire("mimeType")] = None
    text: str | None = None
    encoding: str | None = None


@frozen(kw_only=True)
class _Request:
    method: str
    url: str
    headers: tuple[_Pair, ...]
    post_data: Annotated[_PostData | None, Wire("postData")] = None
    body_size: Annotated[float | None, Wire("bodySize")] = None


@frozen(kw_only=True)
class _Response:
    status: int
    headers: tuple[_Pair, ...] = ()
    given: Annotated[_Content | None, Wire("content")] = None

    @property
    def content(self) -> _Content:
        """What came, if anything is said of it."""
        return self.given or _Content()


@frozen(kw_only=True)
class _Entry:
    started: Annotated[datetime, Wire("startedDateTime")]
    request: _Request
    response: _Response


@frozen(kw_only=True)
class _Log:
    version: str
    entries: tuple[_Entry, ...]


@frozen(kw_only=True)
class _Har:
    log: _Log


def read_har(document: Any) -> Traffic:
    """Return the exchanges of a HAR's document. `Any`: JSON of any shape.

    Raises:
        Unreadable: it is no HAR of version 1.
    """
    log = as_model(document, _Har).log
    if not log.version.startswith("1."):
        raise Unreadable("log.version", f"expected 1.2, got {log.version!r:.80}")
    left_out = Counter[str]()
    exchanges: list[Exchange] = []
    for index, entry in enumerate(log.entries):
        reason = _why_not(entry)
        if reason:
            left_out[reason] += 1
            continue
        with inside(f"log.entries[{index}]"):
            exchanges.append(_exchange(entry))
    return Traffic(exchanges=tuple(exchanges), left_out=left_out)


def _why_not(entry: _Entry) -> str | None:
    """Return what is wrong with an entry that is no request with an answer of its own."""
    request, response = entry.request, entry.response
    if not origin_of(request.url):
        return NOT_HTTP
    if response.status < 100:  # noqa: PLR2004 - browsers write 0, where no answer came
        return "without an answer"
    if response.status in range(300, 400):
        return NO_ANSWER_OF_ITS_OWN
    is_sent_lost = (request.body_size or 0) > 0 and not _has_body(request.post_data)
    if is_sent_lost or (response.content.size > 0 and response.content.text is None):
        return "saved without their content"
    return None


def _has_body(data: _PostData | None) -> bool:
    if data is None:
        return False
    is_form = (data.mime_type or "").startswith("application/x-www-form-urlencoded")
    return bool(data.text or (data.params and is_form))


def _exchange(entry: _Entry) -> Exchange:
    request, response = entry.request, entry.response
    data, content = request.post_data or _PostData(), response.content
    with inside("startedDateTime"):
        at = in_utc(entry.started)
    with inside("request.postData.text"):
        form = urlencode([(each.name, each.value) for each in data.params or ()])
        sent = _decoded(data.text or form, data.encoding or data.own_encoding, {request.body_size})
    with inside("response.content.text"):
        sizes = {content.size, content.size + (content.compression or 0)}  # of two opinions on what the size is
        got = _decoded(content.text or "", content.encoding, sizes)
    return Exchange(
        request=Request(
            request.method, urldefrag(request.url).url, _headers(request.headers, sent, data.mime_type), sent
        ),
        response=Response(response.status, _headers(response.headers, got, content.mime_type), got),
        at=at,
    )


def _decoded(text: str, encoding: str | None, sizes: Container[float | None]) -> bytes:
    if not encoding:
        return _plain(text, sizes)
    if encoding != "base64":
        raise ValueError(f"expected the encoding base64 or none, got {encoding!r:.80}")
    return base64.b64decode(text, validate=True)


def _plain(text: str, sizes: Container[float | None]) -> bytes:
    """Return the bytes of a text: mitmproxy takes bytes without a charset for Latin-1, which only their size tells."""
    content = bytes_of(text)
    if len(content) not in sizes:
        with suppress(UnicodeEncodeError):
            narrow = text.encode("latin-1")
            return narrow if len(narrow) in sizes else content
    return content


def _headers(pairs: tuple[_Pair, ...], content: bytes, mime_type: str | None) -> Headers:
    """Return header fields, HTTP/2's own (":method") left out; a body's type may be said beside them alone."""
    headers = Headers((each.name, each.value) for each in pairs if not each.name.startswith(":"))
    if content and mime_type and mime_type != "x-unknown" and "Content-Type" not in headers:
        headers["Content-Type"] = mime_type
    return headers
