"""The token bucket of a client: however many calls fail at once, few are repeated, and only retries take from it."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from mesa_core import APIError, Call, Request, hookimpl
from mesa_plugins.retries import Retries
from mesa_plugins.testing import FakeClock, Script
from mesa_sdk import (
    AsyncMesa,
    ConfigurationError,
    ConnectError,
    InvalidRequest,
    Mesa,
    MesaError,
    Plugin,
    Response,
    Retry,
)

Client = Callable[..., Mesa]


def attempts_of(mesa: Mesa) -> int:
    """Make a call that fails and count its attempts, of which other threads may make some too."""
    with pytest.raises(MesaError) as caught:
        mesa.org.get(org="o")
    return len(caught.value.attempts)


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

    def test_a_hundred_threads_send_their_calls_and_the_allowance(self, client: Client) -> None:
        mesa = client(ConnectError("refused"))
        barrier = threading.Barrier(100)

        def calls(_: int) -> list[int]:
            barrier.wait()
            return [attempts_of(mesa) for _ in range(3)]

        with ThreadPoolExecutor(100) as pool:
            counts = [count for each in pool.map(calls, range(100)) for count in each]
        assert sum(counts) == len(mesa.transport.requests) == 300 + 100

    def test_so_do_a_hundred_tasks(self, clock: Any) -> None:
        class Refuses:
            async def asend(self, request: Request, /) -> Response:
                await asyncio.sleep(0)
                raise ConnectError("refused")

            async def aclose(self) -> None: ...

        async def calls(mesa: AsyncMesa) -> int:
            with pytest.raises(ConnectError) as caught:
                await mesa.org.get(org="o")
            return len(caught.value.attempts)

        async def main() -> list[int]:
            async with AsyncMesa(api_key="key", transport=Refuses(), clock=clock) as mesa:
                return await asyncio.gather(*[calls(mesa) for _ in range(100)])

        assert sum(asyncio.run(main())) == 100 + 100

    def test_the_default_holds_a_hundred(self, client: Client) -> None:
        mesa = client(Response(500))
        for _ in range(60):
            with pytest.raises(APIError):
                mesa.org.get(org="o")
        assert len(mesa.transport.requests) == 60 + 100

    def test_a_success_gives_one_back_and_never_more_than_there_were(self, client: Client, good: Response) -> None:
        mesa = client(good, plugins=[Retries(capacity=2, jitter=lambda: 0.0)], disable_plugins=["retries"])

        def sent(answer: Response) -> int:
            before = len(mesa.transport.requests)
            mesa.transport.continue_with(rest=answer)
            with suppress(APIError):
                mesa.org.get(org="o")
            return len(mesa.transport.requests) - before

        assert [sent(good) for _ in range(5)] == [1] * 5
        assert [sent(Response(500)), sent(Response(500))] == [3, 1]
        sent(good)
        assert [sent(Response(500)), sent(Response(500))] == [2, 1]

    def test_each_client_has_its_own(self, client: Client) -> None:
        for _ in range(60):
            mesa = client(Response(500))
            assert attempts_of(mesa) == len(mesa.transport.requests) == 4

    def test_a_call_that_may_not_be_repeated_takes_none(self, client: Client) -> None:
        mesa = client(Response(404), plugins=[Retries(capacity=1)], disable_plugins=["retries"])
        for _ in range(3):
            with pytest.raises(APIError):
                mesa.org.get(org="o")
        mesa.transport.continue_with(rest=Response(503))
        with pytest.raises(APIError) as caught:
            mesa.org.get(org="o")
        assert len(caught.value.attempts) == 2

    def test_calls_that_are_cancelled_or_refused_take_none(self, client: Client, good: Response) -> None:
        class Cancelled(BaseException):
            pass

        mesa = client(Cancelled(), plugins=[Retries(capacity=1)], disable_plugins=["retries"])
        for _ in range(3):
            with pytest.raises(Cancelled):
                mesa.org.get(org="o")
            with pytest.raises(InvalidRequest):
                mesa.org.get(org="o", request_options={"headers": {"X-Bad": "a\nb"}})
        mesa.transport.continue_with(Response(503), rest=good)
        assert len(mesa.raw.org.get(org="o").attempts) == 2

    def test_calls_that_are_cancelled_in_their_wait_take_none(self, good: Response) -> None:
        async def cancelled(mesa: AsyncMesa) -> None:
            call = asyncio.ensure_future(mesa.org.get(org="o"))
            await asyncio.wait_for(waiting.wait(), 10)
            waiting.clear()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

        async def main() -> None:
            async with script.async_client(plugins=[Retries(capacity=1)], disable_plugins=["retries"]) as mesa:
                for _ in range(3):
                    await cancelled(mesa)
                endless.clear()
                assert (await mesa.org.get(org="o")).num_repos == 3
                script.continue_with(rest=503)
                with pytest.raises(MesaError) as caught:
                    await mesa.org.get(org="o")
                assert len(caught.value.attempts) == 2  # it had given the one token back, and no more

        class Waits(FakeClock):
            async def asleep(self, seconds: float, /) -> None:
                waiting.set()
                await asyncio.sleep(3600 if endless else 0)

        waiting, endless = asyncio.Event(), [True]
        script = Script(503, 503, 503, 503, good, clock=Waits())
        asyncio.run(main())

    def test_a_wait_that_is_passed_over_takes_none(self, client: Client, good: Response) -> None:
        class Waits(Plugin):
            @hookimpl(tryfirst=True)
            def on_error(self, error: MesaError, call: Call) -> Retry | None:
                return None if patient else Retry(1000)

        patient = False
        plugins = [Waits(), Retries(capacity=1)]
        mesa = client(Response(503), Response(503), good, plugins=plugins, disable_plugins=["retries"])
        assert attempts_of(mesa) == len(mesa.transport.requests) == 1
        patient = True
        assert mesa.org.get(org="o").num_repos == 3

    def test_calls_that_end_for_want_of_time_take_none(self, client: Client, good: Response) -> None:
        late = Response(503, {"Retry-After": "301"})
        mesa = client(late, plugins=[Retries(capacity=1)], disable_plugins=["retries"])
        assert attempts_of(mesa) == attempts_of(mesa) == 1
        mesa.transport.continue_with(Response(503), rest=good)
        assert len(mesa.raw.org.get(org="o").attempts) == 2

    def test_an_answer_from_a_cache_gives_none_back(self, client: Client, good: Response) -> None:
        class Caches(Plugin):
            def before_request(self, call: Call) -> Response | None:
                good.from_cache = True
                return good if call.operation.options else None

        plugins = [Retries(capacity=1, jitter=lambda: 0.0), Caches()]
        mesa = client(Response(503), plugins=plugins, disable_plugins=["retries"])
        assert attempts_of(mesa) == 2
        mesa.org.get(org="o", request_options={"timeout_ms": 1000})
        assert attempts_of(mesa) == 1

    def test_of_nothing_allows_no_retry(self, client: Client, good: Response) -> None:
        mesa = client(good, plugins=[Retries(capacity=0)], disable_plugins=["retries"])
        mesa.org.get(org="o")
        mesa.transport.continue_with(rest=Response(503))
        assert attempts_of(mesa) == 1

    @pytest.mark.parametrize("capacity", [-1, 2.5, None, "9"])
    def test_that_is_no_number_of_retries_is_refused(self, capacity: Any) -> None:
        with pytest.raises(ConfigurationError, match=f"capacity: expected a whole number .* got {capacity!r}"):
            Retries(capacity=capacity)

    def test_pickles_with_its_plugin_which_then_draws_numbers_of_its_own(self) -> None:
        one, other = (pickle.loads(pickle.dumps(Retries())) for _ in range(2))
        assert one._jitter() != other._jitter()
