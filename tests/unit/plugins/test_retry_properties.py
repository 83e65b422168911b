"""Retries as laws that hold for any failures under any configuration: the exchange stepped by hand, time included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from math import inf
from typing import Any

import pytest
from attrs import define, field, frozen
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mesa_core import AttemptRecord, MesaError, Operation, Request, Response, TransportError
from mesa_core.converter import Json
from mesa_core.exchange import Attempt, Ended, Outcome, Wait, exchange
from mesa_core.models.org import Organization
from mesa_plugins.retries import Retries
from mesa_sdk import ConnectError, ConnectionLost, Mesa, RequestTimeout

GOOD = Response(200, {}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')
NOW = 1_800_000_000
TRANSIENT = (429, 500, 502, 503, 504)
PASSING = (ConnectError, RequestTimeout, ConnectionLost)
GARBAGE = ("", "soon", "1.5", "٣", "0x10", "1e3", "5 s", "5; 5", "Wed, 99 Foo 2026", "Mon, 01 Jan 0001 00:00:00 +2300")

laws = settings(deadline=None, max_examples=300)  # a machine under load is slow, and that is all right


class Silent:
    """A transport that is never used."""

    def send(self, request: Request, /) -> Response:
        raise AssertionError

    def close(self) -> None: ...


class Clock:
    """Time stands still, but for what a test lets pass."""

    now = 0.0

    def time(self) -> float:
        return NOW + self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        raise AssertionError

    async def asleep(self, seconds: float, /) -> None:
        raise AssertionError


@frozen
class Asks:
    """Retry-After headers: their values, as of a time of day, and the seconds that they mean then."""

    values: Callable[[float], list[str]]
    means: Callable[[float], float]


def in_seconds(number: int) -> Asks:
    return Asks(lambda _: [str(number)], lambda _: float(max(0, number)))


def by_date(offset: int) -> Asks:
    def date(now: float) -> list[str]:
        return [format_datetime(datetime.fromtimestamp(int(now) + offset, UTC), usegmt=True)]

    return Asks(date, lambda now: max(0.0, int(now) + offset - now))


def all_of(several: list[Asks]) -> Asks:
    """Each of them in a field of its own, as behind a proxy; the longest counts."""
    return Asks(
        lambda now: [value for each in several for value in each.values(now)],
        lambda now: max((each.means(now) for each in several), default=0.0),
    )


FIELD = st.one_of(
    st.builds(in_seconds, st.integers(-10, 10) | st.integers(-(10**9), 600) | st.integers(10**6, 10**30)),
    st.builds(by_date, st.integers(-5, 5) | st.integers(-(10**9), 600) | st.integers(10**6, 10**9)),
    st.builds(lambda text: Asks(lambda _: [text], lambda _: 0.0), st.sampled_from(GARBAGE)),
)
RETRY_AFTER = st.builds(all_of, st.lists(FIELD, max_size=3))


@frozen
class Failure:
    """How an attempt fails, and which share of its timeout that takes."""

    what: int | type[TransportError]
    sent: bool
    asks: Asks
    took: float

    def at(self, now: float) -> Outcome:
        if isinstance(self.what, int):
            return Response(self.what, [("Retry-After", value) for value in self.asks.values(now)], b"{")
        return self.what("what went wrong", sent=self.sent)

    @property
    def asks_for(self) -> Callable[[float], float]:
        return self.asks.means if self.what in TRANSIENT else lambda _: 0.0

    @property
    def may_be_carried_out(self) -> bool:
        return self.what not in (429, 503) if isinstance(self.what, int) else self.sent

    @property
    def passes(self) -> bool:
        return self.what in (*TRANSIENT, *PASSING)


FAILURES = st.builds(
    Failure,
    what=st.sampled_from([*TRANSIENT, *PASSING]) | st.sampled_from([200, 301, 400, 401, 404, 408, 501, TransportError]),
    sent=st.booleans(),
    asks=RETRY_AFTER,
    took=st.sampled_from([0.0, 1.0]) | st.floats(0, 1),
)
TIMES = st.integers(0, 2000) | st.floats(0, 1e6)
BACKOFF = st.fixed_dictionaries(
    {},
    optional={
        "initial_interval": TIMES,
        "max_interval": TIMES,
        "exponent": st.integers(1, 5) | st.floats(1, 3) | st.just(1e300),
        "max_elapsed_time": st.integers(1, 10**6) | st.floats(1, 1e6),
    },
)
CONFIG = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "strategy": st.sampled_from(["backoff", "backoff", "backoff", "none"]),
        "backoff": BACKOFF,
        "max_attempts": st.none() | st.integers(1, 6),
    },
)


@frozen
class Plan:
    """A call: its configuration, and what its attempts come to; after the failures, an attempt succeeds."""

    config: dict[str, Any] | None
    timeout_ms: float
    repeatable: bool
    failures: list[Failure]
    jitter: list[float]
    key_takes: float = 0.0
    """Seconds until a callable key has answered."""

    def _backoff(self, name: str, default: float) -> float:
        return (self.config or {}).get("backoff", {}).get(name, default)

    @property
    def retries(self) -> bool:
        return (self.config or {}).get("strategy", "backoff") == "backoff"

    @property
    def most(self) -> float:
        return 4 if self.config is None else self.config.get("max_attempts") or inf

    @property
    def longest(self) -> float:
        """Seconds that the call may take."""
        if not (self.retries or "max_elapsed_time" in (self.config or {}).get("backoff", {})):
            return inf
        longest = self._backoff("max_elapsed_time", 300_000) / 1000
        return longest if self.config is not None else max(longest, self.timeout_ms / 1000)

    def interval(self, made: int) -> float:
        """Seconds that the backoff waits at most after so many retries."""
        initial, longest = self._backoff("initial_interval", 500), self._backoff("max_interval", 60_000)
        interval = float(initial)
        for _ in range(made):
            interval *= self._backoff("exponent", 1.5)
        return min(longest, interval) / 1000

    def wait(self, made: int, ended: float) -> float:
        """Seconds that are to be waited after the attempt that has ended then."""
        return max(self.jitter[made] * self.interval(made), self.failures[made].asks_for(NOW + ended))

    def is_repeated(self, number: int, ended: float) -> bool:
        """Whether the failure of an attempt, from 0, is to be followed by another attempt."""
        failure, wait, left = self.failures[number], self.wait(number, ended), self.longest - ended
        assume(abs(wait - left) > 1e-6)
        allowed = failure.passes and (self.repeatable or not failure.may_be_carried_out)
        return self.retries and allowed and number + 1 < self.most and wait < left


@st.composite
def plans(draw: st.DrawFn, key_takes: st.SearchStrategy[float] = st.just(0.0)) -> Plan:  # noqa: B008 - a value
    failures = draw(st.lists(FAILURES, max_size=8))
    jitter = draw(st.lists(st.floats(0, 1), min_size=len(failures), max_size=len(failures)))
    timeout_ms = draw(st.integers(1, 10**6) | st.floats(1, 1e5))
    return Plan(draw(CONFIG), timeout_ms, draw(st.booleans()), failures, jitter, draw(key_takes))


@define
class Played:
    """A plan as it came out; times are in seconds since the call began."""

    begun: list[float] = field(factory=list)
    """When each attempt began."""
    ended: list[float] = field(factory=list)
    timeouts: list[float] = field(factory=list)
    waits: list[tuple[float, float]] = field(factory=list)
    """Waits: when they began, and how long they were."""
    over: float = 0.0
    result: Ended[Organization] | None = None
    error: MesaError | None = None

    @property
    def attempts(self) -> tuple[AttemptRecord, ...]:
        ended = self.error or (self.result and self.result.call)
        assert ended is not None
        return ended.attempts

    def gaps(self) -> Iterator[float]:
        """Yield the seconds from the end of each attempt to the begin of the next."""
        return (later - earlier for earlier, later in zip(self.ended, self.begun[1:], strict=False))


def play(plan: Plan) -> Played:
    """Carry a plan out."""
    played, clock, jitter = Played(), Clock(), iter(plan.jitter)

    def key() -> str:
        clock.now += plan.key_takes
        return "key"

    options: dict[str, Any] = {} if plan.config is None else {"retry_config": plan.config}
    retries = Retries(jitter=lambda: next(jitter))
    mesa = Mesa(
        api_key=key,
        timeout_ms=plan.timeout_ms,
        plugins=[retries],
        disable_plugins=["retries", "tracing", "pagination"],
        transport=Silent(),
        clock=clock,
        **options,
    )
    parts = mesa.repos.world.parts
    operation = Operation(
        name="org.get",
        method="GET" if plan.repeatable else "POST",
        template="/{org}",
        path={"org": "o"},
        decode=Json[Organization](Organization),
    )
    flow = exchange(operation, parts.plugins, parts.config, clock)
    answer: Outcome | None = None
    try:
        while True:
            step = flow.send(answer)
            answer = wait(step, clock, played) if isinstance(step, Wait) else fail(step, clock, played, plan)
    except MesaError as error:
        played.error = error
    except StopIteration as done:
        played.result = done.value
    played.over = clock.now
    return played


def wait(step: Wait, clock: Clock, played: Played) -> None:
    played.waits.append((clock.now, step.seconds))
    clock.now += step.seconds


def fail(step: Attempt, clock: Clock, played: Played, plan: Plan) -> Outcome:
    timeout = step.request.timeout
    assert timeout is not None
    number = len(played.begun)
    played.begun.append(clock.now)
    played.timeouts.append(timeout)
    failure = plan.failures[number] if number < len(plan.failures) else None
    clock.now += timeout * (failure.took if failure else 0.0)
    played.ended.append(clock.now)
    return failure.at(clock.time()) if failure else GOOD


def no_more_than(seconds: float) -> float:
    return seconds * (1 + 1e-9) + 1e-9


@laws
@given(plans())
def test_a_call_never_outlives_max_elapsed_time(plan: Plan) -> None:
    assert play(plan).over <= no_more_than(plan.longest)


@laws
@given(plans(key_takes=st.floats(0, 100)))
def test_nothing_is_begun_that_could_outlive_it_however_long_a_key_takes(plan: Plan) -> None:
    played = play(plan)
    steps = [*zip(played.begun, played.timeouts, strict=True), *played.waits]
    assert all(begun + seconds <= no_more_than(plan.longest) for begun, seconds in steps)
    assert all(0 < timeout <= plan.timeout_ms / 1000 for timeout in played.timeouts)


@laws
@given(plans())
def test_what_may_have_been_carried_out_and_is_not_safe_to_repeat_is_never_repeated(plan: Plan) -> None:
    repeated = plan.failures[: len(play(plan).begun) - 1]
    assert plan.repeatable or not any(failure.may_be_carried_out for failure in repeated)


@laws
@given(plans())
def test_a_wait_is_as_long_as_the_server_asks_for(plan: Plan) -> None:
    played = play(plan)
    for failure, ended, gap in zip(plan.failures, played.ended, played.gaps(), strict=False):
        assert gap >= failure.asks_for(NOW + ended) * (1 - 1e-9) - 1e-6


@laws
@given(plans())
def test_or_within_the_bounds_of_the_jitter(plan: Plan) -> None:
    played = play(plan)
    for made, (ended, gap) in enumerate(zip(played.ended, played.gaps(), strict=False)):
        asked = plan.failures[made].asks_for(NOW + ended)
        assert 0 <= gap <= no_more_than(max(asked, plan.interval(made))) + 1e-6
        assert gap == pytest.approx(plan.wait(made, ended), abs=1e-6)


@laws
@given(plans())
def test_a_call_ends_with_the_first_failure_that_must_not_be_repeated(plan: Plan) -> None:
    played = play(plan)
    last = len(played.begun) - 1
    assert all(plan.is_repeated(number, played.ended[number]) for number in range(last))
    if last < len(plan.failures):
        assert not plan.is_repeated(last, played.ended[last])
        outcome = plan.failures[last].at(NOW + played.ended[last])
        assert type(played.error) is type(outcome) or getattr(played.error, "status_code", None) == outcome.status_code
    else:
        assert played.result is not None
        assert played.result.parsed.num_repos == 3


@laws
@given(plans())
def test_every_attempt_is_reported(plan: Plan) -> None:
    played = play(plan)
    assert len(played.attempts) == len(played.begun)
    waits = [0.0, *played.gaps()]
    for number, record in enumerate(played.attempts):
        failed = number < len(plan.failures)
        outcome = plan.failures[number].at(NOW) if failed else GOOD
        if isinstance(outcome, Response):
            assert (record.status_code, record.error) == (outcome.status_code, None)
        else:
            assert (record.status_code, record.error) == (None, f"{type(outcome).__name__}: what went wrong")
        assert record.wait == pytest.approx(waits[number], abs=1e-6)
        assert record.elapsed == played.ended[number] - played.begun[number]
