"""Retries: which failures are repeated, after how long, and when enough is enough."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from mesa_core import APIError, Call, Request, hookimpl
from mesa_plugins.retries import Retries
from mesa_sdk import (
    ConnectError,
    ConnectionLost,
    Mesa,
    MesaError,
    Plugin,
    RequestTimeout,
    Response,
    ResponseValidationError,
    Retry,
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

    def test_a_plugin_that_polls_beyond_it_is_told_so(self, client: Client) -> None:
        class Polls(Plugin):
            def after_response(self, response: Response, call: Call) -> Retry | None:
                return Retry(60)

        mesa = client(Response(202), retry_config={"backoff": {"max_elapsed_time": 150_000}}, plugins=[Polls()])
        with pytest.raises(RequestTimeout, match="used up its max_elapsed_time") as ended:
            mesa.org.get(org="o")
        assert (len(mesa.transport.requests), ended.value.sent) == (3, False)
        assert mesa.transport.requests[-1].timeout == 30.0

    def test_a_request_without_a_timeout_is_left_alone(self, client: Client, good: Response) -> None:
        class Endless(Plugin):
            @hookimpl(tryfirst=True)
            def before_request(self, request: Request) -> None:
                request.timeout = None

        mesa = client(good, plugins=[Endless()])
        mesa.org.get(org="o")
        assert mesa.transport.requests[0].timeout is None


class TestBucket:
    def test_a_dead_server_is_not_stormed(self, client: Client) -> None:
        mesa = client(Response(500), plugins=[Retries(capacity=10, jitter=lambda: 0.0)], disable_plugins=["retries"])
        barrier = threading.Barrier(8)

        def calls(_: int) -> None:
            barrier.wait()
            for _ in range(10):
                with pytest.raises(APIError):
                    mesa.org.get(org="o")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(calls, range(8)))
        assert len(mesa.transport.requests) == 80 + 10

    def test_the_default_holds_a_hundred(self, client: Client) -> None:
        mesa = client(Response(500))
        for _ in range(60):
            with pytest.raises(APIError):
                mesa.org.get(org="o")
        assert len(mesa.transport.requests) == 60 + 100

    def test_a_success_gives_one_back_and_never_more_than_there_were(self, client: Client, good: Response) -> None:
        mesa = client(good, plugins=[Retries(capacity=2, jitter=lambda: 0.0)], disable_plugins=["retries"])

        def sent(answer: Response) -> int:
            mesa.transport.answers, before = [answer], len(mesa.transport.requests)
            with suppress(APIError):
                mesa.org.get(org="o")
            return len(mesa.transport.requests) - before

        assert [sent(good) for _ in range(5)] == [1] * 5
        assert [sent(Response(500)), sent(Response(500))] == [3, 1]
        sent(good)
        assert [sent(Response(500)), sent(Response(500))] == [2, 1]

    def test_each_client_has_its_own(self, client: Client) -> None:
        for _ in range(60):
            assert attempts(client(Response(500))) == 4

    def test_a_call_that_may_not_be_repeated_takes_none(self, client: Client) -> None:
        mesa = client(Response(404), plugins=[Retries(capacity=1)], disable_plugins=["retries"])
        for _ in range(3):
            with pytest.raises(APIError):
                mesa.org.get(org="o")
        mesa.transport.answers = [Response(503)]
        with pytest.raises(APIError) as caught:
            mesa.org.get(org="o")
        assert len(caught.value.attempts) == 2


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
