"""Retries: which failures are repeated, after how long, and when enough is enough."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesa_core import APIError, AttemptRecord, Backoff, Call, Headers, Request, hookimpl
from mesa_plugins.retries import Retries, _retry_after
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
NOW = 1_800_000_000
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
    "another TransportError": (TransportError("odd", sent=True), True, False),
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

    def test_the_first_attempts_timeout_too_and_never_to_nothing(self, client: Client) -> None:
        mesa = client(Response(404), retry_config={"backoff": {"max_elapsed_time": 2000}})
        attempts(mesa)
        assert mesa.transport.requests[0].timeout == 2.0
        mesa = client(Response(404), retry_config={"backoff": {"max_elapsed_time": 0}})
        attempts(mesa)
        assert mesa.transport.requests[0].timeout == 0.001

    def test_a_request_without_a_timeout_is_left_alone(self, client: Client, good: Response) -> None:
        class Endless(Plugin):
            @hookimpl(tryfirst=True)
            def before_request(self, request: Request) -> None:
                request.timeout = None

        mesa = client(good, plugins=[Endless()])
        mesa.org.get(org="o")
        assert mesa.transport.requests[0].timeout is None


class TestBackoff:
    @pytest.fixture
    def waits(self, client: Client, clock: Any) -> Callable[..., list[float]]:
        """Gives the waits of a call that fails, with a jitter of the test's."""

        def waits(jitter: float, **config: Any) -> list[float]:
            backoff = {"max_elapsed_time": 1e9, **config.pop("backoff", {})}
            options: Any = {"retry_config": {"max_attempts": 8, "backoff": backoff, **config}}
            plugins = [Retries(jitter=lambda: jitter)]
            with pytest.raises(APIError):
                client(Response(500), plugins=plugins, disable_plugins=["retries"], **options).org.get(org="o")
            return clock.waits

        return waits

    def test_grows_by_the_exponent_to_the_longest(self, waits: Any) -> None:
        backoff = {"initial_interval": 500, "exponent": 2, "max_interval": 5000}
        assert waits(1.0, backoff=backoff) == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]

    def test_has_full_jitter(self, waits: Any) -> None:
        backoff = {"initial_interval": 500, "exponent": 1.5, "max_interval": 60_000}
        assert waits(0.5, backoff=backoff) == pytest.approx([0.25 * 1.5**number for number in range(7)])

    def test_at_a_jitter_of_nothing_repeats_at_once(self, waits: Any) -> None:
        assert waits(0.0) == []

    def test_does_not_overflow(self) -> None:
        retries = Retries(jitter=lambda: 1.0)
        for exponent in (1.5, 10, 1e300):
            assert retries._backoff(Backoff(exponent=exponent), 100_000) == 60.0

    def test_the_plugins_own_jitter_is_random_and_within_bounds(self, client: Client, clock: Any) -> None:
        for _ in range(50):
            attempts(client(Response(500)))
        longest = [0.5, 0.75, 1.125]
        assert all(0 <= wait <= longest[number % 3] for number, wait in enumerate(clock.waits))
        assert len(set(clock.waits)) > 100


class TestRetryAfter:
    @pytest.mark.parametrize("status", [429, 503, 500])
    def test_in_seconds_is_the_least_that_is_waited(
        self, client: Client, good: Response, clock: Any, status: int
    ) -> None:
        client(Response(status, {"retry-after": " 7 "}), good).org.get(org="o")
        assert clock.waits == [7]

    def test_a_backoff_that_is_longer_is_waited(self, client: Client, good: Response, clock: Any) -> None:
        mesa = client(
            Response(503, {"Retry-After": "1"}),
            good,
            plugins=[Retries(jitter=lambda: 1.0)],
            disable_plugins=["retries"],
            retry_config={"backoff": {"initial_interval": 3000}},
        )
        mesa.org.get(org="o")
        assert clock.waits == [3]

    def test_as_a_date_counts_from_now(self, client: Client, good: Response, clock: Any) -> None:
        date = format_datetime(datetime.fromtimestamp(NOW + 90, UTC), usegmt=True)
        client(Response(429, {"Retry-After": date}), good).org.get(org="o")
        assert clock.waits == [90]

    @pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
    def test_as_a_date_of_old_is_in_utc_wherever_this_machine_is(
        self, monkeypatch: pytest.MonkeyPatch, zone: str
    ) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        try:
            date = datetime.fromtimestamp(NOW + 90, UTC).strftime("%a %b %d %H:%M:%S %Y")
            assert _retry_after(error(date), NOW) == 90
        finally:
            monkeypatch.undo()
            time.tzset()

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "soon",
            "-5",
            "1.5",
            "٣",
            "Wed, 99 Foo 2026",
            "Fri, 31 Dec 1999 23:59:59 GMT",
            "0",
            "Mon, 01 Jan 0001 00:00:00 +2300",
        ],
    )
    def test_that_makes_no_sense_or_is_past_is_no_wait(self, value: str) -> None:
        assert _retry_after(error(value), NOW) == 0.0

    @given(st.text())
    def test_whatever_it_holds_is_a_wait(self, value: str) -> None:
        assert _retry_after(error(value), NOW) >= 0.0

    @pytest.mark.parametrize("value", ["301", "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"])
    def test_that_is_longer_than_the_call_may_take_ends_it(self, client: Client, clock: Any, value: str) -> None:
        assert attempts(client(Response(503, {"Retry-After": value}))) == 1
        assert clock.waits == []

    def test_of_another_failure_is_none(self) -> None:
        assert _retry_after(ConnectError("refused"), NOW) == 0.0


def error(retry_after: str) -> APIError:
    return APIError(
        "m",
        status_code=503,
        code="C",
        details={},
        headers=Headers({"Retry-After": retry_after}),
        operation="org.get",
        attempts=(AttemptRecord(503, None, 0, 0),),
    )


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
