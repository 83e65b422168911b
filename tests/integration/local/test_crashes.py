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
from contextlib import contextmanager, suppress
from http.client import HTTPException

import pytest
import warm
from attrs import define, field
from remote import Remote

AUTHOR = {"name": "Bot", "email": "bot@example.com"}
KEY = "key"
WRITERS = 4
LONGEST = 0.15  # seconds that a Depot lives under load


@define
class Told:
    """What the callers of a Depot were told, over all of its lives; `new` is what was not held against it yet."""

    landed: dict[str, str] = field(factory=dict)  # commits by their messages
    refused: set[str] = field(factory=set)
    present: set[str] = field(factory=set)  # repositories made, and
    absent: set[str] = field(factory=set)  # deleted
    uploaded: dict[str, bytes] = field(factory=dict)
    new: set[str] = field(factory=set)  # repositories and large files


class Command:
    """The Depot's own command, started anew for each life."""

    def serve(self, data):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mesa_transports.local", "--port", "0", "--data", data, "--root-key", KEY],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return line.split()[3]

    def kill(self):
        self.process.kill()
        self.process.wait()
        assert "Traceback" not in self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()


class Forks:
    """The same command, in forks of a process that has everything imported: two hundred lives start in seconds."""

    def __init__(self, errors):
        self.errors = errors.open("w+")
        self.process = subprocess.Popen(
            [sys.executable, warm.__file__, KEY],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, bufsize=1,
        )  # fmt: skip

    def serve(self, data):
        self.process.stdin.write(f"{data}\n")
        line = self.process.stdout.readline()
        assert line.startswith("Local Depot at "), self.said()
        return line.split()[3]

    def kill(self):
        self.process.stdin.write("\n")
        assert self.process.stdout.readline() == "killed\n", self.said()

    def said(self):
        self.errors.seek(0)
        return self.errors.read()

    def close(self):
        self.process.communicate()
        assert self.process.returncode == 0
        assert self.said() == ""
        self.errors.close()


class Life:
    """A Depot that is served, and callers who work with it until it is killed."""

    def __init__(self, number, url):
        self.number = number
        self.remote = Remote(url, KEY)

    def work(self, writer, told):
        """Do one thing after the other until the Depot is gone."""
        acts = [self.commit, self.race, self.repository, self.commit, self.branch, self.upload]
        steps = itertools.islice(itertools.cycle(acts), writer + self.number, None)  # whatever comes first is done most
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
        told.new.add(name)
        if self.number % 3:
            told.present.discard(name)  # while it is being deleted, nobody can say
            assert self.remote("DELETE", f"/acme/{name}")[0] == 200
            told.absent.add(name)

    def upload(self, name, told):
        content = name.encode() * 20_000
        oid = hashlib.sha256(content).hexdigest()
        objects = {"objects": [{"oid": oid, "size": len(content)}]}
        url = self.remote("POST", "/acme/r/lfs/objects", objects)[1]["objects"][0]["upload_url"]
        urllib.request.urlopen(urllib.request.Request(url, content, method="PUT"), timeout=30).close()
        told.uploaded[oid] = content
        told.new.add(oid)


def live(depot, data, number, told, timing):
    """Start a Depot, hold it against what was told before, and kill it under load."""
    life = Life(number, depot.serve(data))
    with killed(depot):
        if number == 0:
            assert life.remote("POST", "/acme/repos", {"name": "r"})[0] == 201
            life.commit("first", told)
        check(data, life.remote, told, told.new)
        told.new.clear()
        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(life.work, writer, told) for writer in range(WRITERS)]
            threading.Event().wait(timing.uniform(0, LONGEST))
            depot.kill()
            for writer in writers:
                writer.result()


@contextmanager
def killed(depot):
    """Kill a Depot where what is inside did not come to that."""
    try:
        yield
    except BaseException:
        with suppress(Exception):
            depot.kill()
        raise


def check(data, remote, told, names):
    """Hold a Depot that was started again against what callers were told, of these repositories and large files."""
    check_history(data, remote, told)
    for name in names:
        if name in told.uploaded:
            check_large_file(remote, name, told.uploaded[name])
        elif name in told.present | told.absent:
            assert remote("GET", f"/acme/{name}")[0] == (200 if name in told.present else 404)
    assert remote("GET", "/acme")[1]["num_repos"] == len(list((data / "repositories").iterdir()))


def check_all(depot, data, told):
    """Hold all that was ever told, and every repository, against a Depot that was started again."""
    url = depot.serve(data)
    with killed(depot):
        check(data, Remote(url, KEY), told, {*told.present, *told.absent, *told.uploaded})
        for path in (data / "repositories").iterdir():
            check_repository(path)
        depot.kill()


def check_repository(path):
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
    check_repository(path)
    log = ["git", "-C", path, "log", "--format=%s %H", repository["head_sha"]]
    lines = subprocess.run(log, capture_output=True, check=True, text=True).stdout.splitlines()
    history = dict(line.split() for line in lines)
    assert history.items() >= told.landed.items()
    assert not history.keys() & told.refused


def check_large_file(remote, oid, content):
    objects = {"objects": [{"oid": oid, "size": len(content)}]}
    url = remote("POST", "/acme/r/lfs/objects/download", objects)[1]["objects"][0]["download_url"]
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.read() == content


def test_a_killed_depot_loses_nothing(tmp_path):
    told, timing, depot = Told(), random.Random(), Command()
    for number in range(2):
        live(depot, tmp_path, number, told, timing)
    check_all(depot, tmp_path, told)
    assert told.landed


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_depot_killed_two_hundred_times_loses_nothing(tmp_path, seed):
    told, timing, depot = Told(), random.Random(seed), Forks(tmp_path / "errors")
    for number in range(51):
        live(depot, tmp_path / "data", number, told, timing)
    check_all(depot, tmp_path / "data", told)
    depot.close()
    assert len(told.landed) > 50
    assert told.refused
    assert told.uploaded
    assert told.present
    assert told.absent
