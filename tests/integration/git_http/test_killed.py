"""A served Depot that is killed while it takes pushes: what it acknowledged is there, and it starts again."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Semaphore

import pytest
from attrs import define, field
from conftest import ROOT_KEY
from gits import Git

from mesa_sdk import Mesa


@define
class Served:
    """The Depot's own command; killed in the end, never asked to stop."""

    process: subprocess.Popen
    url: str = field(init=False)

    def __attrs_post_init__(self):
        self.url = self.process.stdout.readline().split()[3]

    @property
    def remote(self):
        address = self.url.removeprefix("http://").partition("/")[0]
        return f"http://any:{ROOT_KEY}@{address}/acme/r.git"


@contextmanager
def served(data):
    command = [sys.executable, "-m", "mesa_transports.local", "--port", "0", "--data", data, "--root-key", ROOT_KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Served(process)
        finally:
            process.kill()


@define
class Pusher:
    """Pushes one commit after the other to a branch of its own, until the server is gone."""

    git: Git
    work: Path
    branch: str
    numbers: count = field(factory=count)
    acknowledged: str | None = None

    def push(self, remote, done):
        for number in self.numbers:
            sha = self.git.commit(self.work, self.branch, str(number))
            if self.git.run(self.work, "push", "--quiet", remote, f"HEAD:refs/heads/{self.branch}").returncode:
                return
            self.acknowledged = sha
            done.release()


@pytest.mark.slow
def test_what_was_acknowledged_is_there(tmp_path):
    git, data = Git(tmp_path), tmp_path / "depot"
    with served(data) as depot, Mesa(api_key=ROOT_KEY, server_url=depot.url) as api:
        api.repos.create(org="acme", body={"name": "r"})
    pushers = []
    for number in range(3):
        git(tmp_path, "init", "--quiet", f"work{number}")
        pushers.append(Pusher(git, tmp_path / f"work{number}", f"b{number}"))
    (bare,) = (data / "repositories").iterdir()
    for pushes in range(1, 8):
        done = Semaphore(0)
        with ThreadPoolExecutor(len(pushers)) as pool:
            with served(data) as depot:
                running = [pool.submit(pusher.push, depot.remote, done) for pusher in pushers]
                for _ in range(pushes):
                    assert done.acquire(timeout=60)
            # The next one starts while git may still be at what the killed one had begun.
            with served(data):
                for each in running:
                    each.result()
        assert git(bare, "fsck", "--full", "--strict", "--no-dangling") == ""
        for pusher in pushers:
            if pusher.acknowledged is not None:
                git(bare, "merge-base", "--is-ancestor", pusher.acknowledged, f"refs/heads/{pusher.branch}")
    assert list(bare.rglob("*.lock")) == []
