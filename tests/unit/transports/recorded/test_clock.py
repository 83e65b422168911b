"""Waits after a replayed answer have passed at once; those after a live one are waited for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mesa_core.call import Clock
from mesa_transports.recorded import clock as module
from mesa_transports.recorded.clock import ReplayClock, answered


@pytest.fixture(autouse=True)
def system(clock, monkeypatch: pytest.MonkeyPatch):
    """The system's clock, on which time passes only when somebody waits."""
    monkeypatch.setattr(module, "_SYSTEM", clock)
    return clock


@pytest.fixture(autouse=True)
def _in_a_context_of_its_own() -> None:
    """What one test passes over is no other test's time."""
    module._replayed.set(False)
    module._passed_over.set(0.0)


def test_it_has_all_that_a_clock_has():
    assert {name for name in vars(Clock) if not name.startswith("_")} <= set(dir(ReplayClock))


@pytest.fixture(params=["blocking", "async"])
def sleep(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """Waits in one world or the other, on behalf of one and the same caller."""
    clock = ReplayClock()
    if request.param == "blocking":
        return clock.sleep

    async def nothing() -> None:
        """Give no other task its turn: there is no event loop, which would be another caller."""

    def asleep(seconds: float) -> None:
        step = clock.asleep(seconds)
        with pytest.raises(StopIteration):
            step.send(None)

    monkeypatch.setattr("anyio.lowlevel.checkpoint", nothing)
    return asleep


def test_before_any_answer_it_waits(sleep, system):
    sleep(2.0)
    assert system.waits == [2.0]


def test_after_a_replayed_answer_it_does_not(sleep, system):
    answered(replayed=True)
    sleep(2.0)
    sleep(60.0)
    assert system.waits == []


def test_after_a_live_answer_it_waits_again(sleep, system):
    for replayed in (True, False, True, False, False):
        answered(replayed=replayed)
        sleep(1.0)
    assert system.waits == [1.0] * 3


def test_what_was_passed_over_has_passed(sleep, system):
    clock = ReplayClock()
    began, moment = clock.monotonic(), clock.time()
    answered(replayed=True)
    sleep(2.0)
    sleep(0.5)
    assert clock.monotonic() - began == 2.5
    assert clock.time() - moment == 2.5
    answered(replayed=False)
    sleep(1.0)
    assert clock.monotonic() - began == 3.5
    assert clock.time() - moment == 3.5
    assert system.now == 1.0


def test_all_clocks_of_a_caller_agree():
    answered(replayed=True)
    ReplayClock().sleep(2.0)
    assert ReplayClock().monotonic() == ReplayClock().monotonic() == 2.0


def test_each_thread_has_its_own_answers_and_its_own_time(system):
    turn = threading.Barrier(2, timeout=5)
    seen = {}

    def run(name: str, *, replayed: bool) -> None:
        answered(replayed=replayed)
        turn.wait()
        ReplayClock().sleep(3.0)
        turn.wait()
        seen[name] = ReplayClock().monotonic() - system.monotonic()

    threads = [
        threading.Thread(target=run, args=("a",), kwargs={"replayed": True}),
        threading.Thread(target=run, args=("b",), kwargs={"replayed": False}),
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert seen == {"a": 3.0, "b": 0.0}
    assert system.waits == [3.0]


def test_each_task_has_its_own_answers_and_its_own_time(system):
    async def run(*, replayed: bool) -> float:
        answered(replayed=replayed)
        await asyncio.sleep(0)
        await ReplayClock().asleep(3.0)
        await asyncio.sleep(0)
        return ReplayClock().monotonic() - system.monotonic()

    async def main() -> list[float]:
        return await asyncio.gather(run(replayed=True), run(replayed=False), run(replayed=True))

    assert asyncio.run(main()) == [3.0, 0.0, 3.0]
    assert system.waits == [3.0]


def test_it_never_goes_back():
    clock = ReplayClock()
    seen = [clock.monotonic()]
    for replayed in (True, False) * 5:
        answered(replayed=replayed)
        clock.sleep(0.25)
        seen.append(clock.monotonic())
    assert seen == sorted(seen)
    assert seen[-1] == 2.5
