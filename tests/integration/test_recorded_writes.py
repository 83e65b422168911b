"""Recording under threads, processes and kill -9: nothing is lost or half-written, and no answer is given twice."""

from __future__ import annotations

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

from mesa_core import Request
from mesa_sdk import AsyncMesa, Mesa
from mesa_transports.recorded import NoRecording, RecordedTransport
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
    code = PROGRAM.format(folder=str(Path(__file__).parents[1]), path=str(path), mode=mode, name=name, endless=endless)
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
