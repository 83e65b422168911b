"""Whoever saw an attempt begin sees it end, also when it was refused or another plugin broke."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import Call, Plugin, PluginError, Request, Response
from mesa_sdk import InvalidRequest, Mesa, MesaError, TransportError

Client = Callable[..., Mesa]
GOOD = Response(200, {}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')


class History(Plugin):
    """Notes which hooks it saw."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def before_request(self, request: Request, call: Call) -> None:
        self.events.append("begin")

    def after_response(self, response: Response, call: Call) -> None:
        self.events.append("end")

    def on_error(self, error: MesaError, call: Call) -> None:
        self.events.append(f"end {type(error).__name__}")


def breaks(hook: str) -> Plugin:
    def fail(self: object) -> None:
        raise LookupError

    return type("Broken", (Plugin,), {hook: fail})()


@pytest.mark.parametrize("position", ["first", "last"])
@pytest.mark.parametrize(
    ("hook", "events"), [("before_request", ["begin", "end PluginError"]), ("after_response", ["begin", "end"])]
)
def test_when_another_plugin_breaks(client: Client, hook: str, events: list[str], position: str) -> None:
    history = History()
    plugins = [history, breaks(hook)]
    mesa = client(GOOD, plugins=plugins if position == "last" else plugins[::-1])
    with pytest.raises(PluginError) as broken:
        mesa.org.get(org="o")
    assert history.events == events
    assert (broken.value.plugin, broken.value.operation) == ("Broken", "org.get")


def test_when_the_request_is_refused(client: Client) -> None:
    history = History()
    mesa = client(GOOD, plugins=[history])
    with pytest.raises(InvalidRequest):
        mesa.org.get(org="o", request_options={"headers": {"X-Bad": "a\nb"}})
    assert history.events == ["begin", "end InvalidRequest"]
    assert mesa.transport.requests == []


def test_the_first_failure_is_the_one_raised(client: Client) -> None:
    class Refuses(Plugin):
        def before_request(self, request: Request, call: Call) -> None:
            raise InvalidRequest("not on a Friday")

    with pytest.raises(InvalidRequest, match="not on a Friday"):
        client(GOOD, plugins=[Refuses(), breaks("before_request")]).org.get(org="o")


@pytest.mark.parametrize("value", ["hunter2 ", " hunter2", "\thunter2", "hun\x00ter2", "hunter2\u20ac"])
def test_a_header_that_libraries_would_quote_or_change_is_refused_unseen(client: Client, value: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        client(GOOD).org.get(org="o", request_options={"headers": {"X-Token": value}})
    assert refused.value.field == "headers.X-Token"
    assert "hun" not in str(refused.value)


@pytest.mark.parametrize("value", ["", "a", "a b", "a\tb", "caf\xe9"])
def test_other_header_values_are_sent_as_they_are(client: Client, value: str) -> None:
    mesa = client(GOOD)
    mesa.org.get(org="o", request_options={"headers": {"X-Token": value}})
    assert mesa.transport.requests[0].headers["X-Token"] == value


@pytest.mark.parametrize("answer", [None, 5, {}, "x"])
def test_a_transport_that_returns_no_response_is_named(client: Client, answer: Any) -> None:
    class Odd:
        def send(self, request: Request, /) -> Any:
            return answer

        def close(self) -> None: ...

    mesa = Mesa(api_key="k", transport=Odd(), retry_config={"strategy": "none"})
    with pytest.raises(TransportError, match=f"the transport Odd returned {type(answer).__name__}"):
        mesa.org.get(org="o")
