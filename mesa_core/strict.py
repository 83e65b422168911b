"""Strict cattrs hooks for plain values, shared by responses and request bodies.

cattrs coerces by default: None becomes "None", "false" becomes True, "abc" a list of three.
These hooks accept a value only as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = [
    "Hook",
    "Mismatch",
    "boolean",
    "instant",
    "integer",
    "is_literal",
    "is_union",
    "literal",
    "number",
    "register_strict",
    "string",
]

Hook = Callable[[Any, Any], Any]
"""A cattrs structure hook: takes a value and a type. `Any`: data of any shape goes in."""


class Mismatch(TypeError):
    """A value is not what was expected. Says the type that came and not the value, which may be a secret."""

    def __init__(self, expected: str, value: object, *, show: bool = False) -> None:
        came = f"{value!r:.80}" if show else _json_type(value)
        super().__init__(f"expected {expected}, got {came}")


_JSON_TYPES: Mapping[type[object], str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    NoneType: "null",
}


def _json_type(value: object) -> str:
    if type(value) in (int, float):
        return "a number"
    return _JSON_TYPES.get(type(value), type(value).__name__)


_parse: Final = datetime.fromisoformat


def string(value: Any, _: Any = str) -> str:
    """Accept a str."""
    if isinstance(value, str):
        return value
    raise Mismatch("a string", value)


def boolean(value: Any, _: Any = bool) -> bool:
    """Accept a bool."""
    if isinstance(value, bool):
        return value
    raise Mismatch("a boolean", value)


def integer(value: Any, _: Any = int) -> int:
    """Accept a whole number, however it is written."""
    # The contract says `number` for sizes and counts, so 12.0 is as good as 12.
    if value.__class__ is int or (value.__class__ is float and value.is_integer()):
        return int(value)
    raise Mismatch("a whole number", value, show=value.__class__ is float)


def number(value: Any, _: Any = float) -> float:
    """Accept a number."""
    if value.__class__ is int or value.__class__ is float:
        return float(value)
    raise Mismatch("a number", value)


def instant(value: Any, _: Any = datetime) -> datetime:
    """Accept an RFC 3339 date-time with an offset."""
    try:
        moment = _parse(value)
    except TypeError:
        raise Mismatch("a string", value) from None
    except ValueError:
        raise Mismatch("an RFC 3339 date-time", value, show=True) from None
    if moment.tzinfo is None:
        raise Mismatch("a date-time with an offset", value, show=True)
    return moment


def literal(value: Any, kind: Any) -> Any:
    """Accept one of the values of a `Literal`."""
    for known in get_args(kind):
        if value == known and (isinstance(value, str) or value.__class__ is known.__class__):
            return known
    raise Mismatch(" or ".join(map(repr, get_args(kind))), value, show=isinstance(value, str))


def is_literal(kind: Any) -> bool:
    """Tell whether a type is a `Literal`."""
    origin: object = get_origin(kind)
    return origin is Literal


def register_strict(converter: Converter) -> None:
    """Make a converter accept plain values only as they are."""
    converter.register_structure_hook(str, string)
    converter.register_structure_hook(bool, boolean)
    converter.register_structure_hook(int, integer)
    converter.register_structure_hook(float, number)
    converter.register_structure_hook(datetime, instant)
    converter.register_structure_hook_func(is_literal, literal)


def is_union(kind: Any) -> bool:
    """Tell whether a type is a union, in either spelling."""
    return get_origin(kind) in (Union, UnionType)
