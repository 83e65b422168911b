"""Many callers at once on a served Depot: nothing is lost, nothing but the expected is answered."""

from __future__ import annotations

import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

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
