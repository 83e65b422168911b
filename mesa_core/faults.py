"""What is wrong with a piece of data, and where: cattrs' nested exceptions, flattened to paths and sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import NoneType
from typing import Any, TypeAlias, get_type_hints

from cattrs import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError

from mesa_core.suggestions import unknown
from mesa_core.wire import wire_name

__all__ = ["Fault", "Mismatch", "faults_of"]

Fault: TypeAlias = tuple[str, str]
"""A path such as "$.repos[0].name", and what is wrong there."""
NameOf: TypeAlias = Callable[[Any, str], str]
"""Gives the name that a class's attribute has in the data. `Any`: an attrs class or a TypedDict."""


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


def faults_of(error: BaseException, path: str, name_of: NameOf) -> Iterator[Fault]:
    """Yield every fault that a detailed structuring error reports."""
    if isinstance(error, ClassValidationError):
        noted, bare = error.group_exceptions()
        for inner, note in noted:
            yield from faults_of(inner, f"{path}.{name_of(error.cl, note.name)}", name_of)
    elif isinstance(error, IterableValidationError):
        noted_items, bare = error.group_exceptions()
        for inner, item in noted_items:
            yield from faults_of(inner, f"{path}[{item.index!r}]", name_of)
    else:
        yield path, _sentence(error)
        return
    for inner in bare:
        yield from faults_of(inner, path, name_of)


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return "required, but missing"
    if isinstance(error, ForbiddenExtraKeysError):
        return "; ".join(_extra(error.cl, key) for key in sorted(error.extra_fields, key=str))
    return str(error)


def _extra(kind: Any, key: str) -> str:
    known = get_type_hints(kind)
    for name in known:
        if wire_name(kind, name) == key:
            return f"{name!r} and {key!r} are two spellings of one key; give one"
    return unknown("key", key, known)
