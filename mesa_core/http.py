"""HTTP messages as plain data: what plugins change and what transports send and answer.

Knows no HTTP library. A message is mutable, because hooks change it in place; whoever
keeps one beyond a call copies it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, overload

import attrs
from attrs import Attribute, define, field

from mesa_core.secrets import HIDDEN, is_secret_header, without_secrets
from mesa_core.urls import origin_of

__all__ = ["HeaderTypes", "Headers", "Request", "Response"]

D = TypeVar("D")
_PAIR: Final = 2
"""The length of an entry with a single value."""


class Headers(MutableMapping[str, str]):
    """Header fields by case-insensitive name.

    Keeps the spelling and the order in which names came. A name that came more than once
    reads as its values joined by ", " (RFC 9110, section 5.2); `get_all` keeps them apart.
    The `repr` hides the values of headers that carry secrets.
    """

    __slots__ = ("_fields", "_has_repeated")

    def __init__(self, fields: HeaderTypes = ()) -> None:
        self._fields: dict[str, tuple[str, ...]] = {}
        """By the name in lower case: the name as it came, and its values. Most are the pair that is on the wire."""
        self._has_repeated = False
        """Whether a name ever had several values; where not, all entries are pairs."""
        if not fields:
            return
        pairs: Iterable[Any] = fields  # `Any`: a mapping's names, for a moment
        kind = fields.__class__  # which says it at once: a list takes long to tell that it is no mapping
        if kind is Headers:
            pairs = cast("Headers", fields).fields()
        elif kind is dict or (kind is not list and hasattr(fields, "items")):  # those of http.server are no `Mapping`
            pairs = cast("Mapping[str, str]", fields).items()
        known = self._fields
        for name, value in pairs:
            key = name.lower()
            if key in known:
                self.add(name, value)
            else:
                known[key] = (name, value)

    def add(self, name: str, value: str) -> None:
        """Add a value, keeping those that the name has already."""
        key = name.lower()
        if key in self._fields:
            self._has_repeated = True
            self._fields[key] = (*self._fields[key], value)
        else:
            self._fields[key] = (name, value)

    def get_all(self, name: str) -> list[str]:
        """Return each value of a name by itself, in the order they came; empty when there is none."""
        return list(self._fields.get(name.lower(), ())[1:])

    def fields(self) -> Iterator[tuple[str, str]]:
        """Yield every (name, value) as it stands on the wire, repeated names repeatedly."""
        entries: list[Any] = list(self._fields.values())  # `Any`: not yet known to be pairs
        if self._has_repeated:
            entries = [(entry[0], value) for entry in entries for value in entry[1:]]
        return iter(entries)

    @overload
    def get(self, name: str, default: None = None, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str | D, /) -> str | D: ...
    def get(self, name: str, default: object = None, /) -> object:  # a mapping's own makes and catches an exception
        """Return the values of a name, joined by ", "; `default` when there is none."""
        entry = self._fields.get(name.lower())
        return default if entry is None else _joined(entry)

    def copy(self) -> Headers:
        """Return headers that can be changed without changing these."""
        made = Headers()
        made._fields, made._has_repeated = self._fields.copy(), self._has_repeated
        return made

    def __getitem__(self, name: str) -> str:
        return _joined(self._fields[name.lower()])

    def __setitem__(self, name: str, value: str) -> None:
        self._fields[name.lower()] = (name, value)

    def __delitem__(self, name: str) -> None:
        del self._fields[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return (entry[0] for entry in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return {key: entry[1:] for key, entry in self._fields.items()} == {
            key: entry[1:] for key, entry in other._fields.items()
        }

    __hash__ = None  # type: ignore[assignment]  # mutable, as a dict is

    def __repr__(self) -> str:
        shown = {name: HIDDEN if is_secret_header(name) else value for name, value in self.items()}
        return f"Headers({shown})"


def _joined(entry: tuple[str, ...]) -> str:
    return entry[1] if len(entry) == _PAIR else ", ".join(entry[1:])


HeaderTypes = Mapping[str, str] | Iterable[tuple[str, str]]


def _headers(fields: HeaderTypes) -> Headers:
    return fields if isinstance(fields, Headers) else Headers(fields)


def _size(content: bytes) -> str:
    return f"<{len(content)} bytes>"


class _Message:
    """What a request and a response have in common: headers that may be set from a mapping or from pairs."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def headers(self) -> Headers:
            """The header fields; any mapping or pairs that are set here become `Headers`."""
            ...

        @headers.setter
        def headers(self, fields: HeaderTypes) -> None: ...
    else:  # not attrs' own way, by which every attribute of every message would be set by a function

        def _set(self, fields: HeaderTypes) -> None:
            self._headers = _headers(fields)

        headers = property(
            attrgetter("_headers"),
            _set,
            doc="The header fields; any mapping or pairs that are set here become `Headers`.",
        )

    def __repr__(self) -> str:
        shown = [
            f"{each.alias}={_shown(each, getattr(self, each.name))}" for each in attrs.fields(cast("Any", type(self)))
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


def _shown(attribute: Attribute[Any], value: object) -> str:
    return attribute.repr(value) if callable(attribute.repr) else repr(value)


@define(repr=False, on_setattr=attrs.setters.NO_OP)
class Request(_Message):
    """One HTTP request, complete: a transport sends it as it is.

    `timeout` is in seconds and bounds the whole attempt, from connecting to the last byte
    of the body; None means no bound.
    """

    method: str
    url: str = field(repr=lambda url: repr(without_secrets(url)))
    _headers: Headers = field(factory=Headers, converter=_headers)
    content: bytes = field(default=b"", repr=_size)
    timeout: float | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port, in lower case and with the default port left out."""
        return origin_of(self.url)


@define(repr=False, on_setattr=attrs.setters.NO_OP)
class Response(_Message):
    """One HTTP response, whatever its status; `content` is the body, decompressed."""

    status_code: int
    _headers: Headers = field(factory=Headers, converter=_headers)
    content: bytes = field(default=b"", repr=_size)
    from_cache: bool = field(default=False, kw_only=True)
    """Whether a plugin kept it from an earlier call."""

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case; empty when there is none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as UTF-8, undecodable bytes replaced."""
        return self.content.decode("utf-8", "replace")
