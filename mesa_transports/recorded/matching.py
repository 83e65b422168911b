"""Which recording answers a request: by what a message means, not by how it is spelt."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, TypeAlias, cast

from attrs import Factory, field, frozen

from mesa_core.errors import ConfigurationError
from mesa_core.http import Request
from mesa_core.strict import Mismatch
from mesa_core.suggestions import unknown
from mesa_transports.recorded.bodies import Body, JsonBody
from mesa_transports.recorded.covering import covers, covers_json
from mesa_transports.recorded.disguises import alike
from mesa_transports.recorded.interactions import RecordedRequest
from mesa_transports.recorded.meanings import ANY, FIELDS, Hash, alike_pair, by_value, path_as_meant, query_as_meant

__all__ = ["DEFAULT_MATCH_ON", "Match", "MatchOn", "Matcher", "Matching", "matching"]

Match: TypeAlias = Callable[[Request, Request], bool]
"""Tells whether a request, the first argument, is answered by what was recorded for the second. Both are redacted."""
MatchOn: TypeAlias = Sequence[str] | Match
DEFAULT_MATCH_ON: Final = ("method", "path", "query", "body", "accept")


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
        default=Factory(lambda self: tuple(FIELDS[name] for name in self.names), takes_self=True),
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
            yield (*key[:place], ANY, *key[place + 1 :])

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
            ours, theirs = FIELDS[name](asked), FIELDS[name](recorded)
            if _agree(name, ours, theirs):
                continue
            if name == "body" and isinstance(asked.body, JsonBody) and isinstance(recorded.body, JsonBody):
                yield from _json_differences("body", by_value(asked.body.json), by_value(recorded.body.json))
            elif name == "query":
                yield from _json_differences("query", _listed(ours), _listed(theirs))
            else:
                yield f"{name}: recorded {_shown(theirs)}, asked for {_shown(ours)}"


def _covers(name: str, asked: RecordedRequest, recorded: RecordedRequest) -> bool:
    if name == "body":
        return _covers_body(asked.body, recorded.body)
    if name == "path":
        return covers(path_as_meant(recorded), path_as_meant(asked))
    if name == "query":
        ours, theirs = (sorted(query_as_meant(each), key=alike_pair) for each in (asked, recorded))
        return len(ours) == len(theirs) and all(
            alike(mine) == alike(other) and covers(kept, value)
            for (mine, value), (other, kept) in zip(ours, theirs, strict=True)
        )
    return _agree(name, FIELDS[name](asked), FIELDS[name](recorded))


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
    return asked == recorded or (name == "accept" and recorded == ANY)


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
    if isinstance(value, Hash):
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
            f"match_on: expected names of {', '.join(FIELDS)}, or a function, got {match_on!r:.80}"
        )
    for name in match_on:
        if not isinstance(cast("object", name), str) or name not in FIELDS:
            raise ConfigurationError(f"match_on: {unknown('field', str(name), FIELDS)}")
    return Matching(tuple(match_on))
