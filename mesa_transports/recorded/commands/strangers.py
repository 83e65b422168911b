"""What JSON holds that today's models do not know, and their decoders pass over on purpose.

Unknown fields are ignored there, unknown enum values kept, and an unknown `type` becomes `Unknown`: so data and model
are walked through together here. What is wrong with the rest of the data, the decoders say themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import NoneType
from typing import Any, TypeGuard, get_args, get_origin, get_type_hints, is_typeddict

import attrs

from mesa_core.faults import Fault
from mesa_core.models.common import OpenEnum, Unknown
from mesa_core.strict import is_union
from mesa_core.suggestions import unknown
from mesa_core.wire import wire_name
from mesa_transports.recorded.redaction import PLACEHOLDER

__all__ = ["is_redacted", "strangers"]


def is_redacted(value: object) -> bool:
    """Tell whether a value is, or holds, what stands for a secret: it can be anything in truth."""
    return isinstance(value, str) and PLACEHOLDER.search(value) is not None


def strangers(data: Any, kind: Any, path: str = "$") -> Iterator[Fault]:
    """Yield where a model or a body does not know what JSON holds, and what that is.

    `Any`: JSON of any shape, and a type; `path` is where the data stands.
    """
    if data is None or is_redacted(data):
        return
    if is_union(kind):
        yield from _in_union(data, kind, path)
    elif _is_enum(kind):
        known = [each.value for each in kind]
        if isinstance(data, str) and data not in known:
            yield path, unknown("value", data, known)
    elif _is_model(kind):
        yield from _in_model(data, kind, path)
    elif get_origin(kind) in {tuple, Sequence} and _is_array(data):
        for index, each in enumerate(data):
            yield from strangers(each, get_args(kind)[0], f"{path}[{index}]")
    elif get_origin(kind) is Mapping and _is_object(data):
        for name, each in data.items():
            yield from strangers(each, get_args(kind)[1], f"{path}[{name!r}]")


def _in_model(data: Any, kind: Any, path: str) -> Iterator[Fault]:
    if not _is_object(data):
        return
    members = _members(kind)
    for name, each in data.items():
        place = f"{path}.{name}" if name.isidentifier() else f"{path}[{name!r}]"
        if name in members:
            yield from strangers(each, members[name], place)
        elif not is_redacted(name):
            yield place, "unknown field"


def _in_union(data: Any, kind: Any, path: str) -> Iterator[Fault]:
    arms = [arm for arm in get_args(kind) if arm is not NoneType]
    if Unknown in arms:
        yield from _in_tagged(data, [arm for arm in arms if arm is not Unknown], path)
    elif _is_object(data) and any(map(_is_model, arms)):
        names = data.keys()
        meant = min(filter(_is_model, arms), key=lambda arm: len(names ^ _members(arm).keys()))
        yield from strangers(data, meant, path)
    elif len(arms) == 1:
        yield from strangers(data, arms[0], path)


def _in_tagged(data: Any, arms: Sequence[Any], path: str) -> Iterator[Fault]:
    tag = data.get("type") if _is_object(data) else None
    if not isinstance(tag, str) or is_redacted(tag):
        return
    by_tag = {get_args(_members(arm)["type"])[0]: arm for arm in arms}
    if tag in by_tag:
        yield from strangers(data, by_tag[tag], path)
    else:
        yield f"{path}.type", unknown("type", tag, by_tag)


@cache
def _members(kind: Any) -> Mapping[str, Any]:
    """Return the types of a model's or a body's members, by their names on the wire."""
    return {wire_name(kind, name): hint for name, hint in get_type_hints(kind).items()}


def _is_model(kind: Any) -> bool:
    return bool(is_typeddict(kind) or (isinstance(kind, type) and attrs.has(kind)))


def _is_enum(kind: Any) -> TypeGuard[type[OpenEnum]]:
    return isinstance(kind, type) and issubclass(kind, OpenEnum)


def _is_object(data: Any) -> TypeGuard[dict[str, Any]]:
    return data.__class__ is dict


def _is_array(data: Any) -> TypeGuard[list[Any]]:
    return data.__class__ is list
