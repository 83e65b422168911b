"""A clock that tests own, a transport that answers from a script, and clients on top of both."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from mesa_core import (
    Call,
    Clock,
    MesaError,
    Operation,
    Plugin,
    Request,
    Response,
    Retry,
    entry_points,
    installed,
    json_text,
)
from mesa_core.converter import Json
from mesa_core.exchange import Ended, Flow, exchange
from mesa_core.models.org import Organization
from mesa_core.worlds import Blocking
from mesa_plugins.testing import Script
from mesa_sdk import AsyncMesa, Mesa


def repeating(*answers: Any) -> Script:
    """A script whose last answer is given again and again."""
    *first, last = answers
    return Script(*first, rest=last)


class Seen(Plugin):
    """Notes what it sees and answers what a test tells it to."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.events: list[str] = []
        self.errors: list[MesaError] = []

    def _answer(self, hook: str, call: Call) -> Any:
        self.events.append(f"{hook} {call.attempt}")
        given = self.answers.get(hook)
        return given(call) if callable(given) else given

    def before_request(self, request: Request, call: Call) -> Response | None:
        return self._answer("before_request", call)

    def after_response(self, response: Response, call: Call) -> Retry | None:
        return self._answer("after_response", call)

    def on_error(self, error: MesaError, call: Call) -> Retry | Response | None:
        self.errors.append(error)
        return self._answer("on_error", call)


@pytest.fixture
def script() -> Callable[..., Script]:
    return repeating


@pytest.fixture(params=["msgspec", "json"])
def json_reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both readers of JSON text, for what holds with either: each text is large enough for msgspec, or none is."""
    monkeypatch.setattr(json_text, "_LARGE", 0 if request.param == "msgspec" else sys.maxsize)


@pytest.fixture
def answer() -> Callable[..., Response]:
    """Makes a JSON response."""

    def make(data: object = None, status: int = 200, **headers: str) -> Response:
        fields = {"Content-Type": "application/json"}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(status, fields, json.dumps(data).encode())

    return make


@pytest.fixture
def refusal(answer: Callable[..., Response]) -> Callable[..., Response]:
    """Makes a response with the error envelope."""

    def make(status: int, code: str = "CODE", message: str = "what went wrong", **headers: str) -> Response:
        return answer({"error": {"code": code, "message": message}}, status, **headers)

    return make


@pytest.fixture
def repo() -> dict[str, Any]:
    """A repository, as on the wire."""
    return {
        "id": "r1",
        "org": "o",
        "name": "n",
        "default_branch": "main",
        "head_sha": None,
        "size_bytes": 12,
        "created_at": "2026-01-02T03:04:05Z",
        "upstream": None,
    }


@pytest.fixture
def client(clock: Clock) -> Iterator[Callable[..., Mesa]]:
    """Makes a blocking client whose transport answers from a script; `client.transport.requests` is what it sent."""

    def make(*answers: object, **options: Any) -> Mesa:
        options.setdefault("api_key", "key")
        options.setdefault("transport", repeating(*(answers or [Response(200, {}, b"{}")])))
        clients.append(Mesa(clock=clock, **options))
        return clients[-1]

    clients: list[Mesa] = []
    yield make
    for each in clients:
        each.close()


@pytest.fixture(params=["blocking", "async"])
def world(request: pytest.FixtureRequest) -> str:
    """Both worlds, for what holds in either."""
    return request.param


@pytest.fixture
def resources(world: str, client: Callable[..., Mesa], clock: Clock) -> Callable[..., tuple[Any, Script]]:
    """Makes a client of either world, and the scripted transport under it."""

    def make(*answers: object, **options: Any) -> tuple[Any, Script]:
        transport = repeating(*answers)
        if world == "blocking":
            return client(transport=transport, **options), transport
        return AsyncMesa(api_key="key", transport=transport, clock=clock, **options), transport

    return make


@pytest.fixture
def finish() -> Callable[[Any], Any]:
    """Gives what a method of either world returns: a coroutine is run to its end."""

    def finish(result: Any) -> Any:
        return asyncio.run(result) if isinstance(result, Coroutine) else result

    return finish


@pytest.fixture
def fake_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Installs a distribution: modules, and a .dist-info with entry points of the group `mesa`."""

    def make(name: str, entry_points: dict[str, str], modules: dict[str, str] | None = None) -> Path:
        site = tmp_path / name
        info = site / f"{name.replace('-', '_')}-1.2.3.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2.3\n")
        lines = [f"{key} = {value}" for key, value in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[mesa]", *lines, ""]))
        for module, source in (modules or {}).items():
            (site / f"{module}.py").write_text(source)
        (info / "RECORD").write_text("".join(f"{module}.py,,\n" for module in modules or {}))
        monkeypatch.syspath_prepend(str(site))
        forget()
        return site

    def forget() -> None:
        for cached in (entry_points.own_offers, entry_points.offers, installed._by_name, installed.distribution_of):
            cached.cache_clear()

    yield make
    monkeypatch.undo()
    forget()


@pytest.fixture
def seen_plugin() -> type[Seen]:
    """Makes a plugin that notes what it sees and answers what a test tells it to."""
    return Seen


@pytest.fixture
def make_operation() -> Callable[..., Operation[Organization]]:
    """Makes the operation of an exchange that is stepped by hand."""

    def make(**changes: Any) -> Operation[Organization]:
        fields = {"name": "org.get", "method": "GET", "template": "/{org}", "path": {"org": "o"}} | changes
        return Operation(decode=Json[Organization](Organization), **fields)

    return make


@pytest.fixture
def start(
    client: Callable[..., Mesa], make_operation: Callable[..., Operation[Organization]]
) -> Callable[..., Flow[Ended[Organization]]]:
    """Begins a flow whose only plugins are those of the test."""

    def begin(
        *plugins: object, asked: Operation[Organization] | None = None, **options: Any
    ) -> Flow[Ended[Organization]]:
        built_in = ["auth", "retries", "tracing", "pagination"]
        mesa = client(plugins=list(plugins), disable_plugins=built_in, **options)
        world = mesa.repos.world
        assert isinstance(world, Blocking)
        parts = world.parts
        return exchange(asked or make_operation(), parts.plugins, parts.config, parts.clock)

    return begin
