"""A served Depot that is killed under load loses nothing that it acknowledged, and starts again."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import re
import subprocess
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException

import pytest
from attrs import define, field
from remote import Remote

AUTHOR = {"name": "Bot", "email": "bot@example.com"}
WRITERS = 4
LONGEST = 0.4  # seconds that a Depot lives under load


@define
class Told:
    """What the callers of a Depot were told, over all of its lives."""

    landed: dict[str, str] = field(factory=dict)  # commits by their messages
    refused: set[str] = field(factory=set)
    present: set[str] = field(factory=set)  # repositories made, and
    absent: set[str] = field(factory=set)  # deleted
    uploaded: dict[str, bytes] = field(factory=dict)


class Life:
    """A Depot in a process of its own, and callers who work with it until it is killed."""

    def __init__(self, data, number):
        self.number = number
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mesa_transports.local", "--port", "0", "--data", data, "--root-key", "key"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.remote = Remote(line.split()[3])

    def end(self):
        self.process.kill()
        self.process.wait()
        assert "Traceback" not in self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()

    def work(self, writer, told):
        """Do one thing after another until the Depot is gone."""
        steps = itertools.cycle([self.commit, self.race, self.commit, self.branch, self.upload, self.repository])
        with suppress(OSError, HTTPException, json.JSONDecodeError):  # gone, maybe in the middle of an answer
            for step, act in enumerate(steps):
                act(f"{self.number}-{writer}-{step}", told)

    def commit(self, name, told, **more):
        body = {"branch": "main", "message": name, "author": AUTHOR, **more}
        body["files"] = [{"path": f"d{hash(name) % 5}/{name}", "content": name}]
        status, answer = self.remote("POST", "/acme/r/commits", body)
        assert status in {201, 409}, answer
        if status == 201:
            told.landed[name] = answer["sha"]
        else:
            told.refused.add(name)

    def race(self, name, told):
        head = self.remote("GET", "/acme/r")[1]["head_sha"]
        self.commit(name, told, base_sha=head)

    def branch(self, name, told):
        assert self.remote("POST", "/acme/r/branches", {"name": f"b/{name}", "from": "main"})[0] == 201
        assert self.remote("DELETE", f"/acme/r/branches/b/{name}")[0] == 200

    def repository(self, name, told):
        assert self.remote("POST", "/acme/repos", {"name": name})[0] == 201
        told.present.add(name)
        if name.endswith("1"):
            told.present.discard(name)  # while it is being deleted, nobody can say
            assert self.remote("DELETE", f"/acme/{name}")[0] == 200
            told.absent.add(name)

    def upload(self, name, told):
        content = name.encode() * 50_000
        oid = hashlib.sha256(content).hexdigest()
        objects = {"objects": [{"oid": oid, "size": len(content)}]}
        url = self.remote("POST", "/acme/r/lfs/objects", objects)[1]["objects"][0]["upload_url"]
        urllib.request.urlopen(urllib.request.Request(url, content, method="PUT"), timeout=30).close()
        told.uploaded[oid] = content


def live(data, number, told, timing):
    """Start a Depot, hold it against what was told before, and kill it under load."""
    life = Life(data, number)
    try:
        if number == 0:
            assert life.remote("POST", "/acme/repos", {"name": "r"})[0] == 201
            life.commit("first", told)
        check_repositories(data, life.remote, told)
        check_history(data, life.remote, told)
        check_large_files(life.remote, told)
        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(life.work, writer, told) for writer in range(WRITERS)]
            threading.Event().wait(timing.uniform(0, LONGEST))
            life.process.kill()
            for writer in writers:
                writer.result()
    finally:
        life.end()


def check_repositories(data, remote, told):
    names, cursor = set(), ""
    while cursor is not None:
        page = remote("GET", f"/acme/repos?limit=100{cursor and f'&cursor={cursor}'}")[1]
        names |= {repo["name"] for repo in page["repos"]}
        cursor = page["next_cursor"]
    assert names >= told.present
    assert not names & told.absent
    paths = list((data / "repositories").iterdir())
    assert len(paths) == len(names)
    for path in paths:
        fsck(path)
        left = [file.name for file in path.rglob("*") if re.search(r"\.lock$|tmp|_git2_", file.name)]
        assert not [*left, *path.glob("lfs/incoming/*")]


def fsck(path):
    command = ["git", "-C", path, "fsck", "--full", "--strict", "--no-dangling"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if not line.startswith("notice: ")]
    assert (done.returncode, done.stdout, said) == (0, "", [])


def check_history(data, remote, told):
    """Every commit that was acknowledged is in the head's history, and none that was refused."""
    repository = remote("GET", "/acme/r")[1]
    path = data / "repositories" / f"{repository['id']}.git"
    log = ["git", "-C", path, "log", "--format=%s %H", repository["head_sha"]]
    lines = subprocess.run(log, capture_output=True, check=True, text=True).stdout.splitlines()
    history = dict(line.split() for line in lines)
    assert history.items() >= told.landed.items()
    assert not history.keys() & told.refused


def check_large_files(remote, told):
    for oid, content in told.uploaded.items():
        objects = {"objects": [{"oid": oid, "size": len(content)}]}
        url = remote("POST", "/acme/r/lfs/objects/download", objects)[1]["objects"][0]["download_url"]
        with urllib.request.urlopen(url, timeout=30) as answer:
            assert answer.read() == content


def test_a_killed_depot_loses_nothing(tmp_path):
    told, timing = Told(), random.Random()
    for number in range(3):
        live(tmp_path, number, told, timing)
    assert told.landed


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_depot_killed_two_hundred_times_loses_nothing(tmp_path, seed):
    told, timing = Told(), random.Random(seed)
    for number in range(21):
        live(tmp_path, number, told, timing)
    assert len(told.landed) > 20
    assert told.refused
    assert told.uploaded
    assert told.absent
