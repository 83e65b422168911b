"""Faults as their users meet them: on every transport, in both worlds, live, served, local and recorded."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest
from anyio.from_thread import start_blocking_portal
from attrs import define, field
from waiting import Waiting

from mesa_plugins.faults import Fault, Faults
from mesa_sdk import (
    AsyncMesa,
    ConnectError,
    ConnectionLost,
    Mesa,
    NotFound,
    RequestTimeout,
    ResponseValidationError,
    ServerError,
)
from mesa_transports.local import LocalDepot
from mesa_transports.local.server import Server

KEY = "mesa_root_key_of_the_tests"
TRANSPORTS = ("httpx", "httpx2", "requests", "urllib3", "local", "recorded")
ASYNC_TRANSPORTS = ("httpx", "httpx2", "aiohttp", "local", "recorded")
WORLDS = [*((Mesa, name) for name in TRANSPORTS), *((AsyncMesa, name) for name in ASYNC_TRANSPORTS)]
BOT = {"name": "Bot", "email": "bot@example.com"}


@define
class Passing:
    """A clock on which all waits pass at once."""

    now: float = 0.0
    waits: list[float] = field(factory=list)

    def time(self) -> float:
        return 1_800_000_000 + self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.waits.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float, /) -> None:
        self.sleep(seconds)


@pytest.fixture
def clock() -> Passing:
    return Passing()


@pytest.fixture(params=WORLDS, ids=lambda param: f"{param[0].__name__} {param[1]}")
def faulty(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Passing, depot: LocalDepot
) -> Iterator[Callable[..., Mesa]]:
    """Makes clients of either world, over each transport, to one Depot; takes faults."""
    world, name = request.param
    options: dict[str, object] = {"transport": name}
    if name == "local":
        options = {"transport": depot.transport()}
    elif name == "recorded":
        inner = {"inner": depot.transport(), "mode": "record"}
        options["transport_options"] = {"path": tmp_path / "faults.json", **inner}
    else:
        options["server_url"] = request.getfixturevalue("server").url
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())

        def make(*faults: Fault, **more: object) -> Mesa:
            client = world(api_key=KEY, clock=clock, plugins=[Faults(faults)], **options, **more)
            if isinstance(client, Mesa):
                stack.callback(client.close)
                return client
            stack.callback(portal.call, client.aclose)
            return cast("Mesa", Waiting(portal, client))

        yield make


@pytest.fixture
def repo(depot: LocalDepot) -> str:
    with Mesa(api_key=KEY, transport=depot.transport()) as client:
        client.repos.create(org="acme", body={"name": "repo"})
        commit(client, "first")
    return "repo"


def commit(client: Mesa, message: str) -> object:
    edits = [{"path": message, "action": "create", "content": message}]
    body = {"branch": "main", "message": message, "author": BOT, "edits": edits}
    return client.commits.create(org="acme", repo="repo", body=body)


def messages(client: Mesa) -> list[str]:
    return [each.message for each in client.commits.list(org="acme", repo="repo")]


ONCE = {"strategy": "none"}


def test_the_issues_example(faulty: Callable[..., Mesa], repo: str, clock: Passing) -> None:
    client = faulty(
        Fault("commits.create", nth=3, status=503, retry_after=1), Fault("*", error="reset", rate=0, seed=7)
    )
    for message in ("second", "third", "fourth"):
        commit(client, message)
    assert messages(client) == ["fourth", "third", "second", "first"]
    assert len(clock.waits) == 1
    assert clock.waits[0] >= 1


def test_each_fault_is_the_error_that_it_stands_for(faulty: Callable[..., Mesa], repo: str) -> None:
    expected = [NotFound, ServerError, ConnectError, ConnectionLost, RequestTimeout, *[ResponseValidationError] * 2]
    client = faulty(
        Fault("repos.get", nth=1, status=404),
        Fault("repos.*", nth=2, status=500),
        Fault("*", nth=3, error="refused"),
        Fault("*", nth=4, error="reset"),
        Fault("*", nth=5, error="timeout"),
        Fault("*", nth=6, error="truncated"),
        Fault("*", nth=7, error="garbage"),
        Fault("*", nth=8, delay=31),
        retry_config=ONCE,
    )
    for error in [*expected, RequestTimeout]:
        with pytest.raises(error) as raised:
            client.repos.get(org="acme", repo=repo)
        assert raised.value.operation == "repos.get"
        assert len(raised.value.attempts) == 1
        assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    assert client.repos.get(org="acme", repo=repo).name == repo


def test_before_the_server_acts_nothing_is_done_and_after_it_everything(faulty: Callable[..., Mesa], repo: str) -> None:
    before = faulty(Fault("commits.create", error="reset"))
    with pytest.raises(ConnectionLost) as lost:
        commit(before, "never")
    assert lost.value.sent  # for all that the caller can know
    assert messages(before) == ["first"]

    after = faulty(Fault("commits.create", error="reset", after=True))
    with pytest.raises(ConnectionLost) as lost:
        commit(after, "made")
    assert lost.value.sent
    assert messages(after) == ["made", "first"]


def test_what_may_be_repeated_survives(faulty: Callable[..., Mesa], repo: str) -> None:
    client = faulty(
        Fault("repos.get", error="reset", nth=1),
        Fault("repos.get", status=502, nth=2),
        Fault("repos.*", delay=1, nth=3),
    )
    raw = client.raw.repos.get(org="acme", repo=repo)
    assert [each.status_code for each in raw.attempts] == [None, 502, 200]
    assert raw.parsed.name == repo


def test_a_list_goes_on_where_it_failed(faulty: Callable[..., Mesa], repo: str) -> None:
    client = faulty(Fault("commits.list", status=500, nth=3), retry_config=ONCE)
    for number in range(4):
        commit(client, str(number))
    seen = []
    with pytest.raises(ServerError) as failed:
        seen.extend(each.message for each in client.commits.list(org="acme", repo=repo, limit=2))
    rest = client.commits.list(org="acme", repo=repo, limit=2, cursor=failed.value.cursor)
    assert seen + [each.message for each in rest] == ["3", "2", "1", "0", "first"]


def test_a_recording_replays_under_faults(tmp_path: Path, depot: LocalDepot, repo: str, clock: Passing) -> None:
    path = tmp_path / "replayed.json"
    record = {"path": path, "mode": "record", "inner": depot.transport()}
    with Mesa(api_key=KEY, transport="recorded", transport_options=record) as client:
        assert client.repos.get(org="acme", repo=repo).name == repo
    faults = Faults([Fault("repos.get", status=503, retry_after=9, nth=1)])
    replay = {"transport": "recorded", "transport_options": {"path": path}, "plugins": [faults], "clock": clock}
    with Mesa(api_key=KEY, **replay) as client:
        assert [each.status_code for each in client.raw.repos.get(org="acme", repo=repo).attempts] == [503, 200]
    assert [each.what for each in faults.injected] == ["503"]


def test_of_concurrent_tasks_exactly_the_nth_fails(depot: LocalDepot, repo: str) -> None:
    faults = Faults([Fault("repos.get", error="refused", nth=17), Fault("repos.get", status=500, times=3, every=20)])

    async def main() -> list[object]:
        options = {"plugins": [faults], "retry_config": ONCE}
        async with AsyncMesa(api_key=KEY, transport=depot.transport(), **options) as client:
            calls = [client.repos.get(org="acme", repo=repo) for _ in range(100)]
            return await asyncio.gather(*calls, return_exceptions=True)

    failed = [type(each) for each in asyncio.run(main()) if isinstance(each, Exception)]
    assert sorted(failed, key=str) == [ConnectError, ServerError, ServerError, ServerError]
    assert sorted(each.what for each in faults.injected) == ["500", "500", "500", "refused"]


def test_a_pickled_client_counts_for_itself(server: Server, repo: str) -> None:
    with Mesa(api_key=KEY, server_url=server.url, plugins=[Faults([Fault("*", status=404, nth=1)])]) as client:
        for each in (client, pickle.loads(pickle.dumps(client))):
            with each, pytest.raises(NotFound):
                each.repos.get(org="acme", repo=repo)
