"""What counts as a plugin, who is blamed when it breaks, and how the plugins of a client are listed."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import pluggy
import pytest

from mesa_core import (
    Call,
    InvalidRequest,
    MesaError,
    Plugin,
    PluginError,
    Request,
    Response,
    hookimpl,
)
from mesa_core.hookspecs import HOOKS
from mesa_sdk import Mesa

Client = Callable[..., Mesa]
ORG = {"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}


class Named(Plugin):
    """Notes its name when it is called."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self.name, self.notes = name, notes

    def before_request(self, request: Request, call: Call) -> Response | None:
        self.notes.append(self.name)
        return None


def names(mesa: Mesa) -> list[str]:
    return [info.name for info in mesa.plugins]


class TestWhatCounts:
    def test_an_unmarked_override_of_a_plugin(self, client: Client) -> None:
        assert self.hooks(client, Named("a", [])) == ("before_request",)

    def test_an_inherited_override(self, client: Client) -> None:
        class Child(Named):
            pass

        assert self.hooks(client, Child("a", [])) == ("before_request",)

    def test_a_marked_method_of_any_object(self, client: Client, answer: Any) -> None:
        notes: list[str] = []

        class Bare:
            @hookimpl
            def before_request(self, request: Request) -> None:
                notes.append(request.method)

            def after_response(self, response: Response) -> None:
                raise AssertionError

        mesa = client(answer(ORG), plugins=[Bare()])
        mesa.org.get(org="o")
        assert notes == ["GET"]
        assert list(mesa.plugins)[-1].hooks == ("before_request",)

    def test_a_marked_method_under_another_name(self, client: Client) -> None:
        class Renamed:
            @hookimpl(specname="on_error")
            def look(self, error: MesaError) -> None: ...

        assert self.hooks(client, Renamed()) == ("on_error",)

    def test_marked_functions_of_a_module(self, client: Client, answer: Any) -> None:
        module = types.ModuleType("my_plugin")

        @hookimpl
        def after_response(response: Response, call: Call) -> None:
            call.state["module"] = response.headers.update({"X-Module": "1"})

        module.after_response = after_response  # type: ignore[attr-defined]
        mesa = client(answer(ORG), plugins=[module])
        assert names(mesa)[-1] == "my_plugin"
        assert mesa.raw.org.get(org="o").headers["X-Module"] == "1"

    def test_static_and_class_methods_and_fewer_arguments(self, client: Client, answer: Any) -> None:
        notes: list[str] = []

        class Odd(Plugin):
            @staticmethod
            def before_request(call: Call) -> None:  # type: ignore[override]
                notes.append(call.operation.name)

            @classmethod
            def after_response(cls) -> None:  # type: ignore[override]
                notes.append(cls.__name__)

        client(answer(ORG), plugins=[Odd()]).org.get(org="o")
        assert notes == ["org.get", "Odd"]

    def test_properties_are_not_called(self, client: Client) -> None:
        class Property(Named):
            @property
            def broken(self) -> str:
                raise AssertionError

        assert self.hooks(client, Property("a", [])) == ("before_request",)

    @staticmethod
    def hooks(client: Client, plugin: object) -> tuple[str, ...]:
        return list(client(plugins=[plugin]).plugins)[-1].hooks


