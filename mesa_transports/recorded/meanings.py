"""What each field of a request means, whatever its spelling: what is compared, and what is shown of a difference."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

from attrs import frozen

from mesa_core.strict import Mismatch
from mesa_core.urls import origin_of
from mesa_transports.recorded.bodies import INLINE_LIMIT, BinaryBody, Body, FileBody, JsonBody, TextBody
from mesa_transports.recorded.disguises import alike, alike_in_base64, may_hold_placeholders
from mesa_transports.recorded.interactions import RecordedRequest

__all__ = ["ANY", "FIELDS", "Hash", "alike_pair", "by_value", "path_as_meant", "query_as_meant"]

_MOUNT: Final = re.compile(r"/api/v1(?=/|$)")  # what is before it belongs to the host
_PATH: Final = re.compile(r"[^:?#]*://[^/?#]*([^?#]*)")
ANY: Final = "*/*"
_WEIGHT: Final = re.compile(r"q=([01](?:\.\d*)?)")


@frozen
class Hash:
    """Stands for many bytes."""

    sha256: str
    size: int


def _method(request: RecordedRequest) -> str:
    return request.method


def _path(request: RecordedRequest) -> str:
    return alike(path_as_meant(request))


def path_as_meant(request: RecordedRequest) -> str:
    """Return a path with its placeholders as they are."""
    found = _PATH.match(request.url)
    path = (found and found[1]) or "/"
    mount = _MOUNT.search(path)
    below = path[mount.end() :] if mount else path
    return "/".join(map(_segment, below.split("/"))) if "%" in below else below


def _segment(spelt: str) -> str:
    """Return a part of a path as it is meant; a slash in it separates nothing (RFC 3986, section 2.2)."""
    if "%" not in spelt:
        return spelt
    # Bytes that are no text stay distinct, and can be shown.
    return unquote(spelt, errors="backslashreplace").replace("%", "%25").replace("/", "%2F")


def _query(request: RecordedRequest) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(map(alike_pair, query_as_meant(request))))


def query_as_meant(request: RecordedRequest) -> list[tuple[str, str]]:
    """Return a query with its placeholders as they are, in its own order."""
    query = request.url.partition("#")[0].partition("?")[2]
    if not query:
        return []
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return [(_meant(name), _meant(value)) for name, _, value in pairs]


def alike_pair(pair: tuple[str, str]) -> tuple[str, str]:
    """Make the placeholders of a parameter equal."""
    return alike(pair[0]), alike(pair[1])


def _meant(part: str) -> str:
    if "%" in part or "+" in part:
        return unquote(part.replace("+", " "), errors="backslashreplace")
    return part


def _body(request: RecordedRequest) -> Hashable:
    body = request.body
    if isinstance(body, JsonBody):
        return alike(json.dumps(by_value(body.json), sort_keys=True, ensure_ascii=False))
    return _content(body)


def _content(body: Body | None) -> Hashable:
    if isinstance(body, TextBody):
        return alike(body.text).encode()
    if isinstance(body, BinaryBody):
        return _bytes(body.data)
    return _file(body) if body else None


def _bytes(data: bytes) -> Hashable:
    """Return bytes, but of those that may be many their hash."""
    if may_hold_placeholders(data):
        data = alike(data.decode("latin-1")).encode("latin-1")
    return Hash(hashlib.sha256(data).hexdigest(), len(data)) if len(data) > INLINE_LIMIT else data


@lru_cache(maxsize=1024)
def _file(body: FileBody) -> Hashable:
    try:
        return _bytes(body.content())
    except Mismatch:  # it was removed or damaged since it was read, as who replays it will be told
        return Hash(body.sha256, body.size)


def by_value(value: Any) -> Any:  # `Any`: JSON
    """Spell alike what is equal: 12.0 is 12, and a placeholder in base64 is one in whatever number."""
    if value.__class__ is str:
        return alike_in_base64(value) if len(value) > len("REDACTED_") else value
    if value.__class__ is float and value.is_integer():
        return int(value)
    if value.__class__ is list:
        return [by_value(each) for each in value]
    if value.__class__ is dict:
        return {name: by_value(each) for name, each in value.items()}
    return value


def _accept(request: RecordedRequest) -> str:
    return _preferences(request.headers.get("Accept", ANY))


@lru_cache(maxsize=256)
def _preferences(accept: str) -> str:
    """Return the media types that are asked for, the most wanted first (RFC 9110, section 12.5.1)."""
    wanted: dict[float, set[str]] = {}
    for part in accept.lower().split(","):
        kind, weight = _weighed(part)
        if kind:
            wanted.setdefault(weight, set()).add(kind)
    return "; ".join(", ".join(sorted(wanted[weight])) for weight in sorted(wanted, reverse=True) if weight) or ANY


def _weighed(part: str) -> tuple[str, float]:
    parameters = [each.strip() for each in part.split(";")]
    weights = [float(found[1]) for each in parameters if (found := _WEIGHT.fullmatch(each))]
    return ";".join(each for each in parameters if not each.startswith("q=")), weights[0] if weights else 1.0


def _host(request: RecordedRequest) -> str:
    return origin_of(request.url)


FIELDS: Final[Mapping[str, Callable[[RecordedRequest], Hashable]]] = {
    "method": _method,
    "path": _path,
    "query": _query,
    "body": _body,
    "accept": _accept,
    "host": _host,
}
