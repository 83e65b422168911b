"""Reads JSON into models as fast as Python can: for each model a function is made once, as attrs makes its own.

Such a function takes what the strict hooks of `strict.py` take, and nothing else; it only looks at a value's class
before it calls one. It does not say where a fault is: that is the detailed converter's to find out (`converter.py`),
which a program without faults never imports.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast, get_args, get_origin, get_type_hints

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
    if attrs.has(item):
        return _models(item)
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
    read = reader_of(_but_none(kind))
    return lambda value: None if value is None else read(value)


def _but_none(kind: Any) -> Any:
    """Return what a type is besides None; a choice of several is itself."""
    arms = [arm for arm in get_args(kind) if arm is not types.NoneType] if is_union(kind) else []
    return arms[0] if len(arms) == 1 else kind


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


class _Steps(NamedTuple):
    """The lines that make `made` of `given`, an object of JSON, and the names that they use.

    They do not look whether it is an object: nothing else in JSON has members.
    """

    needed: Mapping[str, str]
    """The members that must be there, by the variables that take them."""
    others: Sequence[str]
    """Take those that may be missing."""
    making: Sequence[str]
    known: dict[str, Any]

    @property
    def variables(self) -> str:
        return ", ".join(self.needed)

    @property
    def taking(self) -> list[str]:
        return [f"{self.variables} = get(given)", *self.others] if self.needed else [*self.others]


def _model(kind: type[Any]) -> Reader:
    """Make the function of a model: one look at each value, and an object that is filled in."""
    steps = _steps(kind)
    return _function("given", [*steps.taking, *steps.making, "return made"], steps.known, kind)


def _models(kind: type[Any]) -> Reader:
    """Make the function of an array of a model: a loop, since to call one for each would cost as much as it does."""
    steps = _steps(kind)
    begin = ["if every.__class__ is not list: raise Mismatch('an array', every)", "read = []"]
    if steps.needed:
        begin.append(f"if len(every) > {_FEW}: get = get_of(every[0])")
    if steps.others:
        loop, lines = "for given in every:", [*steps.taking, *steps.making]
    else:
        loop, lines = f"for {steps.variables} in map(get, every):", [*steps.making]
    body = [*begin, loop, *(f"    {line}" for line in (*lines, "read.append(made)")), "return tuple(read)"]
    return _function("every", body, steps.known, kind)


_FEW: Final = 8
"""Objects that a getter of their own would cost more for than it saves."""


def _getter(names: Iterable[str], first: Any) -> Reader:
    """Return what gets members from objects such as the first, with its own keys.

    The objects of one text share their keys, and Python finds a key that is the very same without comparing it.
    """
    own = {key: key for key in first}
    return itemgetter(*[own[name] for name in names])


def _function(argument: str, lines: list[str], known: dict[str, Any], kind: type[Any]) -> Reader:
    """Make a function, which finds what it uses for each object among its arguments: nothing is found faster."""
    kept = ", ".join(f"{name}={name}" for name in known if name in _KEPT)
    return function_of(f"def read({argument}, {kept}):", lines, known, f"reader of {kind.__qualname__}")


_USED: Final[Mapping[str, Any]] = {"str": str, "bool": bool, "int": int, "parse": datetime.fromisoformat}
_KEPT: Final = frozenset({*_USED, "get", "draft", "model"})


def _steps(kind: type[Any]) -> _Steps:
    hints, names = get_type_hints(kind), wire_names(kind)
    members = {f"v{place}": each for place, each in enumerate(each for each in attrs.fields(kind) if each.init)}
    needed = {value: names[each.name] for value, each in members.items() if each.default is NOTHING}
    if not members:
        raise NoReader(f"{kind!r}, which has no member")
    others: list[str] = []
    making: list[str] = []
    known: dict[str, Any] = {**_USED, "Mismatch": Mismatch}
    if needed:
        known |= {"get": itemgetter(*needed.values()), "get_of": partial(_getter, needed.values())}
    for value, each in members.items():
        if value not in needed:
            others.append(f"{value} = given.get({names[each.name]!r}, default_{value})")
            known[f"default_{value}"] = _default(each.default)
        making += _checked(hints[each.name], value)
        known[f"read_{value}"] = reader_of(_but_none(hints[each.name]))
    filling, used = filled(kind, {each.name: value for value, each in members.items()})
    return _Steps(needed, others, [*making, *filling], known | used)


def _default(default: object) -> object:
    if isinstance(default, _FACTORY):
        raise NoReader(repr(default))
    return default


def _checked(hint: Any, value: str) -> list[str]:
    """Return the lines that read a member: with a call only where its class does not say enough."""
    arms = get_args(hint) if is_union(hint) else (hint,)
    tests = [f"{value} is not None"] if types.NoneType in arms else []
    if datetime in arms:  # which are many: what `instant` does, without a call of it
        lines = [
            f"{value} = parse({value})",
            f"if {value}.tzinfo is None: raise Mismatch('a date-time with an offset', {value})",
        ]
    else:
        lines = [f"{value} = read_{value}({value})"]
        tests += [f"{value}.__class__ is not {arm.__name__}" for arm in arms if arm in _AS_IT_IS]
    return [f"if {' and '.join(tests)}:", *(f"    {line}" for line in lines)] if tests else lines
