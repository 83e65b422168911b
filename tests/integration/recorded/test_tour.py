"""The whole seed tour, recorded against the local Depot through every transport, and replayed in both worlds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest
from anyio.from_thread import start_blocking_portal
from attrs import define, field
from seed_blocks import BLOCKS, Placeholders, block, commit, run
from waiting import Waiting

from mesa_core import Call, Plugin, Response
from mesa_sdk import AsyncMesa, MergeConflict, Mesa, NotFound
from mesa_transports.local import LocalDepot
from mesa_transports.local.server import Server

KEY = "mesa_root_key_of_the_tests"
INNER = (
    "httpx",
    "requests",
    "urllib3",
    "httpx2",
    "local",
    "async httpx",
    "async httpx2",
    "async aiohttp",
    "async local",
)
WORLDS = (Mesa, AsyncMesa)


@define
class Statuses(Plugin):
    """What a call was answered with, in order."""

    seen: list[tuple[str, int]] = field(factory=list)

    def after_response(self, response: Response, call: Call) -> None:
        self.seen.append((call.operation.name, response.status_code))


@pytest.fixture
def connect() -> Iterator[Callable[..., Mesa]]:
    """Makes clients of either world that a blocking program can use; all closed in the end."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())

        def make(world: type[Mesa | AsyncMesa], **options: object) -> Mesa:
            client = world(**options)
            if isinstance(client, Mesa):
                stack.callback(client.close)
                return client
            stack.callback(portal.call, client.aclose)
            return cast("Mesa", Waiting(portal, client))

        yield make


def tour(client: Mesa, real: Placeholders) -> dict[str, object]:
    """Run the seed's blocks, one after the other; return every value that they leave behind."""
    client.repos.create(org="my-org", body={"name": "keep"})
    create, listing, *others, _ = re.split(r"\n(?=# )", block("# List repositories (paginated)"))
    left = run(create, client=client)
    real.values["cursor=..."] = f"cursor={client.repos.list(org='my-org', limit=1).result.next_cursor}"
    for each in (listing, *others):
        left |= run(each, client=client)
    client.repos.update(org="my-org", repo="new-name", body={"name": "my-repo"})
    real.values["abc123..."] = commit(client, "main", "src/index.py", "print('hello')\n")
    for each in ("# List commits", "# Get file content"):
        left |= run(block(each), client=client)
    create, rest = re.split(r"(?=\n# Delete)", block("# List branches"))
    left |= run(create, client=client)
    left["ahead"] = commit(client, "feature-branch", "feature.py", "FEATURE = True\n")
    left |= run(block('diff = client.diffs.get(\n    org="my-org",\n    repo="my-repo"'), client=client)
    left |= run(block("# Merge a branch into another").partition("# Merge with")[0], client=client)
    left["conflict"] = conflict(client)
    left |= run(rest, client=client)
    create, rest = re.split(r"(?=# List API keys)", block("# Create API key"))
    left |= run(create, client=client)
    real.values["key_123"] = left["new_key"].id
    for each in (rest, block("# Request upload URLs"), block("while True:"), block("request_options={")):
        left |= run(each, client=client)
    with pytest.raises(NotFound) as refused:
        client.repos.get(org="my-org", repo="missing")
    left["refused"] = str(refused.value), refused.value.details
    left["bytes"] = client.content.read(org="my-org", repo="my-repo", path="src/index.py")
    left["patch"] = client.diffs.patch(org="my-org", repo="my-repo", base=left["commit"].sha, head=left["ahead"])
    left["deleted"] = client.repos.delete(org="my-org", repo="my-repo")
    return {name: told(value) for name, value in left.items() if name not in {"client", "__builtins__"}}


def conflict(client: Mesa) -> str:
    """Merge what cannot be merged."""
    client.branches.create(org="my-org", repo="my-repo", body={"name": "other", "head_sha": "abc123..."})
    commit(client, "other", "feature.py", "FEATURE = None\n")
    with pytest.raises(MergeConflict) as refused:
        client.merge.perform(
            org="my-org", repo="my-repo", base="main", body={"head": "other", "author": {"name": "B", "email": "b@c.d"}}
        )
    return str(refused.value)


