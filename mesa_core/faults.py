"""What is wrong with a piece of data, and where: cattrs' nested exceptions, flattened to paths and sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, get_type_hints

from cattrs import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError

from mesa_core.suggestions import unknown
from mesa_core.wire import wire_name

__all__ = ["Fault", "faults_of"]

Fault: TypeAlias = tuple[str, str]
"""A path such as "$.repos[0].name", and what is wrong there."""
NameOf: TypeAlias = Callable[[Any, str], str]
"""Gives the name that a class's attribute has in the data. `Any`: an attrs class or a TypedDict."""


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
