"""The exchange, stepped by hand: no transport, no driver, a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import (
    APIError,
    Call,
    ConnectError,
    Plugin,
    PluginError,
    Request,
    RequestTimeout,
    Response,
    Retry,
)
from mesa_core.exchange import Attempt, Ended, Flow, Wait
from mesa_core.models.org import Organization

GOOD = Response(200, {"Content-Type": "application/json"}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')
BAD = Response(500, {}, b"")
Start = Callable[..., Flow[Ended[Organization]]]


def end(flow: Flow[Ended[Organization]], outcome: object) -> Ended[Organization]:
    with pytest.raises(StopIteration) as stopped:
        flow.send(outcome)
    return stopped.value.value


def test_a_call_is_one_attempt_and_then_its_result(start: Start) -> None:
    flow = start()
    step = next(flow)
    assert isinstance(step, Attempt)
    assert (step.request.method, step.request.url) == ("GET", "https://depot.mesa.dev/api/v1/o")
    assert step.request.headers["Accept"] == "application/json"
    assert step.request.headers["User-Agent"].startswith("mesa-sdk/")
    assert "Content-Type" not in step.request.headers
    assert step.request.timeout == 30.0
    ended = end(flow, GOOD)
    assert ended.parsed.num_repos == 3
    assert ended.response is GOOD
    assert [record.status_code for record in ended.call.attempts] == [200]


def test_a_body_travels_with_its_content_type(start: Start, make_operation: Any) -> None:
    step = next(start(asked=make_operation(method="POST", body=b'{"a":1}')))
    assert (step.request.content, step.request.headers["Content-Type"]) == (b'{"a":1}', "application/json")


def test_a_retry_waits_and_then_attempts_with_before_request_after_the_wait(
    start: Start, clock: Any, seen_plugin: Any
) -> None:
    seen = seen_plugin(on_error=Retry(1.5))
    flow = start(seen)
    next(flow)
    assert flow.send(BAD) == Wait(1.5)
    assert seen.events == ["before_request 1", "after_response 1", "on_error 1"]
    clock.sleep(1.5)
    assert isinstance(flow.send(None), Attempt)
    assert seen.events[3:] == ["before_request 2"]
    ended = end(flow, GOOD)
    assert [(record.status_code, record.wait) for record in ended.call.attempts] == [(500, 0.0), (200, 1.5)]
    assert ended.call.elapsed == 1.5


def test_a_retry_at_once_yields_no_wait(start: Start, seen_plugin: Any) -> None:
    flow = start(seen_plugin(on_error=Retry()))
    next(flow)
    assert isinstance(flow.send(BAD), Attempt)


def test_each_attempt_has_a_fresh_request(start: Start, seen_plugin: Any) -> None:
    class Spoils(Plugin):
        def before_request(self, request: Request, call: Call) -> None:
            if call.attempt == 1:
                request.url, request.content, request.timeout = "http://127.0.0.1/", b"spoilt", 1
                request.headers["X-Once"] = "1"
                del request.headers["Accept"]

    flow = start(Spoils(), seen_plugin(on_error=Retry()), headers={"X-Mine": "1"})
    first = next(flow).request
    second = flow.send(BAD).request
    assert (first.url, first.headers["X-Once"]) == ("http://127.0.0.1/", "1")
    assert (second.url, second.content, second.timeout) == ("https://depot.mesa.dev/api/v1/o", b"", 30.0)
    assert second.headers["X-Mine"] == "1"
    assert second.headers["Accept"] == "application/json"
    assert "X-Once" not in second.headers


def test_before_request_may_answer_without_sending(start: Start, seen_plugin: Any) -> None:
    seen = seen_plugin(before_request=GOOD)
    ended = end(start(seen), None)
    assert ended.parsed.num_repos == 3
    assert seen.events == ["before_request 1", "after_response 1"]
    assert [record.status_code for record in ended.call.attempts] == [200]


def test_after_response_may_ask_again_as_polling_does(start: Start, seen_plugin: Any) -> None:
    def poll(call: Call) -> Retry | None:
        return Retry(2) if call.attempt < 3 else None

    flow = start(seen_plugin(after_response=poll))
    next(flow)
    assert flow.send(GOOD) == Wait(2)
    assert isinstance(flow.send(None), Attempt)
    assert flow.send(GOOD) == Wait(2)
    flow.send(None)
    assert [record.status_code for record in end(flow, GOOD).call.attempts] == [200, 200, 200]


def test_after_response_may_ask_again_after_an_error_status_and_on_error_is_not_asked(
    start: Start, seen_plugin: Any
) -> None:
    seen = seen_plugin(after_response=lambda call: Retry() if call.attempt == 1 else None)
    flow = start(seen)
    next(flow)
    flow.send(BAD)
    assert end(flow, GOOD).parsed.num_repos == 3
    assert "on_error 1" not in seen.events


def test_after_response_may_change_the_response_that_is_decoded(start: Start) -> None:
    class Repairs(Plugin):
        def after_response(self, response: Response) -> None:
            response.status_code, response.content = 200, GOOD.content

    flow = start(Repairs())
    next(flow)
    assert end(flow, Response(500, {}, b"broken")).parsed.num_repos == 3


def test_a_driver_that_sends_no_outcome_is_told(start: Start) -> None:
    flow = start()
    next(flow)
    with pytest.raises(TypeError, match="must send its outcome"):
        flow.send(None)


def test_a_plugins_error_tells_operation_and_attempts(start: Start, seen_plugin: Any) -> None:
    def breaks(call: Call) -> None:
        raise RuntimeError("broken")

    flow = start(seen_plugin(on_error=breaks))
    next(flow)
    with pytest.raises(PluginError) as caught:
        flow.send(RequestTimeout("slow"))
    assert caught.value.operation == "org.get"
    assert len(caught.value.attempts) == 1


def test_each_attempts_time_is_recorded(start: Start, clock: Any, seen_plugin: Any) -> None:
    seen = seen_plugin(on_error=lambda call: Retry(3) if call.attempt < 2 else None)
    flow = start(seen)
    next(flow)
    clock.now += 4
    flow.send(ConnectError("refused"))
    clock.now += 3
    flow.send(None)
    clock.now += 1
    with pytest.raises(APIError) as caught:
        flow.send(BAD)
    assert [(record.wait, record.elapsed) for record in caught.value.attempts] == [(0.0, 4.0), (3, 1.0)]


@pytest.mark.parametrize("after", [-1, float("nan"), float("inf")])
def test_a_wait_that_is_no_time_is_refused(after: float) -> None:
    with pytest.raises(ValueError, match="expected seconds"):
        Retry(after)


def test_state_is_the_calls_own(start: Start, seen_plugin: Any) -> None:
    states: list[dict[object, Any]] = []

    class Keeps(Plugin):
        def before_request(self, call: Call) -> None:
            call.state.setdefault("attempts", []).append(call.attempt)
            states.append(call.state)

    keeps = Keeps()
    for _ in range(2):
        flow = start(keeps, seen_plugin(on_error=Retry()))
        next(flow)
        flow.send(BAD)
        flow.close()
    assert states[0] is states[1]
    assert [state["attempts"] for state in states[::2]] == [[1, 2], [1, 2]]