def test_what_takes_long_to_look_at_is_looked_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients are built in tests, workers and requests by the thousand; pluggy takes 20 µs for an attribute."""
    seen: list[tuple[str, str]] = []
    look = pluggy.PluginManager.parse_hookimpl_opts

    def noting(self: pluggy.PluginManager, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        seen.append((type(plugin).__name__, name))
        return look(self, plugin, name)

    monkeypatch.setattr(pluggy.PluginManager, "parse_hookimpl_opts", noting)
    mesa = client(plugins=[Named("a", [])])
    hooks = sum(len(info.hooks) for info in mesa.plugins)
    assert len(seen) == len(set(seen)) == hooks + len(("name", "notes"))


class TestFailures:
    @pytest.mark.parametrize("hook", ["before_request", "after_response", "on_error"])
    def test_a_plugin_that_raises_is_named_and_its_cause_chained(self, client: Client, hook: str) -> None:
        def breaks(self: object) -> None:
            raise LookupError("hunter2")

        mesa = client(Response(404), plugins=[type("Broken", (Plugin,), {hook: breaks})()])
        with pytest.raises(PluginError) as caught:
            mesa.org.get(org="o")
        error = caught.value
        assert (error.plugin, error.hook) == ("Broken", hook)
        assert isinstance(error.__cause__, LookupError)
        assert str(error).startswith("plugin 'Broken'")
        assert str(error).endswith(f"raised LookupError in {hook}")  # its own text may hold a secret

    def test_the_distribution_of_a_plugin_is_named(
        self, client: Client, fake_distribution: Callable[..., object]
    ) -> None:
        source = (
            "from mesa_core import Plugin\n"
            "class Broken(Plugin):\n"
            "    def before_request(self, request):\n"
            "        raise LookupError('broken')\n"
        )
        fake_distribution("mesa-broken", {"broken": "mesa_broken_1:Broken"}, {"mesa_broken_1": source})
        with pytest.raises(PluginError, match=r"plugin 'broken' of mesa-broken 1\.2\.3 raised") as caught:
            client(plugins=["broken"]).org.get(org="o")
        assert (caught.value.plugin, caught.value.distribution) == ("broken", "mesa-broken")

    def test_an_error_of_the_sdk_passes_through_with_a_note(self, client: Client) -> None:
        refused = InvalidRequest("not on Sundays", field="org")

        class Refuses(Plugin):
            def before_request(self, request: Request) -> None:
                raise refused

        mesa = client(plugins=[Refuses()])
        with pytest.raises(InvalidRequest) as caught:
            mesa.org.get(org="o")
        assert caught.value is refused
        assert len(caught.value.__notes__) == 1
        assert caught.value.__notes__[0].startswith("raised by plugin 'Refuses'")
        assert caught.value.__notes__[0].endswith("in before_request")
        assert mesa.transport.requests == []

    def test_one_error_that_many_calls_raise_has_its_notes_once(self, client: Client) -> None:
        refused = InvalidRequest("not on Sundays", field="org")

        class Refuses(Plugin):
            def before_request(self, request: Request) -> None:
                raise refused

            def after_call(self, call: Call) -> None:
                raise LookupError

        mesa = client(plugins=[Refuses()])
        for _ in range(3):
            with pytest.raises(InvalidRequest):
                mesa.org.get(org="o")
        assert len(refused.__notes__) == 2

    def test_an_interrupt_is_no_plugin_error(self, client: Client) -> None:
        class Interrupted(Plugin):
            def before_request(self, request: Request) -> None:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            client(plugins=[Interrupted()]).org.get(org="o")


class TestListing:
    def test_tells_name_distribution_version_and_hooks_in_order(self, client: Client) -> None:
        auth, retries, tracing, pagination, mine = client(plugins=[Named("a", [])]).plugins
        assert (auth.name, auth.distribution, auth.hooks) == ("auth", "mesa-sdk", ("before_request", "on_error"))
        assert retries.hooks == ("before_request", "after_response", "on_error", "after_call")
        assert tracing.hooks == ("before_call", "before_request", "after_response", "on_error", "after_call")
        assert (pagination.hooks, pagination.version) == (("next_page",), auth.version)
        assert (mine.name, mine.distribution, mine.version) == ("Named", None, None)

    def test_prints_as_a_table(self, client: Client) -> None:
        mesa = client(plugins=[Named("a", [])], disable_plugins=["retries", "tracing"])
        rows = [line.split() for line in str(mesa.plugins).splitlines()]
        assert rows == [
            ["name", "distribution", "version", "hooks"],
            ["auth", "mesa-sdk", rows[1][2], "before_request,", "on_error"],
            ["pagination", "mesa-sdk", rows[1][2], "next_page"],
            ["Named", "-", "-", "before_request"],
        ]
        columns = {line.index(row[3]) for line, row in zip(str(mesa.plugins).splitlines(), rows, strict=True)}
        assert len(columns) == 1
        assert repr(mesa.plugins) == "<Plugins: auth, pagination, Named>"

    def test_each_client_has_plugins_of_its_own(self, client: Client, answer: Any) -> None:
        notes: list[str] = []
        with_plugin, without = client(answer(ORG), plugins=[Named("a", notes)]), client(answer(ORG))
        without.org.get(org="o")
        assert notes == []
        assert names(without) == ["auth", "retries", "tracing", "pagination"]
        with_plugin.org.get(org="o")
        assert notes == ["a"]

    def test_one_object_may_serve_two_clients(self, client: Client, answer: Any) -> None:
        notes: list[str] = []
        shared = Named("a", notes)
        for _ in range(2):
            client(answer(ORG), plugins=[shared]).org.get(org="o")
        assert notes == ["a", "a"]


def test_the_base_class_documents_every_hook_and_does_nothing() -> None:
    attempts = ("before_request", "after_response", "on_error")
    assert list(HOOKS) == ["provide_transports", "before_call", *attempts, "after_call", "next_page"]
    plugin: Any = Plugin()
    assert all(getattr(Plugin, hook).__doc__ for hook in HOOKS)
    assert plugin.provide_transports() == {}
    arguments = {"before_call": 1, **dict.fromkeys(attempts, 2), "after_call": 2, "next_page": 3}
    assert all(getattr(plugin, hook)(*[None] * count) is None for hook, count in arguments.items())
