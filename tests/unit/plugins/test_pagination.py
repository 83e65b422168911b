"""Pagination answers for pages alone; how pages follow each other is tested where pages are."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from mesa_core import Operation, PageInfo
from mesa_plugins.pagination import Pagination


@frozen
class Result:
    next_cursor: str | None = None
    has_more: bool = False


def operation(**query: Any) -> Operation[Any]:
    return Operation(name="x.list", method="GET", template="/x", decode=lambda response: response, query=query)


def test_a_result_that_is_no_page_has_none_after_it() -> None:
    for result in (None, {"next_cursor": "c", "has_more": True}, "text"):
        assert not isinstance(result, PageInfo)
        assert Pagination().next_page(operation(), result, call=None) is None  # type: ignore[arg-type]


def test_the_last_page_has_none_after_it() -> None:
    assert Pagination().next_page(operation(), Result(), call=None) is None  # type: ignore[arg-type]


def test_the_next_page_is_the_same_operation_at_the_cursor() -> None:
    asked = operation(limit=5)
    following = Pagination().next_page(asked, Result("c", has_more=True), call=None)  # type: ignore[arg-type]
    assert following is not None
    assert (following.name, following.query) == ("x.list", {"limit": 5, "cursor": "c"})
    assert asked.query == {"limit": 5}


def test_the_way_is_kept_in_constant_memory() -> None:
    asked = operation()
    for number in range(1000):
        following = Pagination().next_page(asked, Result(f"c{number}", has_more=True), call=None)  # type: ignore[arg-type]
        assert following is not None
        asked = following
    assert len(asked.context) == 1
    assert len(repr(asked.context)) < 200
