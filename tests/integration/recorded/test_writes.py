"""Recording under threads, processes and kill -9: nothing is lost or half-written, and no answer is given twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
from echo import Echo, recorded, url

from mesa_core import Request, Response
from mesa_sdk import AsyncMesa, Mesa
from mesa_transports.recorded import AsyncRecordedTransport, NoRecording, RecordedTransport
from mesa_transports.recorded.format import load

KEY = "mesa_root_key_of_the_tests"
THREADS, REQUESTS = 8, 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.json"


class TestThreads:
    def test_a_shared_client_loses_nothing(self, path):
        with RecordedTransport(path=path, mode="record", inner=Echo()) as transport:
            record_all(lambda _: transport)
        assert recorded(path) == every(1)

    def test_clients_of_their_own_on_one_file_lose_nothing(self, path):
        transports = [RecordedTransport(path=path, mode="record", inner=Echo()) for _ in range(THREADS)]
        record_all(transports.__getitem__)
        for transport in transports:
            transport.close()
        assert recorded(path) == every(1)

    def test_each_concurrent_caller_gets_an_answer_that_matches_and_none_twice(self, path, depot, server):
        with Mesa(api_key=KEY, server_url=server.url) as live:
            live.repos.create(org="o", body={"name": "r"})
        options = {"path": path, "mode": "record"}
        with Mesa(api_key=KEY, server_url=server.url, transport="recorded", transport_options=options) as client:
            keys = [client.admin.create_api_key(org="o", body={"name": "same"}).id for _ in range(THREADS * 4)]
        with Mesa(api_key=KEY, transport="recorded", transport_options={"path": path}) as client:
            barrier = threading.Barrier(THREADS)

            def replay(_: int) -> list[str]:
                barrier.wait()
                return [client.admin.create_api_key(org="o", body={"name": "same"}).id for _ in range(4)]

            with ThreadPoolExecutor(THREADS) as pool:
                got = [each for mine in pool.map(replay, range(THREADS)) for each in mine]
            assert sorted(got) == sorted(keys)
            with pytest.raises(NoRecording, match="a repeat"):
                client.admin.create_api_key(org="o", body={"name": "same"})

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_concurrent_tasks_record_and_replay(self, path, server, backend):
        names = [f"r{number}" for number in range(30)]

        async def main(**options: object) -> dict[str, str]:
            ids: dict[str, str] = {}
            client = AsyncMesa(api_key=KEY, server_url=server.url, transport="recorded", transport_options=options)
            async with client, anyio.create_task_group() as group:

                async def create(name: str) -> None:
                    ids[name] = (await client.repos.create(org="o", body={"name": name})).id

                for name in names:
                    group.start_soon(create, name)
            return ids

        live = anyio.run(lambda: main(path=path, mode="once"), backend=backend)
        server.close()
        assert anyio.run(lambda: main(path=path, mode="once"), backend=backend) == live
        assert len(set(live.values())) == 30


class Waits:
    """An inner transport that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = anyio.Event()
        self.go = anyio.Event()

    async def asend(self, request: Request, /) -> Response:
        self.asked.set()
        await self.go.wait()
        return Echo().send(request)

    async def aclose(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
class TestCancellation:
    def test_of_a_live_call_records_nothing_of_it(self, path, backend):
        async def main() -> None:
            inner = Waits()
            async with AsyncRecordedTransport(path=path, mode="record", inner=inner) as transport:
                async with anyio.create_task_group() as group:
                    group.start_soon(transport.asend, Request("GET", url("cancelled")))
                    await inner.asked.wait()
                    group.cancel_scope.cancel()
                inner.go.set()
                await transport.asend(Request("GET", url("a")))

        anyio.run(main, backend=backend)
        assert recorded(path) == {"a": 1}

    def test_of_a_replayed_call_leaves_its_answer_to_the_next(self, path, backend):
        with RecordedTransport(path=path, mode="record", inner=Echo()) as transport:
            transport.send(Request("GET", url("a")))

        async def main() -> None:
            async with AsyncRecordedTransport(path=path) as transport:
                with anyio.CancelScope() as scope:
                    scope.cancel()
                    await transport.asend(Request("GET", url("a")))
                assert len(transport.unused()) == 1
                assert (await transport.asend(Request("GET", url("a")))).status_code == 200

        anyio.run(main, backend=backend)

    def test_of_all_that_use_a_transport_saves_what_they_recorded(self, path, backend):
        names = [f"r{number}" for number in range(41)]  # of which the last are not on disk yet

        async def main() -> None:
            inner = Waits()
            with anyio.CancelScope() as scope:
                async with AsyncRecordedTransport(path=path, mode="once", inner=inner) as transport:
                    inner.go.set()
                    for name in names:
                        await transport.asend(Request("GET", url(name)))
                    assert recorded(path).total() < 41
                    scope.cancel()
                    await anyio.sleep_forever()
            assert recorded(path) == Counter(names)
            async with AsyncRecordedTransport(path=path, mode="once", inner=Waits()) as replaying:
                assert len(replaying.unused()) == 41

        anyio.run(main, backend=backend)


def test_cancelled_tasks_of_asyncio_leave_whole_recordings(path):
    """Whenever they are cancelled; what is answered may be recorded, and is whole then."""

    async def main() -> None:
        async with AsyncRecordedTransport(path=path, mode="new", inner=Waits()) as transport:
            transport._inner.go.set()
            for turns in range(30):
                task = asyncio.create_task(transport.asend(Request("GET", url(f"large{turns}"))))
                for _ in range(turns % 6):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
            await transport.asend(Request("GET", url("last")))

    asyncio.run(main())
    assert recorded(path)["last"] == 1
    assert set(recorded(path).values()) == {1}


def every(times: int) -> Counter[str]:
    return Counter({f"r{thread}-{number}": times for thread in range(THREADS) for number in range(REQUESTS)})


def record_all(transport_of) -> None:
    barrier = threading.Barrier(THREADS)

    def work(thread: int) -> None:
        barrier.wait()
        for number in range(REQUESTS):
            transport_of(thread).send(Request("GET", url(f"r{thread}-{number}")))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))


