"""The contract's query parameters and their types, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from mesa_core.errors import InvalidRequest
from mesa_core.urls import QueryValue

__all__ = ["parameters"]

_KINDS: Final[Mapping[str, type[str | int]]] = {
    "base": str,
    "cursor": str,
    "depth": int,
    "head": str,
    "limit": int,
    "path": str,
    "period": str,
    "ref": str,
}


def parameters(**given: object) -> Mapping[str, QueryValue]:
    """Return query parameters as they were given; None stands for one that is left out.

    Raises:
        InvalidRequest: one is not of its type.
    """
    for name, value in given.items():
        kind = _KINDS[name]
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise InvalidRequest(f"{name}: expected {kind.__name__}, got {type(value).__name__}", field=name)
    return cast("Mapping[str, QueryValue]", given)
