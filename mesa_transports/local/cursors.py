"""Cursors: where the next page begins, as opaque text.

A cursor holds a position in an order that inserts do not disturb, never a page number.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from mesa_transports.local.refusals import BadRequest

__all__ = ["decoded", "encoded", "page", "unknown_cursor"]


def encoded(kind: str, *position: str | int) -> str:
    """Return the cursor of a position in lists of one kind."""
    return base64.urlsafe_b64encode(json.dumps([kind, *position]).encode()).decode().rstrip("=")


def decoded(cursor: str, kind: str, *types: type) -> list[Any]:  # Any: str or int, as `types` says
    """Return the position that a cursor holds.

    Raises:
        BadRequest: it is no cursor, or one of another list.
    """
    try:
        found: object = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        found = None
    parts: list[Any] = found if isinstance(found, list) else []  # pyright: ignore[reportUnknownVariableType]  # JSON
    if [type(part) for part in parts] != [str, *types] or parts[0] != kind:
        raise unknown_cursor()
    return parts[1:]


def unknown_cursor() -> BadRequest:
    """Return the refusal of a cursor that no page gave."""
    return BadRequest("cursor: expected the next_cursor of a page of this list, got something else")


def page(field: str, items: Sequence[Any], next_cursor: str | None) -> dict[str, Any]:
    """Return a page in the contract's shape; Any: JSON objects of the list's kind."""
    return {field: list(items), "next_cursor": next_cursor, "has_more": next_cursor is not None}
