"""Pagination: the contract's cursors, from one page to the next, and never in a circle."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from mesa_core import Call, Operation, PageInfo, Plugin, ResponseValidationError

__all__ = ["Pagination"]


@frozen
class _Trail:
    """A mark left on the way, moved on at powers of two: finds a circle of any length in constant memory (Brent)."""

    mark: str | int | None
    steps: int = 0
    stride: int = 1

    def step(self, cursor: str) -> _Trail:
        if self.steps == self.stride:
            return _Trail(cursor, 0, 2 * self.stride)
        return _Trail(self.mark, self.steps + 1, self.stride)


class Pagination(Plugin):
    """Follows `next_cursor` until it is null; a cursor that comes again is an error, not a loop."""

    def next_page(self, operation: Operation[Any], result: object, call: Call) -> Operation[Any] | None:
        """Return the operation for the page after `result`, or None after the last."""
        if not isinstance(result, PageInfo):
            return None
        cursor = result.next_cursor
        if cursor is None:
            if result.has_more:
                raise _invalid("has_more is true, but next_cursor is null", operation, None)
            return None
        trail: _Trail = operation.context.get(Pagination, _Trail(operation.query.get("cursor")))
        if cursor in {trail.mark, operation.query.get("cursor")}:
            raise _invalid(f"the server repeats the cursor {cursor!r}, so the pages go in a circle", operation, cursor)
        return operation.following(query={"cursor": cursor}, context={Pagination: trail.step(cursor)})


def _invalid(what: str, operation: Operation[Any], cursor: str | None) -> ResponseValidationError:
    error = ResponseValidationError(f"$.next_cursor: {what}", path="$.next_cursor", status_code=200, content=b"")
    error.operation, error.cursor = operation.name, cursor
    return error
