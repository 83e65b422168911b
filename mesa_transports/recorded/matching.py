"""Which recording answers a request: by what a message means, not by how it is spelt."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import frozen

from mesa_core.errors import ConfigurationError
from mesa_core.http import Request
from mesa_core.suggestions import unknown
from mesa_core.urls import origin_of
from mesa_transports.recorded.bodies import JsonBody
from mesa_transports.recorded.interactions import RecordedRequest
from mesa_transports.recorded.redaction import PLACEHOLDER

__all__ = ["DEFAULT_MATCH_ON", "Match", "MatchOn", "Matcher", "Matching", "matching"]

Match: TypeAlias = Callable[[Request, Request], bool]
"""Tells whether a request, the first argument, is answered by what was recorded for the second. Both are redacted."""
MatchOn: TypeAlias = Sequence[str] | Match
DEFAULT_MATCH_ON: Final = ("method", "path", "query", "body", "accept")
_MOUNT: Final = "/api/v1"  # what is before it belongs to the host
_ANY: Final = "*/*"


def _method(request: RecordedRequest) -> str:
    return request.method


def _path(request: RecordedRequest) -> str:
    path = urlsplit(request.url).path
    _, mount, below = path.partition(_MOUNT)
    return _plain(unquote(below if mount and below.startswith("/") else path))


def _query(request: RecordedRequest) -> tuple[tuple[str, str], ...]:
    query = urlsplit(request.url).query
    if not query:
        return ()
    pairs = parse_qsl(query, keep_blank_values=True)
    return tuple(sorted((name, _plain(value)) for name, value in pairs))


def _body(request: RecordedRequest) -> Hashable:
    body = request.body
    if body is None:
        return None
    if isinstance(body, JsonBody):
        return _plain(json.dumps(_by_value(body.json), sort_keys=True, ensure_ascii=False))
    return body.content()


def _by_value(value: Any) -> Any:
    """Spell numbers that are equal alike: 12.0 is 12."""
    if value.__class__ is float and value.is_integer():
        return int(value)
    if value.__class__ is list:
        return [_by_value(each) for each in value]
    if value.__class__ is dict:
        return {name: _by_value(each) for name, each in value.items()}
    return value


def _accept(request: RecordedRequest) -> tuple[str, ...]:
    """Return the media types that are asked for, the most wanted first (RFC 9110, section 12.5.1)."""
    wanted = [_weighed(part) for part in request.headers.get("Accept", _ANY).lower().split(",")]
    return tuple(kind for kind, weight in sorted(wanted, key=lambda pair: -pair[1]) if weight > 0) or (_ANY,)


def _weighed(part: str) -> tuple[str, float]:
    kind, *parameters = (each.strip() for each in part.split(";"))
    weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return kind, float(weight)
    except ValueError:
        return kind, 1.0


def _host(request: RecordedRequest) -> str:
    return origin_of(request.url)


def _plain(text: str) -> str:
    """Make all placeholders equal: which number a secret was given is no part of what a request means."""
    return PLACEHOLDER.sub("REDACTED", text) if "REDACTED_" in text else text


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

    def key(self, request: RecordedRequest) -> tuple[Hashable, ...]:
        """Return what a request means, as far as it counts."""
        return tuple([_FIELDS[name](request) for name in self.names])

    def keys(self, request: RecordedRequest) -> Iterator[Hashable]:
        """Yield the keys of the recordings that a request matches, the best first."""
        key = self.key(request)
        yield key
        if "accept" in self.names:
            place = self.names.index("accept")
            yield (*key[:place], (_ANY,), *key[place + 1 :])

    def distance(self, asked: RecordedRequest, recorded: RecordedRequest) -> int:
        """Count the fields in which two requests differ."""
        return sum(ours != theirs for ours, theirs in zip(self.key(asked), self.key(recorded), strict=True))

    def differences(self, asked: RecordedRequest, recorded: RecordedRequest) -> Iterator[str]:
        """Yield what distinguishes two requests, a sentence for each field; of JSON bodies, for each member."""
        for name in self.names:
            ours, theirs = _FIELDS[name](asked), _FIELDS[name](recorded)
            if ours == theirs or (name == "accept" and theirs == (_ANY,)):
                continue
            if name == "body" and isinstance(asked.body, JsonBody) and isinstance(recorded.body, JsonBody):
                yield from _json_differences("body", _by_value(asked.body.json), _by_value(recorded.body.json))
            elif name == "query":
                yield from _json_differences("query", dict(cast("Any", ours)), dict(cast("Any", theirs)))
            else:
                yield f"{name}: recorded {_shown(theirs)}, asked for {_shown(ours)}"


_MISSING: Final = object()


def _json_differences(place: str, asked: Any, recorded: Any) -> Iterator[str]:
    if asked.__class__ is dict and recorded.__class__ is dict:
        for name in dict.fromkeys([*recorded, *asked]):
            yield from _json_differences(f"{place}.{name}", asked.get(name, _MISSING), recorded.get(name, _MISSING))
    elif asked.__class__ is list and recorded.__class__ is list:
        for index in range(max(len(asked), len(recorded))):
            pair = (each[index] if index < len(each) else _MISSING for each in (asked, recorded))
            yield from _json_differences(f"{place}[{index}]", *pair)
    elif _differ(asked, recorded):
        yield f"{place}: recorded {_shown(recorded)}, asked for {_shown(asked)}"


def _differ(asked: Any, recorded: Any) -> bool:
    if isinstance(asked, str) and isinstance(recorded, str):
        return _plain(asked) != _plain(recorded)
    return bool(asked.__class__ is not recorded.__class__ or asked != recorded)


def _shown(value: object) -> str:
    if value is _MISSING:
        return "nothing"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if value is None:
        return "none"
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
        if name not in _FIELDS:
            raise ConfigurationError(f"match_on: {unknown('field', str(name), _FIELDS)}")
    return Matching(tuple(match_on))
