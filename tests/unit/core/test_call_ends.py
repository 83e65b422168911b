"""Whoever saw a call begin sees it end, once, and learns how: whatever became of it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import (
    Call,
    ConnectError,
    ConnectionLost,
    InvalidRequest,
    MesaError,
    NotFound,
    Operation,
    Plugin,
    PluginError,
    Request,
    Response,
    Retry,
)
from mesa_core.exchange import Attempt, Ended, Flow, Wait
from mesa_core.models.org import Organization
from mesa_plugins.testing import Script
from mesa_sdk import AsyncMesa

GOOD = Response(200, {"Content-Type": "application/json"}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')
LOST = ConnectionLost("lost")
Start = Callable[..., Flow[Ended[Organization]]]


class Watch(Plugin):
    """Notes what it sees of a call: the hooks, and the errors that after_call is told."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.errors: list[BaseException | None] = []

    def before_call(self, call: Call) -> None:
        self.events.append("before_call")

    def before_request(self, request: Request, call: Call) -> None:
        self.events.append("before_request")

    def after_response(self, response: Response, call: Call) -> None:
        self.events.append("after_response")

    def on_error(self, error: MesaError, call: Call) -> None:
        self.events.append("on_error")

    def after_call(self, error: BaseException | None, call: Call) -> None:
        self.events.append("after_call")
        self.errors.append(error)


class RetriesOnce(Plugin):
    def on_error(self, error: MesaError, call: Call) -> Retry | None:
        return Retry(5) if call.attempt == 1 else None


@pytest.fixture
def watch() -> Watch:
    return Watch()


def raises(hook: str, error: BaseException) -> Plugin:
    def fail(self: object) -> None:
        raise error

    return type("Broken", (Plugin,), {hook: fail})()


def play(flow: Flow[Ended[Organization]], *outcomes: Any) -> BaseException | None:
    """Step a flow to its end, answering attempts in order; return what it raised."""
    answers = list(outcomes)
    answer: Any = None
    try:
        while True:
            answer = answers.pop(0) if isinstance(flow.send(answer), Attempt) else None
    except StopIteration:
        return None
    except BaseException as error:  # noqa: BLE001 - whatever ends a call
        return error


@pytest.mark.parametrize(
    ("outcomes", "events"),
    [
        ([GOOD], ["before_request", "after_response"]),
        ([LOST, GOOD], ["before_request", "on_error", "before_request", "after_response"]),
        ([Response(404)] * 2, ["before_request", "after_response", "on_error"] * 2),
        ([LOST] * 2, ["before_request", "on_error"] * 2),
        ([Response(200, {}, b"{")] * 2, ["before_request", "after_response", "on_error"] * 2),
        ([None], ["before_request"]),
    ],
    ids=["success", "success after a retry", "refusal", "no answer", "unreadable body", "a driver's mistake"],
)
def test_the_two_are_first_and_last_and_what_is_told_is_what_is_raised(
    start: Start, watch: Watch, outcomes: list[Any], events: list[str]
) -> None:
    raised = play(start(watch, RetriesOnce()), *outcomes)
    assert watch.events == ["before_call", *events, "after_call"]
    assert watch.errors == [raised]
    assert (raised is None) == (outcomes[-1] is GOOD)


def test_a_call_answered_without_sending_ends(start: Start, watch: Watch, seen_plugin: Any) -> None:
    assert play(start(watch, seen_plugin(before_request=GOOD))) is None
    assert watch.events == ["before_call", "before_request", "after_response", "after_call"]


def test_a_call_that_a_plugin_saves_ends_well(start: Start, watch: Watch, seen_plugin: Any) -> None:
    assert play(start(watch, seen_plugin(on_error=GOOD)), LOST) is None
    assert watch.errors == [None]


@pytest.mark.parametrize(
    "asked",
    [{"path": {"org": ".."}}, {"options": {"timeout_ms": -1}}, {"options": {"typo": 1}}],
    ids=["path", "timeout", "option"],
)
def test_a_call_refused_before_its_first_attempt_ends(
    start: Start, watch: Watch, make_operation: Callable[..., Operation[Organization]], asked: dict[str, Any]
) -> None:
    raised = play(start(watch, asked=make_operation(**asked)))
    assert watch.events == ["before_call", "after_call"]
    assert watch.errors == [raised]
    assert isinstance(raised, MesaError)
    assert raised.operation == "org.get"


