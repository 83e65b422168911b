"""Secrets in every disguise, messages that hold them, and eyes that see through it: what tests of redaction share."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from mesa_core.http import Headers, Request, Response
from mesa_transports.recorded.format import dump, new_header
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse, Recording

__all__ = ["DISGUISES", "KEY", "ODD", "URL", "encoded", "holds", "request", "response", "safe", "written"]

KEY = "mesa_5KzV0qQ7w1hU2xR"
ODD = 'p/4+s~W?r"d\u00e9=%\\n&<' + "\n;x"
URL = "https://h/api/v1/o/r"
_NOW = datetime(2026, 1, 2, tzinfo=UTC)
_STRING = r'(?<!\\)"((?:[^"\\\0-\x1f]|\\["\\/bfnrt]|\\u[0-9a-f]{4})*)"'


def request(url: str = URL, content: object = b"", media_type: str = "application/json", **headers: str) -> Request:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if media_type:
        fields["Content-Type"] = media_type
    return Request("POST", url, fields, content if isinstance(content, bytes) else json.dumps(content).encode())


def response(content: object, media_type: str = "application/json", **headers: str) -> Response:
    asked = request(URL, content, media_type, **headers)
    return Response(200, asked.headers, asked.content)


def written(*messages: RecordedRequest | RecordedResponse) -> str:
    """What a file shows of messages, as a reader of JSON sees it, and as it stands there."""
    nobody = RecordedRequest(method="GET", url=URL, headers=Headers())
    nothing = RecordedResponse(status=200, headers=Headers())
    interactions = tuple(
        Interaction(request=each, response=nothing)
        if isinstance(each, RecordedRequest)
        else Interaction(request=nobody, response=each)
        for each in messages
    )
    text = dump(Recording(header=new_header(_NOW), interactions=interactions)).decode()
    values = [each.body.content().decode("latin-1") for each in messages if each.body]
    values += [each.body.content().decode(errors="replace") for each in messages if each.body]
    return "\n\n".join([text, *_strings(json.loads(text)), *values])


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(each for inner in value.values() for each in _strings(inner))]
    if isinstance(value, list):
        joined = ["".join(value)] if all(isinstance(each, str) for each in value) else []
        return [*joined, *(each for inner in value for each in _strings(inner))]
    return [value] if isinstance(value, str) else []


def holds(text: str, secret: str, depth: int = 2) -> bool:
    """Tell whether somebody who tries finds a secret in a text."""
    plain = [text, unquote(text), unquote(unquote(text)), unquote(text.replace("+", " ")), html.unescape(text)]
    plain += [text.replace("\0", ""), *(json.loads(f'"{each}"') for each in re.findall(_STRING, text))]
    octets = secret.encode().decode("latin-1")
    if any(secret in each or octets in each for each in plain):
        return True
    return depth > 0 and any(
        holds(decoded, secret, depth - 1)
        for source in (text, "".join(text.split()))
        for run in re.findall(r"[A-Za-z0-9+/_-]{10,}", source)
        for decoded in _decodings(run)
    )


def _decodings(run: str) -> list[str]:
    found = []
    for start in range(4):
        piece = run[start:].replace("-", "+").replace("_", "/")
        piece = piece[: len(piece) - (len(piece) % 4 == 1)]
        found.append(base64.b64decode(piece + "=" * (-len(piece) % 4)).decode("latin-1"))
    return found


def encoded(text: str, before: str = "", after: str = "") -> str:
    return base64.b64encode((before + text + after).encode()).decode()


def safe(text: str, before: str = "", after: str = "") -> str:
    return base64.urlsafe_b64encode((before + text + after).encode()).decode()


DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "within": lambda key: f"a{key}b",
    "twice": lambda key: key + key,
    "percent": lambda key: quote(key, safe=""),
    "percent, slashes open": quote,
    "percent in small letters": lambda key: re.sub("%..", lambda escape: escape[0].lower(), quote(key, safe="")),
    "plus": quote_plus,
    "JSON": lambda key: json.dumps({"a": key}),
    "JSON, not ASCII": lambda key: json.dumps({"a": key}, ensure_ascii=False),
    "JSON, slashes escaped": lambda key: json.dumps({"a": key}).replace("/", "\\/"),
    "HTML": lambda key: f"<p>{html.escape(key)}</p>",
    "XML": lambda key: f"<p>{html.escape(key, quote=False)}</p>",
    "base64": encoded,
    "base64, one before": lambda key: encoded(key, "a", "z"),
    "base64, two before": lambda key: encoded(key, "ab", "yz"),
    "base64, long": lambda key: encoded(key, "x" * 1000, "y" * 1000),
    "base64, not padded": lambda key: encoded(key, "ab").rstrip("="),
    "base64 of Basic": lambda key: encoded(f"user:{key}"),
    "base64 for URLs": lambda key: safe(key, "\u00ff\u00fe?>", "\u00ff\u00ff"),
    "base64 for URLs, not padded": lambda key: safe(key, "a").rstrip("="),
    "base64 in a header": lambda key: f"Authorization: Basic {encoded('user:' + key)}\r\nHost: example.org",
    "base64 in a data URL": lambda key: f'<img src="data:text/plain;base64,{encoded(key, "abc")}">',
    "base64 twice in a text": lambda key: f"{encoded(key, 'a')} {encoded(key, 'ab')}.{encoded(key)}",
    "base64, the key twice": lambda key: encoded(key + key, "a"),
    "base64 in lines": lambda key: base64.encodebytes(("x" * 50 + key + "y" * 100).encode()).decode(),
    "base64 in lines of 64": lambda key: "\r\n".join(re.findall(".{1,64}", encoded(key, "x" * 45, "y" * 70))),
    "base64 in indented lines": lambda key: "pem: |\n  " + "\n  ".join(re.findall(".{1,20}", encoded(key, "x" * 44))),
    "in a path": lambda key: f"https://x/{quote(key, safe='')}/y",
    "in a query": lambda key: f"https://x/y?q={quote_plus(key)}",
    "in a fragment": lambda key: f"https://x/y#q={quote(key)}",
}
