"""Failures in an exchange, stepped by hand: who sees them, who decides, and what a cancellation leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import (
    ConnectionLost,
    InvalidRequest,
    MesaError,
    NotFound,
    Plugin,
    Response,
    ResponseValidationError,
    Retry,
    ServerError,
)
from mesa_core.exchange import Ended, Flow, Wait
from mesa_core.models.org import Organization

GOOD = Response(200, {"Content-Type": "application/json"}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')
BAD = Response(500, {}, b"")
UNREADABLE = Response(200, {}, b"{}")
LOST = ConnectionLost("lost")
Start = Callable[..., Flow[Ended[Organization]]]


def end(flow: Flow[Ended[Organization]], outcome: object) -> Ended[Organization]:
    with pytest.raises(StopIteration) as stopped:
        flow.send(outcome)
    return stopped.value.value


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [(LOST, ConnectionLost), (BAD, ServerError), (UNREADABLE, ResponseValidationError)],
    ids=["transport", "status", "body"],
)
class TestOnError:
    def test_sees_each_kind_of_failure_and_raises_when_nobody_answers(
        self, start: Start, outcome: Any, kind: type[MesaError], seen_plugin: Any
    ) -> None:
        seen = seen_plugin()
        flow = start(seen)
        next(flow)
        with pytest.raises(kind) as caught:
            flow.send(outcome)
        assert seen.errors == [caught.value]
        assert caught.value.operation == "org.get"
        (record,) = caught.value.attempts
        assert (record.status_code is None) == (kind is ConnectionLost)
        assert record.error == ("ConnectionLost: lost" if kind is ConnectionLost else None)

    def test_may_retry(self, start: Start, outcome: Any, kind: type[MesaError], seen_plugin: Any) -> None:
        flow = start(seen_plugin(on_error=Retry(1)))
        next(flow)
        assert flow.send(outcome) == Wait(1)
        flow.send(None)
        assert len(end(flow, GOOD).call.attempts) == 2

    def test_may_answer_with_a_response(
        self, start: Start, outcome: Any, kind: type[MesaError], seen_plugin: Any
    ) -> None:
        flow = start(seen_plugin(on_error=GOOD))
        next(flow)
        assert end(flow, outcome).parsed.num_repos == 3

    @pytest.mark.parametrize(
        ("instead", "raised"), [(Response(404, {}, b""), NotFound), (UNREADABLE, ResponseValidationError)]
    )
    def test_a_response_of_its_own_that_fails_is_raised_and_not_asked_about_again(
        self,
        *,
        start: Start,
        outcome: Any,
        kind: type[MesaError],
        instead: Response,
        raised: type[MesaError],
        seen_plugin: Any,
    ) -> None:
        seen = seen_plugin(on_error=instead)
        flow = start(seen)
        next(flow)
        with pytest.raises(raised) as caught:
            flow.send(outcome)
        assert len(seen.errors) == 1
        assert caught.value.operation == "org.get"
        assert len(caught.value.attempts) == 1

    def test_exactly_one_of_after_response_and_a_transports_on_error_ends_an_attempt(
        self, start: Start, outcome: Any, kind: type[MesaError], seen_plugin: Any
    ) -> None:
        seen = seen_plugin(on_error=lambda call: Retry() if call.attempt < 3 else None)
        flow = start(seen)
        next(flow)
        flow.send(outcome)
        flow.send(outcome)
        with pytest.raises(kind):
            flow.send(outcome)
        ends = "on_error" if kind is ConnectionLost else "after_response"
        for attempt in (1, 2, 3):
            assert seen.events.count(f"{ends} {attempt}") == 1
            assert ("after_response" in "".join(seen.events)) == (kind is not ConnectionLost)


class TestCancellation:
    def test_closing_the_flow_ends_the_attempt_with_a_transport_error(self, start: Start, seen_plugin: Any) -> None:
        seen = seen_plugin()
        flow = start(seen)
        next(flow)
        flow.close()
        assert seen.events == ["before_request 1", "on_error 1"]
        assert isinstance(seen.errors[0], ConnectionLost)
        assert seen.errors[0].sent

    def test_a_retry_answered_to_a_cancellation_is_not_made(self, start: Start, seen_plugin: Any) -> None:
        flow = start(seen_plugin(on_error=Retry()))
        next(flow)
        flow.close()
        with pytest.raises(StopIteration):
            next(flow)

    def test_closing_the_flow_during_a_wait_ends_no_attempt_twice(self, start: Start, seen_plugin: Any) -> None:
        seen = seen_plugin(on_error=Retry(5))
        flow = start(seen)
        next(flow)
        flow.send(LOST)
        flow.close()
        assert seen.events == ["before_request 1", "on_error 1"]

    @pytest.mark.parametrize("breaks", [RuntimeError("broken"), InvalidRequest("a decision")])
    def test_a_plugin_that_raises_does_not_mask_the_cancellation(self, start: Start, breaks: Exception) -> None:
        class Breaks(Plugin):
            def on_error(self, error: MesaError) -> None:
                raise breaks

        flow = start(Breaks())
        next(flow)
        flow.close()