PROGRAM = """
import itertools, sys
sys.path.insert(0, {folder!r})
from echo import Echo, url
from mesa_core import Request
from mesa_transports.recorded import RecordedTransport

transport = RecordedTransport(path={path!r}, mode={mode!r}, inner=Echo())
print("ready", flush=True)
sys.stdin.readline()
for number in itertools.count() if {endless!r} else range(20):
    transport.send(Request("GET", url(f"{name}-{{number}}")))
    if {endless!r}:
        print(number, flush=True)
transport.close()
"""


def start(path: Path, mode: str, name: str, *, endless: bool = False) -> subprocess.Popen[str]:
    code = PROGRAM.format(folder=str(Path(__file__).parents[2]), path=str(path), mode=mode, name=name, endless=endless)
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("mode", ["new", "record"])
def test_processes_record_into_one_file_side_by_side(path, mode):
    with RecordedTransport(path=path, mode="record", inner=Echo()) as transport:
        transport.send(Request("GET", url("old")))
    programs = [start(path, mode, f"p{number}") for number in range(4)]
    for program in programs:
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        program.stdin.write("go\n")
        program.stdin.flush()
    for program in programs:
        program.communicate()
        assert program.returncode == 0
    expected = Counter(f"p{each}-{number}" for each in range(4) for number in range(20))
    # What was there when they began goes in one mode, and stays in the other.
    assert recorded(path) == expected + Counter(["old"] if mode == "new" else [])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["small", "large"])
def test_kill_9_at_any_moment_leaves_the_old_file_or_the_new_one(path, name):
    """The program is killed while it writes, at a random moment; what is there loads, and holds what it told of."""
    chance = random.Random(9)
    last = 0
    for _ in range(12):
        program = start(path, "new", f"{name}{last}", endless=True)
        assert program.stdout.readline() == "ready\n"
        program.stdin.write("go\n")
        program.stdin.flush()
        for _ in range(chance.randrange(6)):
            program.stdout.readline()
        threading.Event().wait(chance.random() / 50)  # no event comes: it is the moment that is random
        os.kill(program.pid, signal.SIGKILL)
        program.communicate()
        found = recorded(path) if path.exists() else Counter()
        assert len(found) >= last
        assert set(found.values()) <= {1}
        last = len(found)
    assert last > 12
    with RecordedTransport(path=path, mode="new", inner=Echo()) as transport:
        transport.send(Request("GET", url("after")))
    left = {each.name for each in path.parent.rglob("*") if each.is_file()}
    files = {body.path.name for each in load(path).interactions if hasattr(body := each.response.body, "path")}
    assert left == {"x.json", *files}  # no temporary file is left
