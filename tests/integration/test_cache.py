"""The cache against a Depot, in every way there is to reach it, in memory and on disk."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from attrs import define, field

from mesa_core import Call, Plugin, Request
from mesa_plugins.cache import Cache
from mesa_sdk import Mesa, NotFound
from mesa_transports.local import LocalDepot

ROOT_KEY = "mesa_root_key_of_the_tests"
BOT = {"name": "Bot", "email": "bot@example.com"}
HERE = {"org": "acme", "repo": "app"}

Connect = Callable[..., Mesa]


@pytest.fixture(params=["memory", "disk"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Cache:
    return Cache() if request.param == "memory" else Cache(path=tmp_path / "kept")


@pytest.fixture
def client(connect: Connect, cache: Cache) -> Mesa:
    client = connect(plugins=[cache])
    client.repos.create(org="acme", body={"name": "app"})
    return client


def commit(client: Mesa, text: str, **fields: object) -> str:
    edit = {"path": "a.txt", "action": "upsert", "content": text}
    body = {"branch": "main", "message": text, "author": BOT, "edits": [edit], **fields}
    return client.commits.create(**HERE, body=body).sha


def commits(depot: LocalDepot, *texts: str) -> list[str]:
    with Mesa(transport=depot, api_key=ROOT_KEY) as client:
        client.repos.create(org="acme", body={"name": "app"})
        return [commit(client, text) for text in texts]


def asked(client: Mesa, old: str, new: str) -> dict[str, Callable[[], object]]:
    """All that may be kept, each to be asked for again and again."""
    raw = client.raw
    return {
        "commits.get": lambda: raw.commits.get(**HERE, sha=new),
        "content.get": lambda: raw.content.get(**HERE, path="a.txt", ref=new),
        "content.get of a directory": lambda: raw.content.get(**HERE, ref=new, depth=2),
        "content.read": lambda: raw.content.read(**HERE, path="a.txt", ref=new),
        "diffs.get": lambda: raw.diffs.get(**HERE, base=old, head=new),
        "diffs.patch": lambda: raw.diffs.patch(**HERE, base=old, head=new),
    }


def test_what_a_full_sha_addresses_is_asked_for_once(client):
    old, new = commit(client, "one"), commit(client, "two")
    for name, ask in asked(client, old, new).items():
        first, second, third = ask(), ask(), ask()
        assert (first.from_cache, second.from_cache, third.from_cache) == (False, True, True), name
        assert first.parsed == second.parsed == third.parsed, name
        assert second.content == first.content
        assert (second.status_code, second.headers["Content-Type"]) == (200, first.headers["Content-Type"])


def test_each_question_has_its_own_answer(client):
    old, new = commit(client, "one"), commit(client, "two")
    for _ in range(2):
        assert client.content.read(**HERE, path="a.txt", ref=old) == b"one"
        assert client.content.read(**HERE, path="a.txt", ref=new) == b"two"
        assert client.content.get(**HERE, path="a.txt", ref=new).size == 3
        assert client.commits.get(**HERE, sha=old).message == "one"
        assert "+two" in client.diffs.patch(**HERE, base=old, head=new)
        assert "-two" in client.diffs.patch(**HERE, base=new, head=old)


def test_what_may_move_is_asked_for_each_time(client):
    old, new = commit(client, "one"), commit(client, "two")
    raw = client.raw
    for ask in (
        lambda: raw.content.read(**HERE, path="a.txt", ref="main"),
        lambda: raw.content.read(**HERE, path="a.txt"),
        lambda: raw.content.read(**HERE, path="a.txt", ref=new[:10]),
        lambda: raw.commits.get(**HERE, sha=new[:10]),
        lambda: raw.diffs.get(**HERE, base=old, head="main"),
        lambda: raw.diffs.get(**HERE, base="main", head=new),
        lambda: raw.repos.get(**HERE),
    ):
        assert [ask().from_cache for _ in range(3)] == [False] * 3
    third = commit(client, "three")
    assert client.content.read(**HERE, path="a.txt", ref="main") == b"three"
    assert client.content.read(**HERE, path="a.txt", ref=third) == b"three"


def test_a_refusal_is_not_kept(client):
    sha = commit(client, "one")
    for _ in range(2):
        with pytest.raises(NotFound):
            client.content.read(**HERE, path="b.txt", ref=sha)


def test_one_repositorys_answer_is_not_anothers(client):
    sha = commit(client, "one")
    client.repos.create(org="acme", body={"name": "other"})
    assert client.commits.get(**HERE, sha=sha).message == "one"
    with pytest.raises(NotFound):
        client.commits.get(org="acme", repo="other", sha=sha)


@pytest.mark.parametrize("end", ["delete", "rename"])
def test_a_repository_that_is_there_no_more_is_forgotten(client, cache, end):
    sha = commit(client, "one")
    assert client.content.read(**HERE, path="a.txt", ref=sha) == b"one"
    assert cache.size_bytes > 0
    if end == "delete":
        client.repos.delete(**HERE)
    else:
        client.repos.update(**HERE, body={"name": "new-name"})
    assert cache.size_bytes == 0
    with pytest.raises(NotFound):
        client.content.read(**HERE, path="a.txt", ref=sha)


def test_another_key_gets_nothing_that_it_did_not_ask_for_itself(client, connect, cache):
    sha = commit(client, "one")
    client.content.read(**HERE, path="a.txt", ref=sha)
    created = client.admin.create_api_key(org="acme", body={"name": "reader", "scopes": ["git:read"]})
    reader = connect(api_key=created.key, plugins=[cache])
    answers = [reader.raw.content.read(**HERE, path="a.txt", ref=sha) for _ in range(2)]
    assert [each.from_cache for each in answers] == [False, True]


@define
class Counting(Plugin):
    """Counts what passes it on its way out, and what comes back."""

    requests: int = 0
    contents: list[bytes] = field(factory=list)

    def before_request(self, request: Request, call: Call) -> None:
        self.requests += 1

    def after_response(self, response, call) -> None:
        self.contents.append(response.content)
        response.content = response.content.upper()


@pytest.mark.parametrize("order", [1, -1])
def test_what_another_plugin_makes_of_an_answer_is_not_kept(depot, cache, order):
    (sha,) = commits(depot, "one")
    counting = Counting()
    with Mesa(transport=depot, api_key=ROOT_KEY, plugins=[cache, counting][::order]) as client:
        for _ in range(3):
            assert client.content.read(**HERE, path="a.txt", ref=sha) == b"ONE"
    assert counting.contents == [b"one"] * 3
    assert counting.requests == 3


def test_threads_get_the_right_answers(depot, cache):
    shas = commits(depot, *(f"text {number}" for number in range(8)))
    barrier = threading.Barrier(8)

    with Mesa(transport=depot, api_key=ROOT_KEY, plugins=[cache]) as client:

        def read(number: int) -> list[bytes]:
            barrier.wait()
            return [client.content.read(**HERE, path="a.txt", ref=shas[(number + turn) % 8]) for turn in range(40)]

        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(read, range(8)))
    for number, texts in enumerate(results):
        assert texts == [f"text {(number + turn) % 8}".encode() for turn in range(40)]


READ = f"""
import sys
from mesa_plugins.cache import Cache
from mesa_sdk import Mesa
url, folder, sha = sys.argv[1:]
with Mesa(server_url=url, api_key="{ROOT_KEY}", plugins=[Cache(path=folder)]) as client:
    raw = client.raw.content.read(org="acme", repo="app", path="a.txt", ref=sha)
    print(raw.from_cache, raw.parsed.decode())
"""


def test_processes_share_a_folder(depot, server, tmp_path):
    (sha,) = commits(depot, "one")
    command = [sys.executable, "-c", READ, server.url, str(tmp_path / "kept"), sha]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2)]
    assert [run.stdout for run in runs] == ["False one\n", "True one\n"]
