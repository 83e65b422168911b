"""How long a retry waits: backoff, jitter, and what a server asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesa_core import APIError, AttemptRecord, Backoff, Headers
from mesa_plugins.retries import Retries, _retry_after
from mesa_sdk import (
    ConnectError,
    Mesa,
    MesaError,
    Response,
)

Client = Callable[..., Mesa]
NOW = 1_800_000_000


def attempts(mesa: Mesa) -> int:
    """Make a call that fails and count its attempts."""
    with pytest.raises(MesaError):
        mesa.org.get(org="o")
    return len(mesa.transport.requests)


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
            assert retries._backoff(Backoff(exponent=exponent, initial_interval=0), 100_000) == 0.0

    @pytest.mark.parametrize(
        ("jitter", "counts_as"), [(7.0, 1.0), (-1.0, 0.0), (float("inf"), 1.0), (float("nan"), 0.0)]
    )
    def test_has_no_jitter_beyond_its_bounds(self, waits: Any, jitter: float, counts_as: float) -> None:
        assert waits(jitter, max_attempts=2) == [0.5 * counts_as] * int(counts_as)

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

    def test_in_seconds_may_have_leading_zeros(self) -> None:
        assert _retry_after(error("0" * 20 + "7"), NOW) == 7

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

    @pytest.mark.parametrize("fields", [["5", "9"], ["9", "5"], ["soon", "9"], ["5, 9"], ["9,5"]])
    def test_that_came_twice_is_the_longest(
        self, client: Client, good: Response, clock: Any, fields: list[str]
    ) -> None:
        client(Response(503, [("Retry-After", field) for field in fields]), good).org.get(org="o")
        assert clock.waits == [9]

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