@pytest.mark.parametrize("stop", [LookupError, KeyboardInterrupt])
@pytest.mark.parametrize("position", ["first", "last"])
@pytest.mark.parametrize("hook", ["before_call", "before_request", "after_response", "on_error"])
def test_a_call_that_breaks_in_a_hook_ends(
    start: Start, watch: Watch, hook: str, position: str, stop: type[BaseException]
) -> None:
    plugins = [watch, raises(hook, stop())]
    raised = play(start(*(plugins if position == "last" else plugins[::-1])), Response(404))
    assert watch.events[-1] == "after_call"
    assert watch.events.count("after_call") == 1
    assert watch.errors == [raised]
    assert type(raised) is (PluginError if stop is LookupError else stop)


def test_a_call_whose_decoder_breaks_ends(start: Start, watch: Watch, make_operation: Any) -> None:
    class Breaks:
        accept = "application/json"

        def __call__(self, response: Response, /) -> Organization:
            raise MemoryError

    asked = Operation(name="org.get", method="GET", template="/o", decode=Breaks())
    raised = play(start(watch, asked=asked), GOOD)
    assert watch.errors == [raised]
    assert isinstance(raised, MemoryError)


class TestCancellation:
    @pytest.fixture(params=["attempt", "wait"])
    def flow(self, start: Start, watch: Watch, request: pytest.FixtureRequest) -> Flow[Ended[Organization]]:
        flow = start(watch, RetriesOnce())
        next(flow)
        if request.param == "wait":
            assert isinstance(flow.send(LOST), Wait)
        return flow

    def test_ends_the_call_with_a_generator_exit(self, flow: Flow[Ended[Organization]], watch: Watch) -> None:
        flow.close()
        flow.close()
        assert watch.events == ["before_call", "before_request", "on_error", "after_call"]
        assert [type(error) for error in watch.errors] == [GeneratorExit]

    def test_ends_it_with_what_a_driver_throws(self, flow: Flow[Ended[Organization]], watch: Watch) -> None:
        thrown = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            flow.throw(thrown)
        assert watch.events[-1] == "after_call"
        assert watch.errors == [thrown]

    def test_of_an_attempt_is_told_to_on_error_with_its_cause(self, start: Start, seen_plugin: Any) -> None:
        seen = seen_plugin()
        flow = start(seen)
        next(flow)
        flow.close()
        assert isinstance(seen.errors[0].__cause__, GeneratorExit)

    def test_before_the_call_has_begun_is_told_to_nobody(self, start: Start, watch: Watch) -> None:
        start(watch).close()
        assert watch.events == []


class TestAFailureAfterACall:
    @pytest.mark.parametrize("position", ["first", "last"])
    def test_is_raised_where_the_call_went_well_and_told_to_nobody(
        self, start: Start, watch: Watch, position: str
    ) -> None:
        plugins = [watch, raises("after_call", LookupError())]
        raised = play(start(*(plugins if position == "last" else plugins[::-1])), GOOD)
        assert isinstance(raised, PluginError)
        assert (raised.plugin, raised.hook, raised.operation) == ("Broken", "after_call", "org.get")
        assert [record.status_code for record in raised.attempts] == [200]
        assert watch.errors == [None]

    def test_does_not_mask_the_calls_own_error(self, start: Start, watch: Watch) -> None:
        raised = play(start(raises("after_call", LookupError("s3cr3t")), watch), Response(404))
        assert isinstance(raised, NotFound)
        assert watch.errors == [raised]
        assert raised.__notes__ == ["afterwards: plugin 'Broken' raised LookupError in after_call"]

    @pytest.mark.parametrize("breaks", [LookupError("broken"), InvalidRequest("a decision")])
    def test_does_not_mask_a_cancellation(self, start: Start, watch: Watch, breaks: Exception) -> None:
        flow = start(raises("after_call", breaks), watch)
        next(flow)
        flow.close()
        assert watch.events[-1] == "after_call"

    @pytest.mark.parametrize("position", ["first", "last"])
    @pytest.mark.parametrize("outcome", [GOOD, Response(404)], ids=["success", "refusal"])
    def test_that_is_an_interrupt_passes_and_the_others_are_told_all_the_same(
        self, start: Start, watch: Watch, outcome: Response, position: str
    ) -> None:
        plugins = [watch, raises("after_call", LookupError()), raises("after_call", KeyboardInterrupt())]
        raised = play(start(*(plugins if position == "last" else plugins[::-1])), outcome)
        assert isinstance(raised, KeyboardInterrupt)
        assert watch.events[-1] == "after_call"


