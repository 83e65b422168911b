"""Retries: which failures are repeated, and when enough is enough."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import DEFAULT_RETRIES, APIError, Call, Request, hookimpl
from mesa_plugins.retries import Retries
from mesa_sdk import (
    ConnectError,
    ConnectionLost,
    Mesa,
    MesaError,
    NotFound,
    Plugin,
    RequestTimeout,
    Response,
    ResponseValidationError,
    Retry,
    RetryConfig,
    TransportError,
)

Client = Callable[..., Mesa]
REPEATABLE = {
    "GET": lambda mesa: mesa.org.get(org="o"),
    "DELETE": lambda mesa: mesa.repos.delete(org="o", repo="r"),
    "POST of a repeatable operation": lambda mesa: mesa.repos.sync(org="o", repo="r"),
}
NOT_REPEATABLE = {
    "POST": lambda mesa: mesa.repos.create(org="o", body={"name": "n"}),
    "PATCH": lambda mesa: mesa.repos.update(org="o", repo="r", body={}),
    "commit": lambda mesa: mesa.commits.create(
        org="o", repo="r", body={"branch": "b", "message": "m", "author": {"name": "n", "email": "e"}, "files": []}
    ),
}


def attempts(mesa: Mesa, call: Callable[[Mesa], object] = REPEATABLE["GET"]) -> int:
    """Make a call that fails and count its attempts."""
    with pytest.raises(MesaError) as caught:
        call(mesa)
    assert len(caught.value.attempts) == len(mesa.transport.requests)
    return len(mesa.transport.requests)


FAILURES: dict[str, tuple[Any, bool, bool]] = {
    # a failure, whether it is repeated for a repeatable operation, and whether for another
    "400": (Response(400), False, False),
    "401": (Response(401), False, False),
    "403": (Response(403), False, False),
    "404": (Response(404), False, False),
    "406": (Response(406), False, False),
    "408": (Response(408), False, False),
    "409": (Response(409), False, False),
    "429": (Response(429), True, True),
    "301": (Response(301), False, False),
    "500": (Response(500), True, False),
    "501": (Response(501), False, False),
    "502": (Response(502), True, False),
    "503": (Response(503), True, True),
    "504": (Response(504), True, False),
    "unreadable": (Response(200, {}, b"{"), False, False),
    "ConnectError": (ConnectError("refused"), True, True),
    "RequestTimeout": (RequestTimeout("slow"), True, False),
    "RequestTimeout, not sent": (RequestTimeout("slow", sent=False), True, True),
    "ConnectionLost": (ConnectionLost("reset"), True, False),
    "another TransportError": (TransportError("odd", sent=True), False, False),
    "refused by the transport": (TransportError("the transport is closed", sent=False), False, False),
    "a foreign exception": (OSError("odd"), True, False),
}


@pytest.mark.parametrize("failure", FAILURES)
class TestWhichFailures:
    @pytest.mark.parametrize("operation", REPEATABLE)
    def test_are_repeated_where_the_operation_may_be(self, client: Client, failure: str, operation: str) -> None:
        answer, repeated, _ = FAILURES[failure]
        assert attempts(client(answer), REPEATABLE[operation]) == (4 if repeated else 1)

    @pytest.mark.parametrize("operation", NOT_REPEATABLE)
    def test_are_repeated_where_it_was_not_carried_out(self, client: Client, failure: str, operation: str) -> None:
        answer, _, repeated = FAILURES[failure]
        assert attempts(client(answer), NOT_REPEATABLE[operation]) == (4 if repeated else 1)


class TestBounds:
    def test_a_call_that_recovers_returns_and_tells_its_attempts(self, client: Client, good: Response) -> None:
        raw = client(ConnectError("refused"), Response(503), good).raw.org.get(org="o")
        assert [(each.status_code, each.error) for each in raw.attempts] == [
            (None, "ConnectError: refused"),
            (503, None),
            (200, None),
        ]
        assert raw.parsed.num_repos == 3

    def test_the_default_is_four_attempts(self, client: Client) -> None:
        assert attempts(client(Response(500))) == 4

    def test_a_config_that_is_given_is_bound_by_time_alone(self, client: Client, clock: Any) -> None:
        given: Any = {"strategy": "backoff", "backoff": {"max_elapsed_time": 60_000, "initial_interval": 0}}
        assert attempts(client(Response(500), took=1, retry_config=given)) == 60
        assert clock.now == 60

    @pytest.mark.parametrize("most", [1, 2, 7])
    def test_and_by_max_attempts_where_it_says_one(self, client: Client, most: int) -> None:
        assert attempts(client(Response(500), retry_config={"max_attempts": most})) == most

    @pytest.mark.parametrize("where", ["client", "call"])
    def test_strategy_none_switches_retries_off(self, client: Client, where: str) -> None:
        off: Any = {"retry_config": {"strategy": "none"}}
        mesa = client(Response(500), **(off if where == "client" else {}))
        call_off = off if where == "call" else None
        assert attempts(mesa, lambda mesa: mesa.org.get(org="o", request_options=call_off)) == 1
        assert mesa.transport.requests[0].timeout == 30.0

    @pytest.mark.parametrize(("backoff", "bound"), [({"max_elapsed_time": 150_000}, 150), ({"exponent": 2}, None)])
    def test_a_bound_that_is_given_holds_without_retries_too(
        self, client: Client, clock: Any, good: Response, backoff: Any, bound: float | None
    ) -> None:
        class Polls(Plugin):
            def after_response(self, response: Response, call: Call) -> Retry | None:
                return Retry(60) if call.elapsed < 600 else None

        mesa = client(good, retry_config={"strategy": "none", "backoff": backoff}, plugins=[Polls()])
        if bound is None:
            assert len(mesa.raw.org.get(org="o").attempts) == 11
        else:
            with pytest.raises(RequestTimeout):
                mesa.org.get(org="o")
            assert clock.waits == [60, 60]

    def test_a_default_that_is_spelled_out_is_a_bound(self, client: Client) -> None:
        assert RetryConfig(strategy="none", backoff={"max_elapsed_time": 300_000}).bounded
        assert not pickle.loads(pickle.dumps(RetryConfig(strategy="none"))).bounded

    def test_switching_the_plugin_off_switches_them_off_too(self, client: Client) -> None:
        assert attempts(client(Response(503), disable_plugins=["retries"])) == 1

    def test_a_wait_that_would_pass_max_elapsed_time_is_not_begun(self, client: Client, clock: Any) -> None:
        config: Any = {"backoff": {"max_elapsed_time": 10_000}}
        wait = Response(503, {"Retry-After": "4"})
        assert attempts(client(wait, took=1, retry_config=config)) == 2
        assert clock.waits == [4]
        assert clock.now == 6

    def test_a_wait_that_would_end_with_it_is_not_begun(self, client: Client, clock: Any) -> None:
        config: Any = {"backoff": {"max_elapsed_time": 10_000}}
        assert attempts(client(Response(503, {"Retry-After": "10"}), retry_config=config)) == 1
        assert clock.waits == []

    def test_an_attempts_timeout_is_shortened_to_what_is_left(self, client: Client) -> None:
        config: Any = {"backoff": {"max_elapsed_time": 60_000, "initial_interval": 0}}
        mesa = client(RequestTimeout("slow"), took=25, retry_config=config)
        assert attempts(mesa) == 3
        assert [each.timeout for each in mesa.transport.requests] == [30.0, 30.0, 10.0]

    def test_the_first_attempts_timeout_too(self, client: Client) -> None:
        mesa = client(Response(404), retry_config={"backoff": {"max_elapsed_time": 2000}})
        attempts(mesa)
        assert mesa.transport.requests[0].timeout == 2.0

    def test_a_longer_timeout_stretches_the_default_bound_alone(self, client: Client, good: Response) -> None:
        mesa = client(good, timeout_ms=600_000)
        mesa.org.get(org="o")
        assert mesa.transport.requests[0].timeout == 600.0
        mesa = client(good, timeout_ms=600_000, retry_config={"backoff": {"max_elapsed_time": 300_000}})
        mesa.org.get(org="o")
        assert mesa.transport.requests[0].timeout == 300.0

    @pytest.mark.parametrize("given", [{"max_attempts": 4}, DEFAULT_RETRIES])
    def test_also_where_what_was_asked_for_is_the_default(self, client: Client, good: Response, given: Any) -> None:
        def timeout(mesa: Mesa, **options: Any) -> float | None:
            mesa.org.get(org="o", request_options=options)
            return mesa.transport.requests[-1].timeout

        long = {"timeout_ms": 600_000}
        mesa = client(good)
        assert timeout(client(good, **long, retry_config=given)) == 300.0
        assert timeout(client(good, retry_config=given).with_options(**long)) == 300.0
        assert timeout(mesa.with_options(retry_config=given), **long) == 300.0
        assert timeout(mesa, **long, retry_config=given) == 300.0
        assert timeout(mesa, **long) == 600.0
        assert timeout(mesa.with_options(**long)) == 600.0

    def test_a_plugin_that_polls_beyond_it_is_told_so(self, client: Client, clock: Any) -> None:
        class Polls(Plugin):
            def after_response(self, response: Response, call: Call) -> Retry | None:
                return Retry(60)

        mesa = client(Response(202), retry_config={"backoff": {"max_elapsed_time": 150_000}}, plugins=[Polls()])
        with pytest.raises(RequestTimeout, match="no attempt fits into what is left of the max_elapsed_time") as ended:
            mesa.org.get(org="o")
        assert (len(ended.value.attempts), ended.value.sent, ended.value.__cause__) == (3, True, None)
        assert clock.waits == [60, 60]

    def test_a_plugin_that_waits_beyond_it_after_a_failure_is_passed_over(self, client: Client, clock: Any) -> None:
        class Waits(Plugin):
            @hookimpl(tryfirst=True)
            def on_error(self, error: MesaError, call: Call) -> Retry | None:
                return Retry(60)

        mesa = client(Response(404), retry_config={"backoff": {"max_elapsed_time": 150_000}}, plugins=[Waits()])
        with pytest.raises(NotFound) as ended:
            mesa.org.get(org="o")
        assert len(ended.value.attempts) == 3
        assert clock.waits == [60, 60]

    def test_a_wait_that_took_too_long_is_followed_by_no_attempt(self, client: Client, clock: Any) -> None:
        clock.sleep = lambda seconds: setattr(clock, "now", clock.now + 2 * seconds)
        mesa = client(Response(503, {"Retry-After": "7"}), retry_config={"backoff": {"max_elapsed_time": 10_000}})
        with pytest.raises(RequestTimeout) as ended:
            mesa.org.get(org="o")
        assert (len(mesa.transport.requests), ended.value.sent) == (1, True)
        assert [each.status_code for each in ended.value.attempts] == [503]

    def test_the_time_in_which_a_key_is_asked_for_counts(self, client: Client, clock: Any, good: Response) -> None:
        def key() -> str:
            clock.now += takes
            return "key"

        config: Any = {"backoff": {"max_elapsed_time": 10_000}}
        takes = 7
        mesa = client(good, api_key=key, retry_config=config)
        mesa.org.get(org="o")
        assert mesa.transport.requests[0].timeout == 3.0
        takes = 10
        with pytest.raises(RequestTimeout, match="no attempt fits") as ended:
            mesa.org.get(org="o")
        assert (ended.value.sent, ended.value.attempts) == (False, ())

    @pytest.mark.parametrize(
        ("failure", "sent"), [(ConnectError("dns"), False), (ConnectionLost("lost"), True), (Response(503), True)]
    )
    def test_a_call_out_of_time_tells_why_it_needed_so_long(
        self, *, client: Client, clock: Any, failure: Any, sent: bool
    ) -> None:
        def key() -> str:
            clock.now += 100
            return "key"

        mesa = client(failure, api_key=key, retry_config={"backoff": {"max_elapsed_time": 150_000}})
        with pytest.raises(RequestTimeout, match="no attempt fits") as ended:
            mesa.org.get(org="o")
        cause = ended.value.__cause__
        assert cause is failure or (isinstance(cause, APIError) and cause.status_code == 503)
        assert (ended.value.sent, [each.sent for each in ended.value.attempts]) == (sent, [sent])

    def test_so_does_one_whose_plugin_waits_for_a_refusal_to_pass(self, client: Client) -> None:
        class Waits(Plugin):
            def after_response(self, response: Response, call: Call) -> Retry | None:
                return Retry(60)

        mesa = client(Response(404), retry_config={"backoff": {"max_elapsed_time": 50_000}}, plugins=[Waits()])
        with pytest.raises(RequestTimeout) as ended:
            mesa.org.get(org="o")
        assert isinstance(ended.value.__cause__, NotFound)

    def test_no_plugin_can_lengthen_an_attempt_beyond_it(self, client: Client, good: Response) -> None:
        class Patient(Plugin):
            @hookimpl(trylast=True)
            def before_request(self, request: Request) -> None:
                request.timeout = 600.0

        mesa = client(good, retry_config={"backoff": {"max_elapsed_time": 10_000}}, plugins=[Patient()])
        mesa.org.get(org="o")
        assert mesa.transport.requests[0].timeout == 10.0

    def test_a_plugin_may_bring_the_end_of_a_call_forward(self, client: Client, clock: Any) -> None:
        class Hurries(Plugin):
            def before_request(self, request: Request, call: Call) -> None:
                if call.attempt == 1:
                    call.deadline = call.started + 5
                assert call.remaining == 5 - call.elapsed

        mesa = client(Response(503, {"Retry-After": "3"}), plugins=[Hurries()])
        assert attempts(mesa) == 2
        assert [each.timeout for each in mesa.transport.requests] == [5.0, 2.0]

    @pytest.mark.parametrize(("config", "timeout"), [({"strategy": "none"}, None), ({}, 300.0)])
    def test_a_request_without_a_timeout_has_what_is_left_of_the_call(
        self, client: Client, good: Response, config: Any, timeout: float | None
    ) -> None:
        class Endless(Plugin):
            @hookimpl(tryfirst=True)
            def before_request(self, request: Request) -> None:
                request.timeout = None

        mesa = client(good, plugins=[Endless()], retry_config=config)
        mesa.org.get(org="o")
        assert mesa.transport.requests[0].timeout == timeout

    def test_attempts_that_others_ask_for_are_no_retries(self, client: Client, clock: Any, good: Response) -> None:
        class Polls(Plugin):
            def after_response(self, response: Response, call: Call) -> Retry | None:
                return Retry(1) if response.status_code == 202 else None

        retries = Retries(jitter=lambda: 1.0)
        answers = [*[Response(202)] * 5, Response(503), Response(202), Response(503), Response(503), Response(503)]
        mesa = client(*answers, plugins=[Polls(), retries], disable_plugins=["retries"])
        with pytest.raises(APIError) as ended:
            mesa.org.get(org="o")
        assert len(ended.value.attempts) == 10
        assert clock.waits == [1, 1, 1, 1, 1, 0.5, 1, 0.75, 1.125]


def test_an_unreadable_body_is_not_asked_for_again(client: Client) -> None:
    mesa = client(Response(200, {}, b"{}"))
    with pytest.raises(ResponseValidationError):
        mesa.org.get(org="o")
    assert len(mesa.transport.requests) == 1


def test_polling_by_another_plugin_is_not_bound_by_max_attempts(client: Client, good: Response) -> None:
    class Polls(Plugin):
        def after_response(self, response: Response, call: Call) -> Retry | None:
            return Retry(1) if call.attempt < 9 else None

    mesa = client(good, plugins=[Polls()])
    assert len(mesa.raw.org.get(org="o").attempts) == 9
