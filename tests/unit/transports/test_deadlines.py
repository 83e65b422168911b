"""The bounds of one loop by a single timer, in a loop whose time passes only when nothing else is to be done."""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mesa_transports._deadlines import Deadlines


class _Skipping(selectors.DefaultSelector):  # type: ignore[misc,valid-type]  # it is chosen at run time
    """Waits for nothing: the time that it would have waited has passed at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None:
            self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time, which counts its timers."""

    def __init__(self) -> None:
        self.skipping = _Skipping()
        self.timers: list[asyncio.TimerHandle] = []
        super().__init__(self.skipping)

    def time(self) -> float:
        return self.skipping.now

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        self.timers.append(super().call_at(when, callback, *args, context=context))
        return self.timers[-1]


def run(main: Callable[[VirtualLoop, Deadlines], Awaitable[Any]]) -> VirtualLoop:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop: Any = runner.get_loop()
        runner.run(main(loop, Deadlines(loop)))  # type: ignore[arg-type]  # what is given is a coroutine
        return loop  # type: ignore[no-any-return]


async def bounded(deadlines: Deadlines, seconds: float | None, work: Awaitable[object]) -> float:
    """Do some work within so many seconds; return when it ended, and less than nothing where the time was over."""
    loop = asyncio.get_running_loop()
    try:
        with deadlines.within(seconds):
            await work
    except TimeoutError:
        return -loop.time()
    return loop.time()


def never() -> Awaitable[object]:
    return asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("bounds", [(1, 2, 3), (3, 2, 1), (2, 3, 1), (2, 2, 2)])
def test_each_expires_when_it_is_due(bounds: tuple[int, ...]) -> None:
    async def main(_: VirtualLoop, deadlines: Deadlines) -> None:
        ended = await asyncio.gather(*(bounded(deadlines, seconds, never()) for seconds in bounds))
        assert ended == pytest.approx([-seconds for seconds in bounds], abs=1e-6)

    run(main)


def test_one_that_is_lifted_does_not_expire_and_its_timer_serves_the_next() -> None:
    async def main(loop: VirtualLoop, deadlines: Deadlines) -> None:
        for number in range(1, 101):
            assert await bounded(deadlines, 30, asyncio.sleep(0)) == 0
            assert len(loop.timers) == 1, number
        assert await bounded(deadlines, 30, never()) == pytest.approx(-30)

    run(main)


def test_timer_that_finds_nothing_due_waits_for_the_next() -> None:
    async def main(loop: VirtualLoop, deadlines: Deadlines) -> None:
        first = asyncio.ensure_future(bounded(deadlines, 10, asyncio.sleep(1)))
        second = asyncio.ensure_future(bounded(deadlines, 50, asyncio.sleep(40)))
        third = asyncio.ensure_future(bounded(deadlines, 60, never()))
        assert [await first, await second, await third] == pytest.approx([1, 40, -60])
        assert loop.time() == pytest.approx(60)

    run(main)


def test_cancellation_by_others_stays_one() -> None:
    async def main(loop: VirtualLoop, deadlines: Deadlines) -> None:
        task = asyncio.ensure_future(bounded(deadlines, 10, never()))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await bounded(deadlines, 100, asyncio.sleep(50)) == pytest.approx(51)

    run(main)


def test_many_that_expire_together_do_so_by_few_timers() -> None:
    async def main(loop: VirtualLoop, deadlines: Deadlines) -> None:
        await asyncio.gather(*(bounded(deadlines, 1 + number / 100_000, never()) for number in range(1000)))
        assert loop.time() == pytest.approx(1.01, abs=0.01)
        assert len(loop.timers) < 10

    run(main)


def test_without_an_end_no_timer_is_set() -> None:
    async def main(loop: VirtualLoop, deadlines: Deadlines) -> None:
        assert await bounded(deadlines, None, asyncio.sleep(0)) == 0
        assert loop.timers == []

    run(main)


def test_who_is_cancelled_by_others_when_the_time_is_over_is_cancelled() -> None:
    async def main(loop: VirtualLoop, deadlines: Deadlines) -> None:
        async def cancelled_meanwhile() -> None:
            try:
                await never()
            finally:
                task.cancel()  # by another, after the bound's own

        task = asyncio.ensure_future(bounded(deadlines, 10, cancelled_meanwhile()))
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main)


def test_work_that_ends_at_the_last_moment_is_done_and_its_task_goes_on() -> None:
    async def main(loop: VirtualLoop, deadlines: Deadlines) -> None:
        async def stubborn() -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await never()

        assert await bounded(deadlines, 10, stubborn()) == pytest.approx(10)
        task: Any = asyncio.current_task()
        assert task.cancelling() == 0
        await asyncio.sleep(1)

    run(main)


def test_bound_is_for_tasks() -> None:
    loop = asyncio.new_event_loop()
    with contextlib.closing(loop), pytest.raises(RuntimeError, match="in a task"), Deadlines(loop).within(1):
        pass
