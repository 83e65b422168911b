"""Merges, held against git's own: what one side has never goes in silence."""

from __future__ import annotations

import random
import subprocess

import pytest

LINES = "".join(f"line {number}\n" for number in range(20))


@pytest.fixture
def forked(caller, repo):
    """Branches main and side, each with a commit that the other lacks; returns the path to merge into main."""
    caller.commit({"a": "1\n", "b": "1\n"})
    caller.ok("POST", f"{repo}/branches", {"name": "side", "from": "main"})
    caller.commit({"b": "2\n"}, "side")
    return f"{repo}/merge/main"


def test_merge_fast_forwards(caller, repo, forked):
    head = caller.ok("GET", f"{repo}/commits?ref=side&limit=1")["commits"][0]["sha"]
    body = {"head": "side", "author": caller.author, "delete_branch": True}
    answer = {"merge_type": "fast_forward", "sha": head, "base": "main", "head": "side", "branch_deleted": True}
    assert caller.ok("POST", forked, body) == answer
    assert [b["name"] for b in caller.ok("GET", f"{repo}/branches")["branches"]] == ["main"]
    again = caller.ok("POST", forked, {"head": head[:9], "author": caller.author})
    assert again == answer | {"head": head[:9], "branch_deleted": False}


def test_merge_commits(caller, repo, forked, git):
    caller.commit({"a": "2\n"})
    merged = caller.ok("POST", forked, {"head": "side", "author": caller.author})
    assert merged["merge_type"] == "merge_commit"
    commit = caller.ok("GET", f"{repo}/commits/{merged['sha']}")
    assert commit["message"] == "Merge branch 'side' into 'main'"
    assert len(git("rev-parse", "main^@").split()) == 2
    assert git("show", "main:b") == "2"
    caller.commit({"c": "3"}, "side")
    again = caller.ok("POST", forked, {"head": "side", "author": caller.author, "message": "Ship it"})
    assert caller.ok("GET", f"{repo}/commits/{again['sha']}")["message"] == "Ship it"


def test_a_merge_conflict_changes_nothing(caller, repo, forked):
    head = caller.commit({"b": "3\n", "a": None})
    status, answer = caller("POST", forked, {"head": "side", "author": caller.author, "delete_branch": True})
    assert (status, answer["error"]["code"], answer["error"]["details"]) == (409, "MERGE_CONFLICT", {"paths": ["b"]})
    assert caller.ok("GET", repo)["head_sha"] == head
    assert len(caller.ok("GET", f"{repo}/branches")["branches"]) == 2


def test_merge_refusals(caller, repo, forked):
    sha = caller.ok("GET", repo)["head_sha"]
    person = {"author": caller.author}
    delete = person | {"delete_branch": True}
    assert caller.refused("POST", forked, person | {"head": "nope"}) == (404, "NOT_FOUND")
    assert caller.refused("POST", f"{repo}/merge/nope", person | {"head": "side"}) == (404, "NOT_FOUND")
    assert caller.refused("POST", f"{repo}/merge/side", delete | {"head": "main"}) == (409, "CONFLICT")
    assert caller.refused("POST", forked, delete | {"head": "main"}) == (400, "BAD_REQUEST")
    assert caller.refused("POST", forked, delete | {"head": sha}) == (400, "BAD_REQUEST")
    assert caller.refused("POST", forked, delete | {"head": "side", "delete_branch": "yes"}) == (400, "BAD_REQUEST")


@pytest.fixture
def merged(caller, depot):
    """Commit a base, then changes to each side of it; return the answer to the merge and git's verdict."""

    def run(base, ours, theirs, name="r"):
        path = f"/acme/{name}"
        caller.ok("POST", "/acme/repos", {"name": name})
        caller.commit(base, repo=path)
        caller.ok("POST", f"{path}/branches", {"name": "side", "from": "main"})
        caller.commit(ours, repo=path)
        caller.commit(theirs, "side", repo=path)
        command = ["git", "-C", depot.repository_path("acme", name), "merge-tree", "--write-tree", "main", "side"]
        git = subprocess.run(command, capture_output=True, text=True, check=False)
        answer = caller("POST", f"{path}/merge/main", {"head": "side", "author": caller.author})
        return *answer, git.stdout.split("\n", 1)[0] if git.returncode == 0 else None

    return run


@pytest.mark.parametrize(
    ("base", "sides", "paths"),
    [
        ({"a/b": "1", "z": ""}, [{"a/b": None, "a": "file"}, {"a/c": "2"}], ["a", "a/c"]),
        ({"a/b": "1", "z": ""}, [{"a/c": "2"}, {"a/b": None, "a": "file"}], ["a", "a/c"]),
        ({"a/b": "1", "z": ""}, [{"a/b": None, "a": "f"}, {"a/c/d": "2", "a-": "3"}], ["a", "a/c/d"]),
        ({"a": LINES}, [{"a": None, "b": LINES}, {"b/c": "2"}], ["b", "b/c"]),
        ({"a": LINES}, [{"b/c": "2"}, {"a": None, "b": LINES}], ["b", "b/c"]),
        ({"x": ""}, [{"a": "1"}, {"a/b": "2"}], ["a"]),
        ({"a/b": "1"}, [{"a/b": None, "a": "f"}, {"a/b": "2"}], ["a", "a/b"]),
    ],
)
def test_a_file_against_a_directory_is_a_conflict(caller, merged, base, sides, paths):
    status, answer, tree = merged(base, *sides)
    assert tree is None
    assert (status, answer["error"]["code"], answer["error"]["details"]) == (409, "MERGE_CONFLICT", {"paths": paths})
    assert caller.ok("GET", "/acme/r/commits?limit=1")["commits"][0]["message"] == "a commit"


def test_a_file_that_one_side_replaced_by_a_directory_is_none(merged, git):
    status, _, tree = merged({"a": "1", "z": "1"}, {"z": "2"}, {"a": None, "a/b": "2"})
    assert status == 200
    assert git("rev-parse", "main^{tree}") == tree


@pytest.mark.slow
def test_random_histories_get_the_verdict_that_git_gives(merged, git, depot):
    chance = random.Random(3)
    paths = ["a", "a/b", "a/b/c", "a-", "a.b/c", "d/e", "d", "d/e/f"]
    number, verdicts = 0, {True: 0, False: 0}

    def change(before, most):
        """Return a tree's changes, each content its own so that no rename is seen in them, and the tree after."""
        nonlocal number
        after = dict(before)
        for path in chance.sample(paths, chance.randint(1, most)):
            if path in after and chance.random() < 0.5:
                del after[path]
            else:
                in_the_way = [p for p in after if p.startswith(f"{path}/") or path.startswith(f"{p}/")]
                for other in in_the_way:
                    del after[other]
                number += 1
                after[path] = f"{number}\n"
        changed = {
            path: after.get(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)
        }
        return changed, after

    for round_ in range(60):
        base = change({"keep": "k"}, 4)[1]
        ours, theirs = change(base, 3)[0], change(base, 3)[0]
        status, _, tree = merged(base, ours, theirs, f"r{round_}")
        assert status == (409 if tree is None else 200), (base, ours, theirs)
        verdicts[tree is None] += 1
        if tree is not None:
            directory = depot.repository_path("acme", f"r{round_}")
            assert git("rev-parse", "main^{tree}", directory=directory) == tree
            names = git("ls-tree", "-rt", "--name-only", "main", directory=directory).splitlines()
            assert len(names) == len(set(names))
    assert min(verdicts.values()) > 10
