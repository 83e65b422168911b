"""The exchange, stepped by hand: no transport, no driver, a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import (
    APIError,
    Call,
    ConfigurationError,
    ConnectError,
    ConnectionLost,
    InvalidRequest,
    MesaError,
    NotFound,
    Operation,
    Plugin,
    PluginError,
    Request,
    RequestTimeout,
    Response,
    ResponseValidationError,
    Retry,
    ServerError,
)
from mesa_core.converter import Json
from mesa_core.exchange import Attempt, Ended, Flow, Wait, exchange
from mesa_core.models.org import Organization
from mesa_core.worlds import Blocking
from mesa_sdk import Mesa

GOOD = Response(200, {"Content-Type": "application/json"}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')
BAD = Response(500, {}, b"")
UNREADABLE = Response(200, {}, b"{}")
LOST = ConnectionLost("lost")


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


def operation(**changes: Any) -> Operation[Organization]:
    fields = {"name": "org.get", "method": "GET", "template": "/{org}", "path": {"org": "o"}} | changes
    return Operation(decode=Json[Organization](Organization), **fields)


Start = Callable[..., Flow[Ended[Organization]]]


@pytest.fixture
def start(client: Callable[..., Mesa]) -> Start:
    """Begins a flow whose only plugins are those of the test."""

    def begin(
        *plugins: object, asked: Operation[Organization] | None = None, **options: Any
    ) -> Flow[Ended[Organization]]:
        built_in = ["auth", "retries", "tracing", "pagination"]
        mesa = client(plugins=list(plugins), disable_plugins=built_in, **options)
        world = mesa.repos.world
        assert isinstance(world, Blocking)
        parts = world.parts
        return exchange(asked or operation(), parts.plugins, parts.config, parts.clock)

    return begin


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


def test_a_body_travels_with_its_content_type(start: Start) -> None:
    step = next(start(asked=operation(method="POST", body=b'{"a":1}')))
    assert (step.request.content, step.request.headers["Content-Type"]) == (b'{"a":1}', "application/json")


def test_a_retry_waits_and_then_attempts_with_before_request_after_the_wait(start: Start, clock: Any) -> None:
    seen = Seen(on_error=Retry(1.5))
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


def test_a_retry_at_once_yields_no_wait(start: Start) -> None:
    flow = start(Seen(on_error=Retry()))
    next(flow)
    assert isinstance(flow.send(BAD), Attempt)


def test_each_attempt_has_a_fresh_request(start: Start) -> None:
    class Spoils(Plugin):
        def before_request(self, request: Request, call: Call) -> None:
            if call.attempt == 1:
                request.url, request.content, request.timeout = "http://127.0.0.1/", b"spoilt", 1
                request.headers["X-Once"] = "1"
                del request.headers["Accept"]

    flow = start(Spoils(), Seen(on_error=Retry()), headers={"X-Mine": "1"})
    first = next(flow).request
    second = flow.send(BAD).request
    assert (first.url, first.headers["X-Once"]) == ("http://127.0.0.1/", "1")
    assert (second.url, second.content, second.timeout) == ("https://depot.mesa.dev/api/v1/o", b"", 30.0)
    assert second.headers["X-Mine"] == "1"
    assert second.headers["Accept"] == "application/json"
    assert "X-Once" not in second.headers


def test_before_request_may_answer_without_sending(start: Start) -> None:
    seen = Seen(before_request=GOOD)
    ended = end(start(seen), None)
    assert ended.parsed.num_repos == 3
    assert seen.events == ["before_request 1", "after_response 1"]
    assert [record.status_code for record in ended.call.attempts] == [200]


def test_after_response_may_ask_again_as_polling_does(start: Start) -> None:
    def poll(call: Call) -> Retry | None:
        return Retry(2) if call.attempt < 3 else None

    flow = start(Seen(after_response=poll))
    next(flow)
    assert flow.send(GOOD) == Wait(2)
    assert isinstance(flow.send(None), Attempt)
    assert flow.send(GOOD) == Wait(2)
    flow.send(None)
    assert [record.status_code for record in end(flow, GOOD).call.attempts] == [200, 200, 200]


def test_after_response_may_ask_again_after_an_error_status_and_on_error_is_not_asked(start: Start) -> None:
    seen = Seen(after_response=lambda call: Retry() if call.attempt == 1 else None)
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


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [(LOST, ConnectionLost), (BAD, ServerError), (UNREADABLE, ResponseValidationError)],
    ids=["transport", "status", "body"],
)
class TestOnError:
    def test_sees_each_kind_of_failure_and_raises_when_nobody_answers(
        self, start: Start, outcome: Any, kind: type[MesaError]
    ) -> None:
        seen = Seen()
        flow = start(seen)
        next(flow)
        with pytest.raises(kind) as caught:
            flow.send(outcome)
        assert seen.errors == [caught.value]
        assert caught.value.operation == "org.get"
        (record,) = caught.value.attempts
        assert (record.status_code is None) == (kind is ConnectionLost)
        assert record.error == ("ConnectionLost: lost" if kind is ConnectionLost else None)

    def test_may_retry(self, start: Start, outcome: Any, kind: type[MesaError]) -> None:
        flow = start(Seen(on_error=Retry(1)))
        next(flow)
        assert flow.send(outcome) == Wait(1)
        flow.send(None)
        assert len(end(flow, GOOD).call.attempts) == 2

    def test_may_answer_with_a_response(self, start: Start, outcome: Any, kind: type[MesaError]) -> None:
        flow = start(Seen(on_error=GOOD))
        next(flow)
        assert end(flow, outcome).parsed.num_repos == 3

    @pytest.mark.parametrize(
        ("instead", "raised"), [(Response(404, {}, b""), NotFound), (UNREADABLE, ResponseValidationError)]
    )
    def test_a_response_of_its_own_that_fails_is_raised_and_not_asked_about_again(
        self, start: Start, outcome: Any, kind: type[MesaError], instead: Response, raised: type[MesaError]
    ) -> None:
        seen = Seen(on_error=instead)
        flow = start(seen)
        next(flow)
        with pytest.raises(raised) as caught:
            flow.send(outcome)
        assert len(seen.errors) == 1
        assert caught.value.operation == "org.get"
        assert len(caught.value.attempts) == 1

    def test_exactly_one_of_after_response_and_a_transports_on_error_ends_an_attempt(
        self, start: Start, outcome: Any, kind: type[MesaError]
    ) -> None:
        seen = Seen(on_error=lambda call: Retry() if call.attempt < 3 else None)
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
    def test_closing_the_flow_ends_the_attempt_with_a_transport_error(self, start: Start) -> None:
        seen = Seen()
        flow = start(seen)
        next(flow)
        flow.close()
        assert seen.events == ["before_request 1", "on_error 1"]
        assert isinstance(seen.errors[0], ConnectionLost)
        assert seen.errors[0].sent

    def test_a_retry_answered_to_a_cancellation_is_not_made(self, start: Start) -> None:
        flow = start(Seen(on_error=Retry()))
        next(flow)
        flow.close()
        with pytest.raises(StopIteration):
            next(flow)

    def test_closing_the_flow_during_a_wait_ends_no_attempt_twice(self, start: Start) -> None:
        seen = Seen(on_error=Retry(5))
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


def test_a_driver_that_sends_no_outcome_is_told(start: Start) -> None:
    flow = start()
    next(flow)
    with pytest.raises(TypeError, match="must send its outcome"):
        flow.send(None)


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("X-A", "a\r\nX-B: b", "headers.X-A"),
        ("X-A", "a\0", "headers.X-A"),
        ("X-A", "a\x7f", "headers.X-A"),
        ("X-A", "snow ☃", "headers.X-A"),
        ("X-A", 5, "headers.X-A"),
        ("X A", "a", "headers"),
        ("X-A:", "a", "headers"),
        ("", "a", "headers"),
        ("X-Ä", "a", "headers"),
    ],
)
def test_a_header_that_would_break_out_is_refused_before_anything_is_sent(
    start: Start, name: str, value: Any, field: str
) -> None:
    class Sets(Plugin):
        def before_request(self, request: Request) -> None:
            request.headers[name] = value

    with pytest.raises(InvalidRequest) as caught:
        next(start(Sets()))
    assert caught.value.field == field
    assert caught.value.operation == "org.get"
    if isinstance(value, str) and field != "headers":
        assert value not in str(caught.value)


@pytest.mark.parametrize("value", ["", "a\tb", "Grüße", "!~"])
def test_a_header_that_http_allows_is_sent(start: Start, value: str) -> None:
    assert next(start(headers={"X-A": value})).request.headers["X-A"] == value


def test_users_headers_with_a_line_break_are_refused_too(start: Start) -> None:
    with pytest.raises(InvalidRequest, match=r"headers\.X-A"):
        next(start(headers={"X-A": "a\nb"}))


class TestRequestOptions:
    def test_are_merged_over_the_clients(self, start: Start) -> None:
        options = {
            "timeout_ms": 1500,
            "headers": {"x-shared": "call", "X-Call": "1"},
            "retry_config": {"strategy": "none"},
        }
        seen: list[Call] = []

        class Looks(Plugin):
            def before_request(self, call: Call) -> None:
                seen.append(call)

        mine = {"X-Shared": "client", "X-Client": "1"}
        request = next(start(Looks(), asked=operation(options=options), headers=mine)).request
        assert request.timeout == 1.5
        assert request.headers.get_all("X-Shared") == ["call"]
        assert (request.headers["X-Client"], request.headers["X-Call"]) == ("1", "1")
        assert seen[0].options.retries.strategy == "none"

    @pytest.mark.parametrize("options", [None, {}])
    def test_leave_the_clients_where_there_are_none(self, start: Start, options: Any) -> None:
        asked = operation(options=options)
        assert next(start(asked=asked, timeout_ms=7000)).request.timeout == 7.0

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"timeout": 5}, "unknown option 'timeout'; did you mean 'timeout_ms'"),
            ({"timeout_ms": 0}, r"request_options\.timeout_ms: expected a positive number"),
            ({"headers": ["X"]}, r"request_options\.headers: expected a mapping"),
            ({"headers": {"X": 1}}, r"request_options\.headers: expected str for 'X', got int"),
            ({"headers": {1: "X"}}, r"request_options\.headers: expected str for 1, got int"),
            ({"retry_config": {"strateg": "none"}}, "did you mean 'strategy'"),
            (["timeout_ms"], "request_options: expected a mapping, got list"),
        ],
    )
    def test_that_are_wrong_are_named_before_anything_is_sent(self, start: Start, options: Any, message: str) -> None:
        with pytest.raises(ConfigurationError, match=message) as caught:
            next(start(asked=operation(options=options)))
        assert caught.value.operation == "org.get"


def test_a_plugins_error_tells_operation_and_attempts(start: Start) -> None:
    def breaks(call: Call) -> None:
        raise RuntimeError("broken")

    flow = start(Seen(on_error=breaks))
    next(flow)
    with pytest.raises(PluginError) as caught:
        flow.send(RequestTimeout("slow"))
    assert caught.value.operation == "org.get"
    assert len(caught.value.attempts) == 1


def test_each_attempts_time_is_recorded(start: Start, clock: Any) -> None:
    seen = Seen(on_error=lambda call: Retry(3) if call.attempt < 2 else None)
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


def test_state_is_the_calls_own(start: Start) -> None:
    states: list[dict[object, Any]] = []

    class Keeps(Plugin):
        def before_request(self, call: Call) -> None:
            call.state.setdefault("attempts", []).append(call.attempt)
            states.append(call.state)

    keeps = Keeps()
    for _ in range(2):
        flow = start(keeps, Seen(on_error=Retry()))
        next(flow)
        flow.send(BAD)
        flow.close()
    assert states[0] is states[1]
    assert [state["attempts"] for state in states[::2]] == [[1, 2], [1, 2]]
