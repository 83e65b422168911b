"""Reads JSON into models as fast as Python can: for each model a function is made once, as attrs makes its own.

Such a function takes what the strict hooks of `strict.py` take, and nothing else; it only looks at a value's class
before it calls one. It does not say where a fault is: that is the detailed converter's to find out (`converter.py`),
which a program without faults never imports.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal, TypeAlias, cast, get_args, get_origin, get_type_hints

import attrs
from attrs import NOTHING

from mesa_core.drafts import filled, function_of
from mesa_core.models.common import OpenEnum, Unknown
from mesa_core.strict import Mismatch, boolean, instant, integer, is_union, literal, number, string
from mesa_core.wire import wire_names

__all__ = ["NoReader", "Reader", "reader_of"]

Reader: TypeAlias = Callable[[Any], Any]
"""Takes JSON and returns a model, or raises. `Any`: JSON of any shape goes in, a model of any kind comes out."""

_PLAIN: Final[Mapping[Any, Reader]] = {
    str: string,
    bool: boolean,
    int: integer,
    float: number,
    datetime: instant,
}
_AS_IT_IS: Final = frozenset({str, bool, int})
"""A value whose class is this one needs no look by the hook."""


_FACTORY: Final[type[object]] = type(attrs.Factory(str))  # which the stubs call a function


class NoReader(TypeError):
    """A type is of a kind that no reader can be made for."""


@cache
def reader_of(kind: Any) -> Reader:
    """Return what reads a type. `Any`: a model, a union, or a type of their attributes.

    Raises:
        NoReader: it is of a kind that models do not have.
    """
    if kind is Any:
        return lambda value: value
    hook = _PLAIN.get(kind)
    if hook is not None:
        return hook
    if kind is Unknown:
        return _unknown
    if attrs.has(kind):
        return _model(kind)
    if isinstance(kind, type) and issubclass(cast("type[Any]", kind), OpenEnum):
        return lambda value: kind(string(value))
    make = _MAKERS.get(get_origin(kind)) or (_union if is_union(kind) else None)
    if make is None:
        raise NoReader(repr(kind))
    return make(kind)


def _literal(kind: Any) -> Reader:
    return lambda value: literal(value, kind)


def _tuple(kind: Any) -> Reader:
    item, *rest = get_args(kind)
    if rest != [...]:
        raise NoReader(repr(kind))
    read = reader_of(item)

    def items(value: Any) -> Any:
        if value.__class__ is not list:
            raise Mismatch("an array", value)
        return tuple(map(read, value))

    return items


def _mapping(kind: Any) -> Reader:
    name, item = get_args(kind)
    if name is not str:
        raise NoReader(repr(kind))
    read = reader_of(item)

    def members(value: Any) -> Any:
        if value.__class__ is not dict:
            raise Mismatch("an object", value)
        return {string(key): read(member) for key, member in value.items()}

    return members


def _union(kind: Any) -> Reader:
    arms = get_args(kind)
    if Unknown in arms:
        return _open_union([arm for arm in arms if arm is not Unknown])
    if len(arms) != 2 or types.NoneType not in arms:  # noqa: PLR2004 - a type, or None
        raise NoReader(repr(kind))
    read = reader_of(arms[0] if arms[1] is types.NoneType else arms[1])
    return lambda value: None if value is None else read(value)


def _open_union(arms: list[Any]) -> Reader:
    """Choose the arm whose `type` literal is the value's; one that no arm has is `Unknown`."""
    by_type: dict[object, Reader] = {get_args(get_type_hints(arm)["type"])[0]: reader_of(arm) for arm in arms}

    def chosen(value: Any) -> Any:
        if value.__class__ is not dict:
            raise Mismatch("an object", value)
        read: Reader = by_type.get(string(value["type"]), _unknown)
        return read(value)

    return chosen


def _unknown(value: Any) -> Unknown:
    if value.__class__ is not dict:
        raise Mismatch("an object", value)
    return Unknown(type=string(value["type"]), raw=value)


_MAKERS: Final[Mapping[Any, Callable[[Any], Reader]]] = {Literal: _literal, tuple: _tuple, Mapping: _mapping}


def _model(kind: type[Any]) -> Reader:
    """Make the function of a model: one look at each value, and an object that is filled in."""
    hints, names = get_type_hints(kind), wire_names(kind)
    lines = ["if given.__class__ is not dict: raise Mismatch('an object', given)"]
    known: dict[str, Any] = {"Mismatch": Mismatch}
    values: dict[str, str] = {}
    for place, each in enumerate(each for each in attrs.fields(kind) if each.init):
        hint, value = hints[each.name], f"v{place}"
        known[f"r{place}"], known[f"d{place}"] = reader_of(hint), _default(each.default)
        lines.append(f"{value} = {_fetched(names[each.name], place, each.default)}")
        lines.append(_checked(hint, value, place))
        values[each.name] = value
    ending, used = filled(kind, values)
    return function_of("def read(given):", [*lines, *ending], known | used, f"reader of {kind.__qualname__}")


def _fetched(name: str, place: int, default: object) -> str:
    """Return the expression that takes a member; only what has a default may be missing."""
    return f"given[{name!r}]" if default is NOTHING else f"given.get({name!r}, d{place})"


def _default(default: object) -> object:
    if isinstance(default, _FACTORY):
        raise NoReader(repr(default))
    return default


def _checked(hint: Any, value: str, place: int) -> str:
    """Return the line that reads a member: with a call only where its class does not say enough."""
    arms = get_args(hint) if is_union(hint) else (hint,)
    tests = [f"{value}.__class__ is not {arm.__name__}" for arm in arms if arm in _AS_IT_IS]
    if types.NoneType in arms:
        tests.insert(0, f"{value} is not None")
    call = f"{value} = r{place}({value})"
    return f"if {' and '.join(tests)}: {call}" if tests else call
