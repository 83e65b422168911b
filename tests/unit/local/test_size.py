"""`size_bytes`, held against git's own figures."""

from __future__ import annotations

import os

import pytest

from mesa_transports.local.git.size import size_of_objects

LONG_AGO = 1_500_000_000


def size(caller, repo):
    return caller.ok("GET", repo)["size_bytes"]


def figures(git):
    return {name: int(figure) for name, figure in (line.split(": ") for line in git("count-objects", "-v").split("\n"))}


def loose(git):
    """Return what git says each loose object takes on disk, added up."""
    sizes = git("cat-file", "--batch-all-objects", "--batch-check=%(objectsize:disk)")
    return sum(map(int, sizes.split()))


def test_the_size_is_gits_own(caller, repo, git, depot):
    assert size(caller, repo) == 0
    for number in range(20):
        caller.commit({f"f{number % 7}": f"{number} " * 999, "d/x": f"{number}"})
        assert size(caller, repo) == loose(git)
    objects = figures(git)["count"]
    git("repack", "-a", "-d", "-q")
    packed = figures(git)
    assert (packed["count"], packed["in-pack"]) == (0, objects)
    assert size(caller, repo) // 1024 == packed["size-pack"]
    sizes = [file.stat().st_size for file in depot.repository_path("acme", "r").glob("objects/pack/*.*")]
    caller.commit({"more": "m"})
    assert packed["size-pack"] * 1024 < size(caller, repo) < sum(sizes) + 2048


def test_what_git_only_writes_meanwhile_does_not_count(caller, repo, depot):
    caller.commit({"f": "1"})
    before = size(caller, repo)
    objects = depot.repository_path("acme", "r") / "objects"
    for name in ("pack/tmp_pack_x", "pack/pack-00.keep", "info/commit-graph", "tmp_obj_x"):
        (objects / name).parent.mkdir(exist_ok=True)
        (objects / name).write_bytes(b"x" * 999)
    assert size(caller, repo) == before
    for name in ("pack/tmp_pack_x", "pack/pack-00.keep", "info/commit-graph", "tmp_obj_x"):
        (objects / name).unlink()


@pytest.fixture
def scanned(monkeypatch):
    """The directories that are looked through."""
    found, original = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: found.append(str(path)) or original(path))
    return found


def test_only_directories_that_changed_are_looked_through_again(caller, repo, depot, git, scanned):
    for number in range(40):
        caller.commit({f"f{number}": f"{number}"})
    path = depot.repository_path("acme", "r")
    directories = [directory for directory in (path / "objects").iterdir() if directory.name != "info"]
    for directory in directories:
        os.utime(directory, (LONG_AGO, LONG_AGO))
    size_of_objects(path)
    scanned.clear()
    assert size_of_objects(path) == loose(git)
    assert scanned == [str(path / "objects")]
    caller.commit({"f0": "new"})
    scanned.clear()
    assert size_of_objects(path) == loose(git)
    assert 1 < len(scanned) <= 1 + 3


def test_a_directory_that_changed_just_now_is_looked_through_again(caller, repo, depot, git):
    """Its next change may leave it the same time, where a file system counts in ticks."""
    path = depot.repository_path("acme", "r")
    for number in range(20):
        caller.commit({"f": f"{number}"})
        times = {directory: directory.stat().st_mtime_ns for directory in (path / "objects").iterdir()}
        size_of_objects(path)
        caller.commit({"g": f"{number}"})
        for directory, time in times.items():
            os.utime(directory, ns=(time, time))
        assert size_of_objects(path) == loose(git)


def test_a_deleted_repository_has_no_size(tmp_path):
    assert size_of_objects(tmp_path / "gone") == 0
