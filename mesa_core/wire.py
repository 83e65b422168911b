"""Names on the wire, where they differ from ours: the mark of a field, and how it is read."""

from __future__ import annotations

from typing import Any, NotRequired, get_args, get_origin, get_type_hints

from attrs import frozen

__all__ = ["Wire", "wire_name", "wire_names"]


@frozen
class Wire:
    """Marks a field that has another name on the wire: `total: Annotated[int, Wire("totalLines")]`."""

    name: str


def wire_name(kind: Any, attribute: str) -> str:
    """Return the name that an attribute of a model or a body has on the wire."""
    return wire_names(kind).get(attribute, attribute)


def wire_names(kind: Any) -> dict[str, str]:
    """Return the names on the wire of all attributes of a model or a body."""
    return {name: _name(hint, name) for name, hint in get_type_hints(kind, include_extras=True).items()}


def _name(hint: Any, attribute: str) -> str:
    if get_origin(hint) is NotRequired:
        (hint,) = get_args(hint)
    marks = [mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Wire)]
    return marks[0].name if marks else attribute
