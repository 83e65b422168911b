"""A full disk is an error to the caller, and no more than that once there is room again."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import re
import resource
import subprocess
from contextlib import contextmanager

import pytest

from mesa_core.errors import ConfigurationError
from mesa_core.http import Request
from mesa_transports.local import LocalDepot

AUTHOR = {"name": "Bot", "email": "bot@example.com"}
PAGE = 4096


@pytest.fixture
def disk(tmp_path):
    """A small disk."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", path]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes root and a kernel that lets it; the limit of a file's size is tested")
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


@contextmanager
def filled(disk, left):
    """Fill a disk but for some bytes."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        free = os.statvfs(disk).f_bavail * PAGE
        os.posix_fallocate(file.fileno(), 0, free - left)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def files_at_most(size):
    """Let no file grow over a size, which is what a quota does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Caller:
    def __init__(self, depot):
        self.depot = depot
        self.number = 0

    def __call__(self, method, path, body=None, content=b""):
        content = content if body is None else json.dumps(body).encode()
        answer = self.depot.handle(Request(method, f"http://x{path}", {"Authorization": "Bearer any"}, content))
        return answer.status_code, json.loads(answer.content)

    def commit(self, size=100, path="a", **more):
        self.number += 1
        content = random.Random(self.number).randbytes(size).hex()
        files = [{"path": f"{path}/{self.number}", "content": content}]
        body = {"branch": "main", "message": "m", "author": AUTHOR, "files": files, **more}
        return self("POST", "/acme/r/commits", body)

    def branch(self):
        self.number += 1
        return self("POST", "/acme/r/branches", {"name": f"b{self.number}/x", "from": "main"})

    def repository(self):
        self.number += 1
        return self("POST", "/acme/repos", {"name": f"n{self.number}", "upstream": {"uri": "https://x.example/"}})

    def key(self):
        return self("POST", "/acme/api-keys", {"name": "k" * 3000})

    def rename(self):
        self.number += 1
        body = {"default_branch": "main", "upstream": {"uri": f"https://x.example/{'u' * 2000}/{self.number}"}}
        return self("PATCH", "/acme/r", body)

    def delete_branch(self):
        branches = self("GET", "/acme/r/branches?limit=100")[1]["branches"]
        name = next((branch["name"] for branch in branches if branch["name"] != "main"), None)
        return (200, None) if name is None else self("DELETE", f"/acme/r/branches/{name}")

    def merge(self):
        self.number += 1
        name = f"m{self.number}"
        made, answer = self("POST", "/acme/r/branches", {"name": name, "from": "main"})
        if made != 201:
            return made, answer
        self.commit(branch=name)
        self.commit()
        return self("POST", "/acme/r/merge/main", {"head": name, "author": AUTHOR})

    def upload(self, size=100_000):
        self.number += 1
        content = random.Random(self.number).randbytes(size)
        objects = {"objects": [{"oid": hashlib.sha256(content).hexdigest(), "size": size}]}
        status, answer = self("POST", "/acme/r/lfs/objects", objects)
        if status != 200:
            return status, answer
        return self("PUT", answer["objects"][0]["upload_url"].removeprefix("http://x"), content=content)


WRITES = ["commit", "branch", "repository", "key", "rename", "delete_branch", "merge", "upload"]


def fsck(path):
    """Hold a repository against git's own check; nothing half made is in it."""
    command = ["git", "-C", path, "fsck", "--full", "--strict", "--no-dangling"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if not line.startswith("notice: ")]
    assert (done.returncode, done.stdout, said) == (0, "", [])
    left = [file.name for file in path.rglob("*") if re.search(r"\.lock$|tmp|incoming-|_git2_", file.name)]
    assert not [*left, *path.glob("lfs/incoming/*")]


def check_repositories(depot):
    """Every repository that is listed is whole, and no other is there."""
    listed = Caller(depot)("GET", "/acme/repos?limit=100")[1]["repos"]
    paths = list((depot.path / "repositories").iterdir())
    assert {path.name for path in paths} == {f"{repo['id']}.git" for repo in listed}
    for path in paths:
        fsck(path)


@pytest.fixture
def caller(disk):
    with LocalDepot(disk / "data", open_to_any_key=True) as depot:
        caller = Caller(depot)
        assert caller("POST", "/acme/repos", {"name": "r"})[0] == 201
        assert caller.commit()[0] == 201
        assert caller.branch()[0] == 201
        yield caller
        check_repositories(depot)


@pytest.mark.parametrize("write", WRITES)
def test_wherever_room_ends_in_a_write(disk, caller, write):
    """A page more each time, until the write has all the room that it needs."""
    failed = 0
    for pages in itertools.count():
        head = caller("GET", "/acme/r")[1]["head_sha"]
        with filled(disk, pages * PAGE):
            status, answer = getattr(caller, write)()
        if status < 400:
            break
        failed += 1
        assert (status, answer["error"]["code"]) == (500, "INTERNAL_SERVER_ERROR")
        assert "the disk is full" in answer["error"]["message"]
        if write != "merge":  # whose own commits may have had room
            assert caller("GET", "/acme/r")[1]["head_sha"] == head
        fsck(caller.depot.repository_path("acme", "r"))
        assert caller.commit()[0] == caller.key()[0] == 201
    assert failed or write == "delete_branch"  # which needs no room


def test_a_push_without_room(disk, caller, tmp_path):
    """git's own processes write here; its client is told, and what they left is gone."""

    def git(*arguments):
        return subprocess.run(
            ["git", "-c", "user.name=B", "-c", "user.email=b@x.y", *arguments], capture_output=True, check=False
        )

    with caller.depot.serve() as server:
        origin = server.url.replace("http://", "http://t:any@").replace("/api/v1", "/acme/r.git")
        assert git("clone", origin, tmp_path / "work").returncode == 0
        (tmp_path / "work" / "big").write_bytes(random.Random(1).randbytes(600_000))
        assert git("-C", tmp_path / "work", "add", "big").returncode == 0
        assert git("-C", tmp_path / "work", "commit", "-m", "big").returncode == 0
        head = caller("GET", "/acme/r")[1]["head_sha"]
        with filled(disk, 40 * PAGE):
            assert git("-C", tmp_path / "work", "push", "origin", "HEAD").returncode != 0
        assert caller("GET", "/acme/r")[1]["head_sha"] == head
        fsck(caller.depot.repository_path("acme", "r"))
        assert git("-C", tmp_path / "work", "push", "origin", "HEAD").returncode == 0
        assert caller("GET", "/acme/r")[1]["head_sha"] != head


def test_a_depot_that_cannot_start_for_want_of_room_says_so(disk):
    with filled(disk, 0), pytest.raises(ConfigurationError, match="path: expected a directory that can be written"):
        LocalDepot(disk / "data", open_to_any_key=True)
    LocalDepot(disk / "data", open_to_any_key=True).close()


@pytest.mark.parametrize("write", ["commit", "upload"])
def test_a_quota(tmp_path, write):
    """Where no disk can be mounted, this is tested all the same."""
    with LocalDepot(tmp_path / "data", open_to_any_key=True) as depot:
        caller = Caller(depot)
        caller("POST", "/acme/repos", {"name": "r"})
        caller.commit()
        head = caller("GET", "/acme/r")[1]["head_sha"]
        with files_at_most(300_000):
            status, answer = getattr(caller, write)(400_000)
            assert status == 500
            assert "the disk is full" in answer["error"]["message"]
            assert caller("GET", "/acme/r")[1]["head_sha"] == head
        check_repositories(depot)
        assert getattr(caller, write)(400_000)[0] in {200, 201}
        check_repositories(depot)
