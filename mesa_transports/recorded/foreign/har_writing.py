"""Writes HAR 1.2, for the tools that read it. What a recording does not know is said as the format says it."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mesa_core.http import Headers
from mesa_core.version import __version__
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse, Recording
from mesa_transports.recorded.moments import spelt

__all__ = ["dump_har"]


def dump_har(recording: Recording) -> bytes:
    """Return a recording as the text of a HAR file."""
    begun = recording.header.recorded_at
    log = {
        "version": "1.2",
        "creator": {"name": "mesa-sdk", "version": __version__},
        "entries": [_entry(each, each.recorded_at or begun) for each in recording.interactions],
    }
    text = json.dumps({"log": log}, ensure_ascii=False, indent=2) + "\n"
    return text.encode(errors="backslashreplace")  # JSON's own escape of a lone surrogate, which a header can hold


def _entry(interaction: Interaction, moment: datetime) -> dict[str, Any]:
    return {
        "startedDateTime": spelt(moment),
        "time": 0,
        "request": _request(interaction.request),
        "response": _response(interaction.response),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
    }


def _request(request: RecordedRequest) -> dict[str, Any]:
    content = request.message().content
    query = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    return {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(request.headers.fields()),
        "queryString": _pairs(query),
        **({"postData": _post_data(content, request.headers)} if content else {}),
        "headersSize": -1,
        "bodySize": len(content),
    }


def _post_data(content: bytes, headers: Headers) -> dict[str, Any]:
    text, encoding = _text(content)
    # HAR 1.2 has no bytes in requests, and lets fields of one's own begin with an underscore.
    return {
        "mimeType": _mime_type(headers),
        "params": [],
        "text": text,
        **({"_encoding": encoding} if encoding else {}),
    }


def _response(response: RecordedResponse) -> dict[str, Any]:
    content = response.message().content
    text, encoding = _text(content)
    return {
        "status": response.status,
        "statusText": _phrase(response.status),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(response.headers.fields()),
        "content": {
            "size": len(content),
            "mimeType": _mime_type(response.headers),
            "text": text,
            **({"encoding": encoding} if encoding else {}),
        },
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(content),
    }


def _text(content: bytes) -> tuple[str, str | None]:
    """Return a body as text, and how that is encoded, if it is."""
    try:
        return content.decode(), None
    except UnicodeDecodeError:
        return base64.b64encode(content).decode(), "base64"


def _mime_type(headers: Headers) -> str:
    return headers.get("Content-Type", "x-unknown")  # as browsers say it


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _pairs(pairs: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