def told(value: object) -> str:
    """Return what a program could see of a result, but for secrets, which no `repr` shows."""
    page = getattr(value, "result", None)
    return repr(value if page is None else page)


def record(path: Path, inner: str, depot: LocalDepot, connect: Callable[..., Mesa], url: str) -> tuple[object, object]:
    world = AsyncMesa if "async" in inner else Mesa
    name = inner.removeprefix("async ")
    real, statuses = Placeholders({"sha256-hash...": "a" * 64}), Statuses()
    options = {"path": path, "mode": "record", "inner": depot.transport() if name == "local" else name}
    client = connect(
        world,
        api_key=KEY,
        server_url=None if name == "local" else url,
        transport="recorded",
        transport_options=options,
        plugins=[real, statuses],
    )
    results = tour(client, real)
    client.aclose() if world is AsyncMesa else client.close()
    return results, statuses.seen


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Blocks every connection, and notes who tried."""
    tried: list[object] = []

    def refuse(_: object, address: object) -> None:
        tried.append(address)
        raise AssertionError("a connection in replay")

    for verb in ("connect", "connect_ex"):
        monkeypatch.setattr("socket.socket." + verb, refuse)
    return tried


@pytest.fixture
def recorded(tmp_path, depot, server, connect, request) -> tuple[Path, tuple[object, object]]:
    path = tmp_path / "tour.json"
    live = record(path, request.param, depot, connect, server.url)
    server.close()
    depot.close()
    request.getfixturevalue("no_network")
    return path, live


@pytest.fixture
def depot() -> Iterator[LocalDepot]:
    """A Depot that the test may close before its end."""
    with LocalDepot(root_key=KEY) as depot:
        yield depot


@pytest.mark.parametrize("recorded", INNER, indirect=True)
def test_the_seed_tour_replays_in_both_worlds_with_equal_results(recorded, connect, no_network):
    path, live = recorded
    for world in WORLDS:
        real, statuses = Placeholders({"sha256-hash...": "a" * 64}), Statuses()
        client = connect(
            world,
            api_key="another-key-altogether",
            transport="recorded",
            transport_options={"path": path},
            plugins=[real, statuses],
        )
        assert (tour(client, real), statuses.seen) == live
        assert client.transport.unused() == ()
    assert no_network == []
    assert KEY not in path.read_text()


def test_the_tour_is_the_whole_seed(tmp_path, depot, server, connect):
    """Each operation that a block of the seed calls is in the recording."""
    path = tmp_path / "tour.json"
    _, statuses = record(path, "httpx", depot, connect, server.url)
    called = set(re.findall(r"client\.(\w+\.\w+)\(", "\n".join(BLOCKS)))
    assert called <= {name for name, _ in statuses}
    assert len(json.loads(path.read_text())["interactions"]) == len(statuses)


def test_recordings_through_two_transports_differ_in_nothing_but_what_differs_live(tmp_path, connect):
    """Recording sits above the transports: neither header nor body tells which one it was."""
    shapes = []
    for inner in ("httpx", "requests", "async aiohttp"):
        path = tmp_path / f"{inner}.json"
        with LocalDepot(root_key=KEY) as depot, Server(depot).start() as server:
            record(path, inner, depot, connect, server.url)
        shapes.append([shape(each) for each in json.loads(path.read_text())["interactions"]])
    assert shapes[0] == shapes[1] == shapes[2]


def shape(interaction: dict[str, object]) -> str:
    """Leave out what is new in every run: ids, hashes, moments, cursors, sizes and the port."""
    new = r"[0-9a-f]{24,40}|\d{4}-\d\d-\d\dT[\d:.]+Z|cursor(=|\": \")[\w=-]+|\"size_bytes\": \d+|127.0.0.1:\d+"
    return re.sub(new, "*", json.dumps(interaction))
