"""A data directory: whose it is, and what is cleared away when its last Depot was killed."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys

import pytest

from mesa_core.errors import ConfigurationError
from mesa_sdk import Mesa
from mesa_transports.local import LocalDepot

AUTHOR = {"name": "Bot", "email": "bot@example.com"}


@pytest.fixture
def open_depot(tmp_path):
    """Opens the Depot of the same data directory."""
    return lambda: LocalDepot(tmp_path / "data", open_to_any_key=True)


@pytest.fixture
def repository(open_depot):
    """The git directory of acme/r, with one commit, in a data directory that is not in use."""
    with open_depot() as depot, Mesa(api_key="any", transport=depot) as client:
        client.repos.create(org="acme", body={"name": "r"})
        commit(client)
        return depot.repository_path("acme", "r")


def commit(client):
    edit = {"path": "a", "content": "x"}
    return client.commits.create(
        org="acme", repo="r", body={"branch": "main", "message": "m", "author": AUTHOR, "files": [edit]}
    )


def crash(data):
    """Leave a data directory as a Depot does that is killed."""
    code = (
        "import os, signal, sys; from mesa_transports.local import LocalDepot\n"
        "depot = LocalDepot(sys.argv[1]); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, data], check=False)
    assert done.returncode == -signal.SIGKILL


def test_a_directory_is_one_depots_at_a_time(open_depot, tmp_path):
    with open_depot():
        with pytest.raises(ConfigurationError, match=f"no other Depot uses.*{tmp_path}.*process {os.getpid()} uses"):
            open_depot()
        command = [sys.executable, "-m", "mesa_transports.local", "--data", tmp_path / "data", "--port", "0"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert "no other Depot uses" in done.stderr
        assert done.stderr.count("\n") == 1
    open_depot().close()


def test_a_failed_start_gives_the_directory_back(open_depot, tmp_path):
    open_depot().close()
    database = tmp_path / "data" / "depot.sqlite3"
    kept = database.read_bytes()
    database.write_bytes(b"not a database" * 1000)
    with pytest.raises(ConfigurationError, match="database"):
        open_depot()
    database.write_bytes(kept)
    open_depot().close()


def test_a_forked_child_gives_nothing_back(open_depot):
    with open_depot() as depot:
        child = os.fork()
        if not child:
            try:
                depot.close()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        with pytest.raises(ConfigurationError, match="no other Depot"):
            open_depot()


def test_a_directory_is_free_when_its_depot_closes_though_a_child_lives_on(open_depot):
    depot = open_depot()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    try:
        depot.close()
        open_depot().close()
    finally:
        os.close(read)
        os.close(write)
        os.waitpid(child, 0)


@pytest.mark.parametrize(
    "name",
    [
        "refs/heads/main.lock", "refs/heads/a/b.lock", "HEAD.lock", "config.lock", "packed-refs.lock",
        "objects/tmp_object_git2_a1b2c3", "objects/ab/tmp_obj_a1b2c3", "objects/pack/tmp_pack_a1b2c3",
        "objects/pack/pack_git2_a1b2c3", "objects/pack/.tmp-12-pack-0a.pack", "objects/tmp_objdir-incoming-a1/pack/x",
        "lfs/incoming/tmpa1b2c3",
    ],
)  # fmt: skip
def test_what_a_killed_depot_left_is_cleared_away(open_depot, repository, name, tmp_path):
    left = repository / name
    left.parent.mkdir(parents=True, exist_ok=True)
    left.touch()
    kept = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file() and path != left}
    with open_depot():
        assert left.exists()  # the last one closed in order, so this is somebody else's
    crash(tmp_path / "data")
    with open_depot() as depot, Mesa(api_key="any", transport=depot) as client:
        assert not left.exists()
        assert {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()} == kept
        commit(client)


def test_repositories_half_made_or_half_deleted_are_gone(open_depot, repository, tmp_path, caplog):
    folder = repository.parent
    half_made = folder / "repo_0123456789abcdef01234567.git"
    (half_made / "objects").mkdir(parents=True)
    stranger = folder / "mine"
    stranger.mkdir()
    with open_depot() as depot, Mesa(api_key="any", transport=depot) as client:
        lost = client.repos.create(org="acme", body={"name": "lost"})
    shutil.rmtree(folder / f"{lost.id}.git")
    crash(tmp_path / "data")
    with caplog.at_level(logging.WARNING, "mesa.local"), open_depot() as depot:
        with Mesa(api_key="any", transport=depot) as client:
            assert [repo.name for repo in client.repos.list(org="acme")] == ["r"]
            client.repos.create(org="acme", body={"name": "lost"})
        assert not half_made.exists()
        assert stranger.exists()
        assert lost.id in caplog.text


def test_snapshots_of_a_killed_depot_are_gone(open_depot, repository, tmp_path):
    left = tmp_path / "data" / "snapshots" / "x"
    left.mkdir(parents=True)
    crash(tmp_path / "data")
    with open_depot():
        assert not left.exists()


def test_others_cannot_look_into_a_directory_that_it_made(open_depot, tmp_path):
    with open_depot() as depot:
        assert depot.path.stat().st_mode & 0o077 == 0
    depot.path.chmod(0o755)
    open_depot().close()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o755
