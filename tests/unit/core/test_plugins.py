"""The plugins of a client: their order, and whose answer counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import (
    Call,
    MesaError,
    Plugin,
    PluginError,
    Request,
    Response,
    Retry,
    hookimpl,
)
from mesa_plugins.retries import Retries
from mesa_sdk import ConfigurationError, Mesa

Client = Callable[..., Mesa]
ORG = {"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}


class Named(Plugin):
    """Notes its name when it is called."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self.name, self.notes = name, notes

    def before_request(self, request: Request, call: Call) -> Response | None:
        self.notes.append(self.name)
        return None


class First(Named):
    @hookimpl(tryfirst=True)
    def before_request(self, request: Request, call: Call) -> Response | None:
        return super().before_request(request, call)


class Last(Named):
    @hookimpl(trylast=True)
    def before_request(self, request: Request, call: Call) -> Response | None:
        return super().before_request(request, call)


def names(mesa: Mesa) -> list[str]:
    return [info.name for info in mesa.plugins]


class TestOrder:
    def test_is_the_built_in_four_and_then_those_listed(self, client: Client) -> None:
        notes: list[str] = []
        mesa = client(plugins=[Named("b", notes), First("a", notes), Named("c", notes)])
        assert names(mesa) == ["auth", "retries", "tracing", "pagination", "Named", "First", "Named-2"]
        assert len(mesa.plugins) == 7

    def test_hooks_run_as_listed_unless_moved(self, client: Client, answer: Any) -> None:
        notes: list[str] = []
        plugins = [Last("last", notes), Named("a", notes), First("first", notes), Named("b", notes)]
        client(answer(ORG), plugins=plugins).org.get(org="o")
        assert notes == ["first", "a", "b", "last"]

    def test_built_in_hooks_answer_before_those_listed(self, client: Client, answer: Any) -> None:
        class Instead(Plugin):
            def on_error(self, error: MesaError) -> Response:
                return answer({**ORG, "num_repos": 99})

        mesa = client(Response(503), answer(ORG), plugins=[Instead()])
        assert mesa.org.get(org="o").num_repos == 3
        mesa = client(Response(503), answer(ORG), plugins=[Instead()], retry_config={"strategy": "none"})
        assert mesa.org.get(org="o").num_repos == 99

    def test_auth_runs_after_everyone(self, client: Client, answer: Any) -> None:
        keys: list[str | None] = []

        class Looks(Plugin):
            @hookimpl(trylast=True)
            def before_request(self, request: Request) -> None:
                keys.append(request.headers.get("Authorization"))

        mesa = client(answer(ORG), plugins=[Looks()])
        mesa.org.get(org="o")
        assert keys == [None]
        assert mesa.transport.requests[0].headers["Authorization"] == "Bearer key"


class TestBuiltIns:
    def test_a_second_one_beside_it_is_refused(self, client: Client) -> None:
        class Mine(Retries):
            pass

        for given, name in ((Retries(), "Retries"), (Mine(), "Mine")):
            with pytest.raises(ConfigurationError) as caught:
                client(plugins=[given])
            assert str(caught.value) == (
                f"plugin {name!r} would run beside the built-in 'retries', which does the same; "
                "to run it instead, pass disable_plugins=['retries'] too"
            )
            assert names(client(plugins=[given], disable_plugins=["retries"]))[-1] == name

    def test_two_that_are_listed_are_what_was_asked_for(self, client: Client) -> None:
        mesa = client(plugins=[Retries(), Retries()], disable_plugins=["retries"])
        assert names(mesa)[-2:] == ["Retries", "Retries-2"]


class TestAnswers:
    def test_all_run_and_the_first_answer_wins(self, client: Client) -> None:
        notes: list[str] = []

        class Answers(Named):
            def before_request(self, request: Request, call: Call) -> Response | None:
                super().before_request(request, call)
                return Response(200, {}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": %d}' % len(self.notes))

        plugins = [Named("a", notes), Answers("b", notes), Answers("c", notes), Named("d", notes)]
        mesa = client(plugins=plugins)
        assert mesa.org.get(org="o").num_repos == 2
        assert notes == ["a", "b", "c", "d"]
        assert mesa.transport.requests == []

    def test_the_first_of_several_retries_wins(self, client: Client, clock: Any, answer: Any) -> None:
        class Again(Plugin):
            def __init__(self, after: float) -> None:
                self.after = after

            def after_response(self, response: Response, call: Call) -> Retry | None:
                return Retry(self.after) if call.attempt == 1 else None

        client(answer(ORG), plugins=[Again(3), Again(7)]).org.get(org="o")
        assert clock.waits == [3]

    def test_a_cache_in_front_does_not_hide_the_call_from_those_behind(self, client: Client, answer: Any) -> None:
        seen: list[str] = []

        class Cache(Plugin):
            @hookimpl(tryfirst=True)
            def before_request(self, request: Request) -> Response:
                return answer(ORG)

        class Looks(Plugin):
            def before_request(self, request: Request) -> None:
                seen.append("before_request")

            def after_response(self, response: Response) -> None:
                seen.append("after_response")

        client(plugins=[Cache(), Looks()]).org.get(org="o")
        assert seen == ["before_request", "after_response"]

    @pytest.mark.parametrize(
        ("hook", "wrong", "expected"),
        [
            ("before_request", "text", "returned str, not Response or Instead or None"),
            ("before_request", Retry(), "returned Retry, not Response or Instead or None"),
            ("after_response", Response(200), "returned Response, not Retry or None"),
            ("after_response", True, "returned bool, not Retry or None"),
            ("on_error", 5, "returned int, not Retry or Response or None"),
        ],
    )
    def test_an_answer_of_a_wrong_type_is_the_plugins_error(
        self, client: Client, hook: str, wrong: object, expected: str
    ) -> None:
        plugin = type("Wrong", (Plugin,), {hook: lambda self, call: wrong})()
        mesa = client(Response(404), plugins=[plugin])
        with pytest.raises(PluginError, match=expected) as caught:
            mesa.org.get(org="o")
        assert (caught.value.plugin, caught.value.hook) == ("Wrong", hook)

    def test_an_answer_of_a_wrong_type_to_next_page_is_the_plugins_error(self, client: Client, answer: Any) -> None:
        class Wrong(Plugin):
            def next_page(self, operation: Any) -> object:
                return "cursor"

        page = client(answer({"repos": [], "next_cursor": None, "has_more": False}), plugins=[Wrong()]).repos.list(
            org="o"
        )
        with pytest.raises(PluginError, match="returned str, not PagedOperation or None in next_page"):
            page.next()
