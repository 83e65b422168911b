"""Clients in real programs: threads, pickling, closing, garbage. Event loops, forks and cancellation are tested
with the transports, which own the sockets; here the same is shown through a client."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mesa_core import Request, Response
from mesa_sdk import AsyncMesa, InvalidRequest, Mesa, Page, Repo

KEY = "mesa_root_key_of_the_tests"


@pytest.fixture(params=["httpx", "requests"])
def client(request: pytest.FixtureRequest, server) -> Mesa:
    with Mesa(api_key=KEY, server_url=server.url, transport=request.param) as client:
        client.repos.create(org="acme", body={"name": "app"})
        yield client


@pytest.mark.slow
def test_64_threads_share_a_client(client):
    for number in range(64):
        client.repos.create(org="acme", body={"name": f"repo-{number}"})
    barrier = threading.Barrier(64)

    def ask(number: int) -> list[str]:
        barrier.wait()
        return [client.repos.get(org="acme", repo=f"repo-{number}").name for _ in range(5)]

    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(ask, range(64)))
    assert answers == [[f"repo-{number}"] * 5 for number in range(64)]


def in_child(work: Callable[[], bool]) -> bool:
    """Fork; tell whether `work` was true in the child."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads is what is tested
        child = os.fork()
    if child == 0:
        signal.alarm(20)
        done = False
        try:
            done = work()
        finally:
            os._exit(0 if done else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_client_goes_on_in_parent_and_child_after_a_fork(client):
    def works() -> bool:
        return all(client.repos.get(org="acme", repo="app").name == "app" for _ in range(5))

    assert works()
    assert in_child(works)
    assert works()
    assert in_child(works)


def test_a_client_pickles_as_its_configuration(client):
    client = client.with_options(headers={"X-Team": "blue"})
    again = pickle.loads(pickle.dumps(client))
    with again:
        assert again.repos.get(org="acme", repo="app") == client.repos.get(org="acme", repo="app")
        assert again.transport is not client.transport
        assert again.world.parts.config.options == client.world.parts.config.options


def test_a_page_pickles_and_goes_on_where_it_arrives(client):
    for number in range(3):
        client.repos.create(org="acme", body={"name": f"repo-{number}"})
    page = client.repos.list(org="acme", limit=2)
    again = pickle.loads(pickle.dumps(page))
    assert isinstance(again, Page)
    assert again.result == page.result
    assert [repo.name for repo in again] == [repo.name for repo in page]
    again._world.lifetime.end().close()


def test_a_client_goes_to_another_process(client, server):
    program = (
        "import pickle, sys; client = pickle.load(sys.stdin.buffer)\n"
        "with client: print(client.repos.get(org='acme', repo='app').name)"
    )
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(client), capture_output=True, check=True)
    assert done.stdout == b"app\n"


def test_a_pickled_key_is_not_shown_by_the_client(client):
    assert KEY not in repr(client)
    assert KEY not in repr(client.world)
    assert KEY not in str(client.plugins)


class Stub:
    """Answers every request alike, and counts how often it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    def send(self, request: Request, /) -> Response:
        return Response(200, {"Content-Type": "application/json"}, b'{"success": true}')

    async def asend(self, request: Request, /) -> Response:
        return self.send(request)

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


def delete(client: Mesa) -> object:
    return client.repos.delete(org="acme", repo="app")


def test_a_client_used_after_close_says_so(client):
    delete(client)
    client.close()
    client.close()
    for use in (delete, lambda closed: closed.raw.org.get(org="acme"), lambda closed: closed.repos.list(org="acme")):
        with pytest.raises(InvalidRequest, match=r"^the client is closed$"):
            use(client)


def test_an_async_client_used_after_close_says_so():
    async def program() -> None:
        async with AsyncMesa(api_key="k", transport="local") as client:
            await client.org.get(org="acme")
        await client.aclose()
        with pytest.raises(InvalidRequest, match=r"^the client is closed$"):
            await client.org.get(org="acme")
        with pytest.raises(InvalidRequest, match=r"^the client is closed$"):
            await client.repos.list(org="acme")

    asyncio.run(program())


def test_a_transport_object_stays_its_owners():
    stub = Stub()
    with Mesa(api_key="k", transport=stub) as client:
        delete(client)
    assert stub.closed == 0
    with pytest.raises(InvalidRequest):
        delete(client)


def test_closing_a_derived_client_leaves_the_original_open(client):
    with client.with_options(timeout_ms=5_000) as derived:
        derived.org.get(org="acme")
    with pytest.raises(InvalidRequest):
        derived.org.get(org="acme")
    client.org.get(org="acme")
    another = client.with_options(timeout_ms=5_000)
    client.close()
    with pytest.raises(InvalidRequest):
        another.org.get(org="acme")


def open_connections(port: int) -> int:
    """Count this process's connections to a port, by the kernel's own table."""
    ours = {str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()}
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and f"socket:[{row[9]}]" in ours for row in rows)


@pytest.mark.parametrize("transport", ["httpx", "requests"])
def test_an_unclosed_client_warns_and_leaks_no_socket(server, transport):
    client = Mesa(api_key=KEY, server_url=server.url, transport=transport)
    client.repos.list(org="acme")
    assert open_connections(server.port) == 1
    with pytest.warns(ResourceWarning, match="a client was not closed") as warned:
        del client
    assert len(warned) == 1
    assert open_connections(server.port) == 0


def test_a_resource_keeps_the_connection_of_a_client_that_is_gone(server):
    repos = Mesa(api_key=KEY, server_url=server.url).repos
    gc.collect()
    assert isinstance(repos.create(org="acme", body={"name": "app"}), Repo)
    with pytest.warns(ResourceWarning, match="a client was not closed"):
        del repos
