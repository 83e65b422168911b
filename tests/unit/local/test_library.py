"""The Depot as a library for tests: where it is served, going back to a snapshot, its clock, and its seed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mesa_core.errors import ConfigurationError, ConnectError, NotFound, ServerError
from mesa_core.http import Request
from mesa_plugins.testing import FakeClock
from mesa_sdk import AsyncMesa, Mesa
from mesa_transports.local import LocalDepot, ManualClock

AUTHOR = {"name": "Bot", "email": "bot@example.com"}


def commit(content, path="a.txt"):
    return {"branch": "main", "message": "m", "author": AUTHOR, "files": [{"path": path, "content": content}]}


def files(client, repo="r"):
    return sorted(entry.path for entry in client.content.get(org="acme", repo=repo).entries)


@pytest.fixture
def client(depot):
    with Mesa(api_key="any", transport=depot) as client:
        client.repos.create(org="acme", body={"name": "r"})
        client.commits.create(org="acme", repo="r", body=commit("one"))
        yield client


@pytest.fixture
def served(depot):
    with depot.serve() as server:
        yield server


def test_the_url_is_known_while_it_is_served():
    with LocalDepot() as depot:
        with pytest.raises(ConfigurationError, match="not served"):
            _ = depot.url
        with depot.serve() as first:
            assert depot.url == first.url
            with Mesa(api_key="any", server_url=depot.url) as client:
                assert client.repos.create(org="acme", body={"name": "r"}).name == "r"
            with depot.serve(host="127.0.0.1") as second:
                assert depot.url == second.url != first.url
            assert depot.url == first.url
        first.close()
        with pytest.raises(ConfigurationError):
            _ = depot.url


def test_serving_to_the_network_is_said_loudly(depot, caplog):
    with depot.serve() as server:
        assert server.url.startswith("http://127.0.0.1:")
    assert caplog.records == []
    with depot.serve(host="0.0.0.0"):
        pass
    (record,) = caplog.records
    assert (record.levelname, record.name) == ("WARNING", "mesa.local")
    assert "others on the network can reach this Depot" in record.getMessage()


def test_serving_async_clients():
    async def run(url):
        async with AsyncMesa(api_key="any", server_url=url) as client:
            return (await client.repos.create(org="acme", body={"name": "r"})).name

    with LocalDepot() as depot, depot.serve():
        assert asyncio.run(run(depot.url)) == "r"


def test_serving_needs_waitress(depot, monkeypatch):
    monkeypatch.setitem(sys.modules, "waitress.server", None)
    with pytest.raises(ConfigurationError, match="pip install 'mesa-sdk\\[local\\]'"):
        depot.serve()


def test_a_closed_depot_that_is_still_served_says_so():
    depot = LocalDepot()
    with depot.serve() as server:
        depot.close()
        client = Mesa(api_key="any", server_url=server.url, disable_plugins=["retries"])
        with client, pytest.raises(ServerError, match="the Depot is closed"):
            client.org.get(org="acme")
    for use in (depot.snapshot, lambda: depot.restore(None)):
        with pytest.raises(ConnectError, match="closed"):
            use()


def test_a_restored_depot_holds_what_it_held(depot, client, git):
    client.branches.create(org="acme", repo="r", body={"name": "objects/aa/topic", "from": "main"})
    made = client.admin.create_api_key(org="acme", body={"name": "kept"})
    head = git("rev-parse", "main")
    snapshot = depot.snapshot()
    for _ in range(3):
        client.commits.create(org="acme", repo="r", body=commit("two", "b.txt"))
        client.commits.create(org="acme", repo="r", body=commit("three"))
        later = git("rev-parse", "main")
        client.branches.delete(org="acme", repo="r", branch="objects/aa/topic")
        client.branches.create(org="acme", repo="r", body={"name": "objects", "from": "main"})
        client.admin.revoke_api_key(org="acme", id=made.id)
        client.admin.create_api_key(org="acme", body={"name": "gone"})
        client.webhooks.create(org="acme", repo="r", body={"url": "https://x.example/"})
        client.repos.create(org="acme", body={"name": "gone"})
        client.repos.create(org="gone", body={"name": "gone"})
        depot.restore(snapshot)
        assert git("rev-parse", "main") == head
        assert files(client) == ["a.txt"]
        assert git("for-each-ref", "--format=%(refname:short)").split() == ["main", "objects/aa/topic"]
        assert [(key.name, key.revoked_at) for key in client.admin.list_api_keys(org="acme").api_keys] == [
            ("kept", None)
        ]
        assert client.webhooks.list(org="acme", repo="r").webhooks == ()
        assert [repo.name for repo in client.repos.list(org="acme")] == ["r"]
        assert client.org.get(org="gone").num_repos == 0
        with pytest.raises(NotFound):
            client.commits.get(org="acme", repo="r", sha=later)
    assert len(list((depot.path / "repositories").iterdir())) == 1


def test_what_was_deleted_comes_back(depot, client, git):
    for number in range(3):
        client.commits.create(org="acme", repo="r", body=commit(str(number), "more.txt"))
    git("gc", "--quiet")
    snapshot, head = depot.snapshot(), git("rev-parse", "main")
    for _ in range(2):
        client.repos.delete(org="acme", repo="r")
        depot.restore(snapshot)
        assert git("rev-parse", "main") == head
        client.commits.create(org="acme", repo="r", body=commit("on top"))
        assert git("fsck", "--full", "--strict") == ""


def test_a_snapshot_keeps_what_later_changes_change(depot, client, git):
    """Also where git itself rewrites a file at its place."""
    snapshot = depot.snapshot()
    git("config", "user.name", "changed")
    git("symbolic-ref", "HEAD", "refs/heads/other")
    depot.restore(snapshot)
    assert git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert "changed" not in git("config", "--list", "--local")


def test_large_files_and_their_urls_come_back(depot, client):
    def upload(content):
        oid = hashlib.sha256(content).hexdigest()
        body = json.dumps({"objects": [{"oid": oid, "size": len(content)}]}).encode()
        key = {"Authorization": "Bearer any"}
        answer = depot.send(Request("POST", "http://x/acme/r/lfs/objects", key, body))
        item = json.loads(answer.content)["objects"][0]
        if not item["exists"]:
            assert depot.send(Request("PUT", item["upload_url"], {}, content)).status_code == 200
        return item["exists"]

    assert upload(b"kept") is False
    snapshot = depot.snapshot()
    assert upload(b"gone") is False
    depot.restore(snapshot)
    assert upload(b"kept") is True
    assert upload(b"gone") is False
    client.repos.delete(org="acme", repo="r")
    depot.restore(snapshot)
    assert upload(b"kept") is True


def test_it_works_without_links(depot, client, git, monkeypatch):
    def refuse(self, target):
        raise OSError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    snapshot = depot.snapshot()
    client.repos.delete(org="acme", repo="r")
    depot.restore(snapshot)
    assert git("fsck", "--full", "--strict") == ""
    assert files(client) == ["a.txt"]


def test_a_snapshot_is_its_depots_own(depot, client):
    with LocalDepot() as other, pytest.raises(ConfigurationError, match="another Depot's"):
        other.restore(depot.snapshot())


def test_a_snapshot_takes_no_room_when_it_is_forgotten(depot, client):
    snapshot = depot.snapshot()
    assert len(list((depot.path / "snapshots").iterdir())) == 1
    del snapshot
    assert list((depot.path / "snapshots").iterdir()) == []


def test_snapshots_are_gone_when_a_data_directory_is_closed(tmp_path):
    with LocalDepot(tmp_path) as depot:
        kept = depot.snapshot()
    assert kept is not None
    assert not (tmp_path / "snapshots").exists()


def test_a_snapshot_waits_for_the_requests_in_hand(depot, client, monkeypatch):
    entered, leave = threading.Event(), threading.Event()
    count = type(depot._services.repositories).count

    def slow(self, org):
        entered.set()
        leave.wait(5)
        return count(self, org)

    monkeypatch.setattr(type(depot._services.repositories), "count", slow)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(client.org.get, org="acme")
        entered.wait(5)
        snapshot = pool.submit(depot.snapshot)
        second = pool.submit(client.repos.get, org="acme", repo="r")
        assert not snapshot.done()
        leave.set()
        assert first.result().num_repos == 1
        assert second.result().name == "r"
        depot.restore(snapshot.result())


def test_snapshots_under_load_are_each_of_one_moment(depot, client, served):
    """A commit adds two files at once: a snapshot has both or neither."""
    both = [{"path": f"{name}.txt", "content": "x"} for name in ("left", "right")]
    body = {"branch": "main", "message": "m", "author": AUTHOR, "files": both}
    stop = threading.Event()

    def work(number):
        with Mesa(api_key="any", server_url=served.url) as remote:
            remote.repos.create(org="acme", body={"name": f"w{number}"})
            while not stop.is_set():
                remote.commits.create(org="acme", repo=f"w{number}", body=body)

    with ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(work, number) for number in range(4)]
        snapshots = [depot.snapshot() for _ in range(5)]
        stop.set()
        for worker in workers:
            worker.result()
    for snapshot in reversed(snapshots):
        depot.restore(snapshot)
        for repository in client.repos.list(org="acme"):
            path = depot.repository_path("acme", repository.name)
            done = subprocess.run(["git", "-C", path, "fsck", "--full", "--strict"], capture_output=True, check=True)
            assert done.stdout == b""


def test_both_worlds_see_what_was_restored(depot):
    async def run():
        async with AsyncMesa(api_key="any", transport=depot) as client:
            await client.repos.create(org="acme", body={"name": "r"})
            snapshot = depot.snapshot()
            await client.repos.delete(org="acme", repo="r")
            depot.restore(snapshot)
            return [repo.name async for repo in client.repos.list(org="acme")]

    assert asyncio.run(run()) == ["r"]


def test_the_clock_is_the_one_that_was_given():
    clock = ManualClock(datetime(2026, 1, 2, tzinfo=UTC))
    with LocalDepot(clock=clock) as depot, Mesa(api_key="any", transport=depot) as client:
        assert depot.clock is clock
        clock.advance(90)
        clock.advance(timedelta(hours=1))
        made = client.repos.create(org="acme", body={"name": "r"})
        assert made.created_at == datetime(2026, 1, 2, 1, 1, 30, tzinfo=UTC)
    assert ManualClock()().timestamp() == FakeClock().time()
    with LocalDepot() as depot:
        assert abs(depot.clock().timestamp() - datetime.now(UTC).timestamp()) < 60


def transcript(seed):
    """All that a program sees of a Depot, request ids included."""
    with LocalDepot(seed=seed, clock=ManualClock(), root_key=None, open_to_any_key=False) as depot:
        asked = [
            ("POST", "/acme/repos", {"name": "r"}),
            ("POST", "/acme/r/commits", commit("x")),
            ("POST", "/acme/api-keys", {"name": "k"}),
            ("POST", "/acme/r/webhooks", {"url": "https://x.example/"}),
            ("POST", "/acme/r/lfs/objects", {"objects": [{"oid": "0" * 64, "size": 3}]}),
            ("GET", "/acme/missing", None),
        ]
        key = {"Authorization": f"Bearer {depot.root_key}"}
        snapshot = depot.snapshot()

        def answers():
            for method, path, body in asked:
                content = b"" if body is None else json.dumps(body).encode()
                response = depot.send(Request(method, f"http://x{path}", key, content))
                yield response.status_code, response.headers["X-Request-Id"], response.content

        first = list(answers())
        depot.restore(snapshot)
        assert list(answers()) == first
        return depot.root_key, first


def test_a_seed_gives_the_same_ids_and_secrets_in_each_run():
    assert transcript("golden") == transcript("golden")
    (key, answers), (other_key, others) = transcript("golden"), transcript("other")
    assert [status for status, _, _ in answers] == [201, 201, 201, 201, 200, 404]
    assert key != other_key
    for place, ((_, id_, content), (_, other_id, other)) in enumerate(zip(answers, others, strict=True)):
        assert id_ != other_id
        assert (content == other) is (place in {1, 5}), content  # a commit has no id but its sha


def test_a_seed_goes_on_where_it_was(tmp_path):
    ids = []
    for number in range(3):
        with LocalDepot(tmp_path, seed="x", root_key="k") as depot, Mesa(api_key="k", transport=depot) as client:
            ids.append(client.repos.create(org="acme", body={"name": f"r{number}"}).id)
    assert len(set(ids)) == 3


def test_nothing_is_foreseeable_without_a_seed():
    def ids():
        with LocalDepot(clock=ManualClock()) as depot, Mesa(api_key="any", transport=depot) as client:
            made = client.admin.create_api_key(org="acme", body={})
            return made.id, made.key, client.repos.create(org="acme", body={"name": "r"}).id

    assert not set(ids()) & set(ids())
