"""Which recording answers a request: by what a message means, not by how it is spelt."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final, TypeAlias, cast
from urllib.parse import unquote

from attrs import Factory, field, frozen

from mesa_core.errors import ConfigurationError
from mesa_core.http import Request
from mesa_core.strict import Mismatch
from mesa_core.suggestions import unknown
from mesa_core.urls import origin_of
from mesa_transports.recorded.bodies import INLINE_LIMIT, BinaryBody, Body, FileBody, JsonBody, TextBody
from mesa_transports.recorded.covering import covers, covers_json
from mesa_transports.recorded.disguises import alike, alike_in_base64, may_hold_placeholders
from mesa_transports.recorded.interactions import RecordedRequest

__all__ = ["DEFAULT_MATCH_ON", "Match", "MatchOn", "Matcher", "Matching", "matching"]

Match: TypeAlias = Callable[[Request, Request], bool]
"""Tells whether a request, the first argument, is answered by what was recorded for the second. Both are redacted."""
MatchOn: TypeAlias = Sequence[str] | Match
DEFAULT_MATCH_ON: Final = ("method", "path", "query", "body", "accept")
_MOUNT: Final = re.compile(r"/api/v1(?=/|$)")  # what is before it belongs to the host
_PATH: Final = re.compile(r"[^:?#]*://[^/?#]*([^?#]*)")
_ANY: Final = "*/*"
_WEIGHT: Final = re.compile(r"q=([01](?:\.\d*)?)")


@frozen
class _Hash:
    """Stands for many bytes."""

    sha256: str
    size: int


def _method(request: RecordedRequest) -> str:
    return request.method


def _path(request: RecordedRequest) -> str:
    found = _PATH.match(request.url)
    path = (found and found[1]) or "/"
    mount = _MOUNT.search(path)
    below = path[mount.end() :] if mount else path
    return alike("/".join(map(_segment, below.split("/"))) if "%" in below else below)


def _segment(spelt: str) -> str:
    """Return a part of a path as it is meant; a slash in it separates nothing (RFC 3986, section 2.2)."""
    if "%" not in spelt:
        return spelt
    # Bytes that are no text stay distinct, and can be shown.
    return unquote(spelt, errors="backslashreplace").replace("%", "%25").replace("/", "%2F")


def _query(request: RecordedRequest) -> tuple[tuple[str, str], ...]:
    query = request.url.partition("#")[0].partition("?")[2]
    if not query:
        return ()
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return tuple(sorted([(_meant(name), _meant(value)) for name, _, value in pairs]))


def _meant(part: str) -> str:
    if "%" in part or "+" in part:
        part = unquote(part.replace("+", " "), errors="backslashreplace")
    return alike(part)


def _body(request: RecordedRequest) -> Hashable:
    body = request.body
    if isinstance(body, JsonBody):
        return alike(json.dumps(_by_value(body.json), sort_keys=True, ensure_ascii=False))
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
    return _Hash(hashlib.sha256(data).hexdigest(), len(data)) if len(data) > INLINE_LIMIT else data


@lru_cache(maxsize=1024)
def _file(body: FileBody) -> Hashable:
    try:
        return _bytes(body.content())
    except Mismatch:  # it was removed or damaged since it was read, as who replays it will be told
        return _Hash(body.sha256, body.size)


def _by_value(value: Any) -> Any:
    """Spell alike what is equal: 12.0 is 12, and a placeholder in base64 is one in whatever number."""
    if value.__class__ is str:
        return alike_in_base64(value) if len(value) > len("REDACTED_") else value
    if value.__class__ is float and value.is_integer():
        return int(value)
    if value.__class__ is list:
        return [_by_value(each) for each in value]
    if value.__class__ is dict:
        return {name: _by_value(each) for name, each in value.items()}
    return value


def _accept(request: RecordedRequest) -> str:
    return _preferences(request.headers.get("Accept", _ANY))


@lru_cache(maxsize=256)
def _preferences(accept: str) -> str:
    """Return the media types that are asked for, the most wanted first (RFC 9110, section 12.5.1)."""
    wanted: dict[float, set[str]] = {}
    for part in accept.lower().split(","):
        kind, weight = _weighed(part)
        if kind:
            wanted.setdefault(weight, set()).add(kind)
    return "; ".join(", ".join(sorted(wanted[weight])) for weight in sorted(wanted, reverse=True) if weight) or _ANY


def _weighed(part: str) -> tuple[str, float]:
    parameters = [each.strip() for each in part.split(";")]
    weights = [float(found[1]) for each in parameters if (found := _WEIGHT.fullmatch(each))]
    return ";".join(each for each in parameters if not each.startswith("q=")), weights[0] if weights else 1.0


def _host(request: RecordedRequest) -> str:
    return origin_of(request.url)


_FIELDS: Final[Mapping[str, Callable[[RecordedRequest], Hashable]]] = {
    "method": _method,
    "path": _path,
    "query": _query,
    "body": _body,
    "accept": _accept,
    "host": _host,
}


@frozen
class Matching:
    """Compares requests by some of their fields.

    Requests that have the same key match; `keys` also yields the key of a recording that takes any media type.
    """

    names: tuple[str, ...]
    _parts: tuple[Callable[[RecordedRequest], Hashable], ...] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: tuple(_FIELDS[name] for name in self.names), takes_self=True),
    )

    def key(self, request: RecordedRequest) -> tuple[Hashable, ...]:
        """Return what a request means, as far as it counts."""
        return tuple([part(request) for part in self._parts])

    def keys(self, request: RecordedRequest) -> Iterator[Hashable]:
        """Yield the keys of the recordings that a request matches, the best first."""
        key = self.key(request)
        yield key
        if "accept" in self.names:
            place = self.names.index("accept")
            yield (*key[:place], _ANY, *key[place + 1 :])

    def covers(self, asked: RecordedRequest, recorded: RecordedRequest) -> bool:
        """Tell whether they match, if a placeholder may stand for any text that is long enough for a secret."""
        if recorded.body is None and "REDACTED_" not in recorded.url:
            return False
        # The slowest to tell is last.
        return all(_covers(name, asked, recorded) for name in sorted(self.names, key="body".__eq__))

    def distances(self, asked: RecordedRequest, recorded: Iterable[RecordedRequest]) -> list[int]:
        """Count the fields in which each recorded request differs."""
        ours = self.key(asked)
        return [
            sum(not _agree(*pair) for pair in zip(self.names, ours, self.key(each), strict=True)) for each in recorded
        ]

    def differences(self, asked: RecordedRequest, recorded: RecordedRequest) -> Iterator[str]:
        """Yield what distinguishes two requests, a sentence for each field; of JSON bodies, for each member."""
        for name in self.names:
            ours, theirs = _FIELDS[name](asked), _FIELDS[name](recorded)
            if _agree(name, ours, theirs):
                continue
            if name == "body" and isinstance(asked.body, JsonBody) and isinstance(recorded.body, JsonBody):
                yield from _json_differences("body", _by_value(asked.body.json), _by_value(recorded.body.json))
            elif name == "query":
                yield from _json_differences("query", _listed(ours), _listed(theirs))
            else:
                yield f"{name}: recorded {_shown(theirs)}, asked for {_shown(ours)}"


def _covers(name: str, asked: RecordedRequest, recorded: RecordedRequest) -> bool:
    if name == "body":
        return _covers_body(asked.body, recorded.body)
    ours, theirs = _FIELDS[name](asked), _FIELDS[name](recorded)
    if name == "path":
        return covers(str(theirs), str(ours))
    if name == "query":
        pairs = cast("tuple[tuple[str, str], ...]", ours), cast("tuple[tuple[str, str], ...]", theirs)
        return len(pairs[0]) == len(pairs[1]) and all(
            mine == other and covers(kept, value) for (mine, value), (other, kept) in zip(*pairs, strict=True)
        )
    return _agree(name, ours, theirs)


def _covers_body(asked: Body | None, recorded: Body | None) -> bool:
    if asked is None or recorded is None:
        return asked is recorded
    if isinstance(recorded, JsonBody):
        return isinstance(asked, JsonBody) and covers_json(recorded.json, asked.json)
    if isinstance(asked, JsonBody):
        return False
    try:
        content = recorded.content()
    except Mismatch:
        return False
    return covers(content.decode("latin-1"), asked.content().decode("latin-1"))


def _agree(name: str, asked: Hashable, recorded: Hashable) -> bool:
    return asked == recorded or (name == "accept" and recorded == _ANY)


def _listed(query: Any) -> dict[str, str | list[str]]:
    listed: dict[str, list[str]] = {}
    for name, value in query:
        listed.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in listed.items()}


_MISSING: Final = object()


def _json_differences(place: str, asked: Any, recorded: Any) -> Iterator[str]:
    if asked.__class__ is dict and recorded.__class__ is dict:
        for name in dict.fromkeys([*recorded, *asked]):
            yield from _json_differences(f"{place}.{name}", asked.get(name, _MISSING), recorded.get(name, _MISSING))
    elif asked.__class__ is list and recorded.__class__ is list:
        for index in range(max(len(asked), len(recorded))):
            pair = (each[index] if index < len(each) else _MISSING for each in (asked, recorded))
            yield from _json_differences(f"{place}[{index}]", *pair)
    elif asked.__class__ is not recorded.__class__ or asked != recorded:
        yield f"{place}: recorded {_shown(recorded)}, asked for {_shown(asked)}"


def _shown(value: object) -> str:
    if value is _MISSING:
        return "nothing"
    if value is None:
        return "none"
    if isinstance(value, _Hash):
        return f"{value.size} bytes with the sha256 {value.sha256:.12}"
    if isinstance(value, bytes):
        return f"{len(value)} bytes, {value!r:.120}"
    return f"{value!r:.120}" if isinstance(value, str) else f"{json.dumps(value, ensure_ascii=False):.120}"


@frozen
class Matcher:
    """Compares requests by a function of the user's."""

    matches: Match

    def test(self, asked: RecordedRequest) -> Callable[[RecordedRequest], bool]:
        """Return a test of recordings against one request."""
        return partial(self._test, asked.message())

    def _test(self, asked: Request, recorded: RecordedRequest) -> bool:
        return bool(self.matches(asked, recorded.message()))


def matching(match_on: MatchOn) -> Matching | Matcher:
    """Return what compares requests as `match_on` says.

    Raises:
        ConfigurationError: it is neither names of fields nor a function.
    """
    if callable(match_on):
        return Matcher(match_on)
    if isinstance(match_on, str) or not isinstance(cast("object", match_on), Sequence) or not match_on:
        raise ConfigurationError(
            f"match_on: expected names of {', '.join(_FIELDS)}, or a function, got {match_on!r:.80}"
        )
    for name in match_on:
        if not isinstance(cast("object", name), str) or name not in _FIELDS:
            raise ConfigurationError(f"match_on: {unknown('field', str(name), _FIELDS)}")
    return Matching(tuple(match_on))
