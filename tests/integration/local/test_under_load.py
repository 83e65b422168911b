"""Many callers at once on a served Depot: nothing is lost, nothing but the expected is answered."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from itertools import cycle, islice

import pytest
from remote import Remote

from mesa_transports.local import LocalDepot
from mesa_transports.local.server import Server

AUTHOR = {"name": "Bot", "email": "bot@example.com"}


@pytest.fixture
def depot():
    with LocalDepot() as depot:
        yield depot


@pytest.fixture
def remote(depot):
    with Server(depot).start() as server:
        yield Remote(server.url)


def commit(number, branch="main", **more):
    edit = {"path": f"d{number % 7}/{number}", "content": str(number)}
    return {"branch": branch, "message": f"commit {number}", "author": AUTHOR, "files": [edit], **more}


def test_parallel_commits_branches_and_merges_all_land(depot, remote):
    assert remote("POST", "/acme/repos", {"name": "r"})[0] == 201
    assert remote("POST", "/acme/r/commits", commit(0))[0] == 201

    def work(number):
        branch = f"topic/{number}"
        merge = {"head": branch, "author": AUTHOR, "delete_branch": True}
        return [
            remote("POST", "/acme/r/branches", {"name": branch, "from": "main"})[0],
            remote("POST", "/acme/r/commits", commit(number, branch))[0],
            remote("POST", "/acme/r/commits", commit(number + 1000))[0],
            remote("GET", "/acme/r/content?depth=2")[0],
            remote("POST", "/acme/r/merge/main", merge)[0],
            remote("GET", "/acme/r/commits")[0],
        ]

    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(status for answer in pool.map(work, range(1, 41)) for status in answer)
    assert set(statuses) == {200, 201}
    path = depot.repository_path("acme", "r")
    listed = subprocess.run(
        ["git", "-C", path, "ls-tree", "-r", "--name-only", "main"], capture_output=True, check=True
    )
    assert len(listed.stdout.split()) == 81
    subprocess.run(["git", "-C", path, "fsck", "--full", "--strict"], check=True, capture_output=True)
    assert [branch["name"] for branch in remote("GET", "/acme/r/branches")[1]["branches"]] == ["main"]


def test_a_repository_deleted_in_use_is_not_found(remote):
    def work(number):
        answers = []
        for _ in range(15):
            assert remote("GET", "/acme/repos")[0] == 200
            answers += [
                remote("POST", "/acme/repos", {"name": "r"})[0],
                remote("POST", "/acme/r/commits", commit(number))[0],
                remote("GET", "/acme/r/content")[0],
                remote("DELETE", "/acme/r")[0],
            ]
        return answers

    with ThreadPoolExecutor(8) as pool:
        statuses = {status for answers in pool.map(work, range(8)) for status in answers}
    assert statuses <= {200, 201, 404, 409}


def test_one_writer_of_each_round_wins(remote):
    remote("POST", "/acme/repos", {"name": "r"})
    sha = remote("POST", "/acme/r/commits", commit(0))[1]["sha"]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            bodies = [commit(number, base_sha=sha) for number in range(4)]
            answers = list(pool.map(lambda body: remote("POST", "/acme/r/commits", body), bodies))
            assert sorted(status for status, _ in answers) == [201, 409, 409, 409]
            (sha,) = [answer["sha"] for status, answer in answers if status == 201]


class Worker:
    """A client on one connection, who does one thing after the other on a branch of its own and on `main`."""

    def __init__(self, port, number):
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.number = number
        self.branch = f"b{number}"
        self.count = 1000 * number
        self.statuses = Counter()
        self.landed = []

    def ask(self, method, path, body=None):
        headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
        self.connection.request(method, f"/api/v1/acme{path}", None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def work(self, operations):
        self.fork()
        acts = [self.commit, self.read, self.commit_here, self.log, self.race, self.read, self.branches] * 9 + [
            self.merge
        ]
        for act in islice(cycle(acts), 2 * self.number, 2 * self.number + operations - 1):
            self.statuses[act.__name__, act()] += 1

    def fork(self):
        assert self.ask("POST", "/r/branches", {"name": self.branch, "from": "main"})[0] == 201

    def commit(self, branch="main", **more):
        self.count += 1
        status, answer = self.ask("POST", "/r/commits", commit(self.count, branch, **more))
        if status == 201:
            self.landed.append((branch, answer["sha"]))
        return status

    def commit_here(self):
        return self.commit(self.branch)

    def race(self):
        return self.commit(base_sha=self.ask("GET", "/r/commits?limit=1")[1]["commits"][0]["sha"])

    def read(self):
        return self.ask("GET", f"/r/content?ref={self.branch}")[0]

    def log(self):
        return self.ask("GET", "/r/commits?limit=5")[0]

    def branches(self):
        return self.ask("GET", "/r/branches?limit=5")[0]

    def merge(self):
        return self.ask("POST", "/r/merge/main", {"head": self.branch, "author": AUTHOR})[0]


@pytest.mark.slow
def test_thirty_two_clients_of_two_hundred_operations(depot, remote):
    remote("POST", "/acme/repos", {"name": "r"})
    remote("POST", "/acme/r/commits", commit(0))
    port = int(remote.url.split(":")[2].partition("/")[0])
    workers = [Worker(port, number) for number in range(32)]
    with ThreadPoolExecutor(32) as pool:
        for done in [pool.submit(worker.work, 200) for worker in workers]:
            done.result()
    for worker in workers:
        with closing(worker.connection):
            assert sum(worker.statuses.values()) == 199, "one made its branch"
    statuses = sum((worker.statuses for worker in workers), Counter())
    expected = {"commit": {201}, "commit_here": {201}, "race": {201, 409}}
    assert {(act, status) for act, status in statuses if status not in expected.get(act, {200})} == set()
    assert statuses["race", 409]

    def git(*arguments):
        path = depot.repository_path("acme", "r")
        return subprocess.run(["git", "-C", path, *arguments], capture_output=True, check=True, text=True).stdout

    for branch in ("main", *(worker.branch for worker in workers)):
        history = set(git("rev-list", branch).split())
        assert history >= {sha for worker in workers for name, sha in worker.landed if name == branch}
    assert git("fsck", "--full", "--strict", "--no-dangling") == ""
