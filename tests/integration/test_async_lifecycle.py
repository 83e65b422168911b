"""One AsyncMesa in real programs: event loops one after the other and at once, cancellation, garbage."""

from __future__ import annotations

import asyncio
import pickle
import random
import threading
from collections.abc import Callable

import anyio
import pytest

from mesa_core import Call, MesaError, Plugin, Request, Response
from mesa_sdk import AsyncMesa, ConnectionLost

KEY = "mesa_root_key_of_the_tests"


class Ends(Plugin):
    """Counts attempts that began, that were answered, and that were cut off."""

    def __init__(self) -> None:
        self.begun = self.answered = self.cut = 0

    def before_request(self, request: Request, call: Call) -> None:
        self.begun += 1

    def after_response(self, response: Response, call: Call) -> None:
        self.answered += 1

    def on_error(self, error: MesaError, call: Call) -> None:
        self.cut += isinstance(error, ConnectionLost)


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture(params=["httpx", "aiohttp", "httpx2"])
def make(request: pytest.FixtureRequest, server, ends: Ends) -> Callable[..., AsyncMesa]:
    def make(**options: object) -> AsyncMesa:
        return AsyncMesa(api_key=KEY, server_url=server.url, transport=request.param, plugins=[ends], **options)

    return make


async def count(client: AsyncMesa) -> int:
    return len([repo async for repo in client.repos.list(org="acme", limit=2)])


async def fill(client: AsyncMesa) -> None:
    for number in range(5):
        await client.repos.create(org="acme", body={"name": f"repo-{number}"})


def test_a_second_and_a_third_run(make):
    client = make()
    asyncio.run(fill(client))
    assert [asyncio.run(count(client)) for _ in range(3)] == [5, 5, 5]
    asyncio.run(client.aclose())


def test_two_loops_in_two_threads_at_once(make):
    client = make()
    asyncio.run(fill(client))
    counts: list[int] = []
    barrier = threading.Barrier(2)

    async def main() -> None:
        for _ in range(5):
            await asyncio.to_thread(barrier.wait)
            counts.extend(await asyncio.gather(*(count(client) for _ in range(3))))

    threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [5] * 30
    asyncio.run(client.aclose())


@pytest.mark.slow
def test_1000_cancellations_leave_a_client_whole(make, ends):
    chance = random.Random(7)

    async def cancelled(client: AsyncMesa) -> None:
        with anyio.move_on_after(chance.uniform(0, 0.01)):
            await client.repos.get(org="acme", repo="repo-0")

    async def main() -> None:
        async with make(transport_options={"pool_size": 10}, retry_config={"strategy": "none"}) as client:
            await fill(client)
            for _ in range(50):
                await asyncio.gather(*(cancelled(client) for _ in range(20)))
            # Every attempt that began was ended, and all places of the pool are free again.
            assert ends.begun == ends.answered + ends.cut
            assert ends.cut > 0
            with anyio.fail_after(20):
                assert await asyncio.gather(*(count(client) for _ in range(10))) == [5] * 10

    asyncio.run(main())


def test_it_pickles_and_goes_on_in_another_loop(make):
    client = make()
    asyncio.run(fill(client))

    async def main() -> None:
        async with pickle.loads(pickle.dumps(client)) as again:
            assert await count(again) == 5
            page = await again.repos.list(org="acme", limit=2)
            moved = pickle.loads(pickle.dumps(page))
            assert [repo.name async for repo in moved] == [repo.name async for repo in page]
            await moved._world.lifetime.end().aclose()

    asyncio.run(main())
    asyncio.run(client.aclose())


def test_one_that_is_left_open_warns(make):
    client = make()
    asyncio.run(fill(client))
    with pytest.warns(ResourceWarning, match="a client was not closed"):
        del client


def test_it_runs_on_trio(server):
    async def main() -> int:
        async with AsyncMesa(api_key=KEY, server_url=server.url) as client:
            await fill(client)
            return await count(client)

    assert anyio.run(main, backend="trio") == 5