def test_a_plugin_that_breaks_before_a_call_ends_it_and_the_others_saw_it_begin(start: Start, watch: Watch) -> None:
    broken = raises("before_call", LookupError())
    raised = play(start(broken, watch))
    assert isinstance(raised, PluginError)
    assert (raised.hook, raised.operation) == ("before_call", "org.get")
    assert watch.events == ["before_call", "after_call"]


@pytest.mark.parametrize("hook", ["before_call", "after_call"])
def test_the_two_only_observe(start: Start, hook: str) -> None:
    answers = type("Answers", (Plugin,), {hook: lambda self: Retry()})()
    with pytest.raises(PluginError, match=f"returned Retry, not None in {hook}"):
        raise play(start(answers), GOOD) or AssertionError


@pytest.mark.parametrize("place", ["attempt", "wait"])
class TestInBothWorlds:
    def test_an_interrupt_ends_the_call(self, client: Any, clock: Any, watch: Watch, place: str) -> None:
        def interrupted(_: float) -> None:
            raise KeyboardInterrupt

        clock.sleep = interrupted
        mesa = client(KeyboardInterrupt() if place == "attempt" else ConnectError("refused"), plugins=[watch])
        with pytest.raises(KeyboardInterrupt):
            mesa.org.get(org="o")
        assert watch.events == ["before_call", "before_request", "on_error", "after_call"]

    def test_a_tasks_cancellation_ends_the_call(self, script: Any, clock: Any, watch: Watch, place: str) -> None:
        reached = asyncio.Event()

        async def hang(_: object) -> Response:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError

        clock.asleep = hang
        transport = script(ConnectError("refused"))
        if place == "attempt":
            transport.asend = hang

        async def main() -> None:
            mesa = AsyncMesa(api_key="key", transport=transport, clock=clock, plugins=[watch])
            task = asyncio.create_task(mesa.org.get(org="o"))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(main())
        assert watch.events == ["before_call", "before_request", "on_error", "after_call"]
        assert [type(error) for error in watch.errors] == [GeneratorExit]


class Breaks(Plugin):
    def after_response(self, response: Response) -> None:
        raise LookupError(response.content)


def answers(status: int) -> Callable[[Request], Response]:
    return lambda _: Response(status, {"Content-Type": "application/json"}, b"x" * 100_000)


def refuses(_: Request) -> Response:
    raise ConnectError("refused")


@pytest.mark.parametrize(
    ("rest", "plugins"),
    [(answers(404), []), (answers(200), []), (refuses, []), (answers(200), [Breaks()])],
    ids=["refused", "unreadable", "not connected", "plugin"],
)
def test_a_failed_call_leaves_no_circle_behind(
    world: str, rest: Callable[[Request], Response], plugins: list[Plugin]
) -> None:
    script, once = Script(rest=rest), {"strategy": "none"}
    client = script.client if world == "blocking" else script.async_client
    mesa: Any = client(plugins=plugins, retry_config=once)

    def call() -> weakref.ref[MesaError]:
        try:
            result = mesa.org.get(org="o")
            result.send(None)  # a coroutine that waits for nothing; asyncio itself would leave circles
        except MesaError as error:
            return weakref.ref(error)
        raise AssertionError("it succeeded")

    call()  # what is imported for the first failure has circles of its own
    gc.collect()
    gc.disable()
    try:
        assert call()() is None
    finally:
        gc.enable()
