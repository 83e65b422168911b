"""Pages, in both worlds: lazily fetched, to the end, and never in a circle."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from contextlib import aclosing
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest

from mesa_core import Operation, Plugin, Request, Response
from mesa_plugins.testing import Script
from mesa_sdk import ConfigurationError, Mesa, NotFound, ResponseValidationError, ServerError

Branch = dict[str, Any]


def branch(name: str) -> Branch:
    return {"name": name, "head_sha": "s", "is_default": False}


def page(names: str, cursor: str | None, *, more: bool | None = None) -> dict[str, Any]:
    branches = [branch(name) for name in names]
    return {"branches": branches, "next_cursor": cursor, "has_more": cursor is not None if more is None else more}


def cursors(transport: Any) -> list[str | None]:
    return [parse_qs(urlsplit(request.url).query).get("cursor", [None])[0] for request in transport.requests]


async def _all(items: Any, most: int) -> list[Any]:
    found: list[Any] = []
    async for item in items:
        found.append(item)
        if len(found) == most:
            break
    return found


@pytest.fixture
def collect(world: str) -> Callable[..., list[Any]]:
    """Iterates in either world, to the end or over so many items."""

    def collect(items: Any, most: int = 1000) -> list[Any]:
        if world == "async":
            return asyncio.run(_all(items, most))
        return [item for _, item in zip(range(most), items, strict=False)]

    return collect


@pytest.fixture
def first(world: str) -> Callable[[Any], Any]:
    """Gives the first page of a list in either world."""

    async def awaited(pages: Any) -> Any:
        return await pages

    return lambda pages: asyncio.run(awaited(pages)) if world == "async" else pages


THREE = [page("ab", "c1"), page("", "c2"), page("c", None)]


class TestIterating:
    def test_yields_the_items_of_all_pages(self, resources: Any, answer: Any, collect: Any) -> None:
        calls, transport = resources(*map(answer, THREE))
        listed = calls.branches.list(org="o", repo="r", limit=2)
        assert [each.name for each in collect(listed)] == ["a", "b", "c"]
        assert cursors(transport) == [None, "c1", "c2"]
        assert all("limit=2" in request.url for request in transport.requests)

    def test_fetches_a_page_only_when_it_is_asked_for(self, resources: Any, answer: Any, collect: Any) -> None:
        calls, transport = resources(*map(answer, THREE))
        assert len(collect(calls.branches.list(org="o", repo="r"), 2)) == 2
        assert len(transport.requests) == 1

    def test_may_go_on_from_a_cursor(self, resources: Any, answer: Any, collect: Any) -> None:
        calls, transport = resources(*map(answer, THREE[1:]))
        assert [each.name for each in collect(calls.branches.list(org="o", repo="r", cursor="c1"))] == ["c"]
        assert cursors(transport) == ["c1", "c2"]

    def test_a_page_that_fails_raises_where_it_is_reached(self, resources: Any, answer: Any, collect: Any) -> None:
        calls, _ = resources(answer(THREE[0]), Response(404))
        assert len(collect(calls.branches.list(org="o", repo="r"), 2)) == 2
        calls, _ = resources(answer(THREE[0]), Response(404))
        with pytest.raises(NotFound):
            collect(calls.branches.list(org="o", repo="r"))


class TestPages:
    def test_pages_yields_each_page(self, resources: Any, answer: Any, collect: Any) -> None:
        calls, transport = resources(*map(answer, THREE))
        pages = collect(calls.branches.list(org="o", repo="r").pages())
        assert [[item.name for item in each.items] for each in pages] == [["a", "b"], [], ["c"]]
        assert [each.result.next_cursor for each in pages] == ["c1", "c2", None]
        assert len(transport.requests) == 3

    def test_next_leads_from_page_to_page_and_is_none_at_the_end(
        self, resources: Any, answer: Any, first: Any, finish: Any
    ) -> None:
        calls, transport = resources(*map(answer, THREE))
        one = first(calls.branches.list(org="o", repo="r"))
        assert (one.result.has_more, len(one.items)) == (True, 2)
        two = finish(one.next())
        three = finish(two.next())
        assert finish(three.next()) is None
        assert len(transport.requests) == 3
        assert repr(three) == f"{type(three).__name__}({three.result!r})"

    def test_next_may_be_asked_twice(self, resources: Any, answer: Any, first: Any, finish: Any) -> None:
        calls, transport = resources(*map(answer, THREE))
        one = first(calls.branches.list(org="o", repo="r"))
        finish(one.next())
        finish(one.next())
        assert cursors(transport) == [None, "c1", "c1"]

    def test_the_options_of_the_call_hold_for_all_pages(self, resources: Any, answer: Any, collect: Any) -> None:
        calls, transport = resources(*map(answer, THREE))
        options = {"timeout_ms": 1500, "headers": {"X-Mine": "1"}}
        collect(calls.branches.list(org="o", repo="r", request_options=options))
        assert [(each.timeout, each.headers["X-Mine"]) for each in transport.requests] == [(1.5, "1")] * 3

    def test_a_cursor_is_followed_whatever_has_more_says(self, resources: Any, answer: Any, collect: Any) -> None:
        calls, _ = resources(answer(page("a", "c1", more=False)), answer(page("b", None)))
        assert len(collect(calls.branches.list(org="o", repo="r"))) == 2


class TestErrors:
    @pytest.mark.parametrize("length", [1, 2, 3, 7])
    @pytest.mark.parametrize("lead", [0, 1, 5])
    def test_cursors_in_a_circle_are_an_error_and_no_loop(
        self, resources: Any, answer: Any, collect: Any, length: int, lead: int
    ) -> None:
        def circle(request: Request) -> Response:
            number = len(transport.requests) - 1
            return answer(page("x", f"c{number if number < lead else lead + (number - lead) % length}"))

        calls, transport = resources(circle)
        with pytest.raises(ResponseValidationError, match="repeats the cursor 'c") as caught:
            collect(calls.branches.list(org="o", repo="r"))
        assert (caught.value.path, caught.value.operation) == ("$.next_cursor", "branches.list")
        assert len(transport.requests) <= 4 * (lead + length)

    def test_a_cursor_that_leads_back_to_where_the_user_began_is_an_error(
        self, resources: Any, answer: Any, collect: Any
    ) -> None:
        calls, transport = resources(answer(page("a", "c1")))
        with pytest.raises(ResponseValidationError, match="repeats the cursor 'c1'"):
            collect(calls.branches.list(org="o", repo="r", cursor="c1"))
        assert len(transport.requests) == 1

    def test_many_pages_are_no_circle(self, resources: Any, answer: Any, collect: Any) -> None:
        def endless(request: Request) -> Response:
            number = len(transport.requests)
            return answer(page("x", f"c{number}" if number < 200 else None))

        calls, transport = resources(endless)
        assert len(collect(calls.branches.list(org="o", repo="r"))) == 200

    def test_more_pages_without_a_cursor_are_an_error(self, resources: Any, answer: Any, collect: Any) -> None:
        calls, _ = resources(answer(page("a", None, more=True)))
        with pytest.raises(ResponseValidationError, match="has_more is true, but next_cursor is null"):
            collect(calls.branches.list(org="o", repo="r"))

    def test_more_pages_without_pagination_are_an_error(self, resources: Any, answer: Any, collect: Any) -> None:
        calls, _ = resources(answer(THREE[0]), disable_plugins=frozenset({"pagination"}))
        with pytest.raises(ConfigurationError, match="no plugin fetches them; is pagination switched off"):
            collect(calls.branches.list(org="o", repo="r"))

    def test_without_pagination_a_single_page_is_no_error(self, resources: Any, answer: Any, collect: Any) -> None:
        calls, _ = resources(answer(THREE[2]), disable_plugins=frozenset({"pagination"}))
        assert len(collect(calls.branches.list(org="o", repo="r"))) == 1


def test_a_plugin_may_know_another_way_to_the_next_page(client: Callable[..., Mesa], answer: Any) -> None:
    class Skips(Plugin):
        def next_page(self, operation: Operation[Any], result: Any) -> Operation[Any] | None:
            return None if result.next_cursor is None else operation.following(query={"cursor": "mine"})

    mesa = client(answer(page("a", "c1")), answer(page("b", None)), plugins=[Skips()], disable_plugins=["pagination"])
    assert [each.name for each in mesa.branches.list(org="o", repo="r")] == ["a", "b"]
    assert cursors(mesa.transport) == [None, "mine"]


def test_the_page_says_as_data_what_it_is(client: Callable[..., Mesa], answer: Any) -> None:
    listed = client(answer(THREE[0])).branches.list(org="o", repo="r")
    assert listed.items == listed.result.branches
    assert repr(listed).startswith("Page(BranchPage(branches=(Branch(name='a'")


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
@pytest.mark.parametrize("of", ["items", "pages", "items of a page", "pages of a page"])
def test_a_list_that_is_left_half_way_leaves_nothing_to_close(
    loop: str, of: str, recwarn: pytest.WarningsRecorder
) -> None:
    async def main() -> None:
        script = Script(*(page("ab", f"c{number}") for number in range(5)))
        async with script.async_client() as client:
            listed = client.branches.list(org="o", repo="r")
            source = await listed if "of a page" in of else listed
            async for _ in source.pages() if "pages" in of else source:
                break
            gc.collect()

    anyio.run(main, backend=loop)
    gc.collect()
    assert not [*recwarn]


@pytest.mark.parametrize("of", ["items", "pages"])
def test_what_iterates_in_async_code_can_be_closed(of: str) -> None:
    async def main() -> list[Any]:
        async with Script(page("ab", "c")).async_client() as client:
            listed = client.branches.list(org="o", repo="r")
            async with aclosing(aiter(listed if of == "items" else listed.pages())) as source:
                await anext(source)
            return [each async for each in source]

    assert asyncio.run(main()) == []


async def _read_on(script: Script) -> list[Any]:
    async with script.async_client(retry_config={"strategy": "none"}) as client:
        branches = aiter(client.branches.list(org="o", repo="r"))
        found = [await anext(branches), await anext(branches)]
        with pytest.raises(ServerError):
            await anext(branches)
        return [*found, *[each async for each in branches]]


def test_an_iteration_over_pages_goes_on_after_one_that_could_not_be_fetched() -> None:
    found = asyncio.run(_read_on(Script(page("ab", "c"), 500, page("cd", None))))
    assert [each.name for each in found] == ["a", "b", "c", "d"]
