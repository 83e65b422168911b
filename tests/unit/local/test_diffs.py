"""Diffs, as a structure and as a patch, held against git itself."""

from __future__ import annotations

import base64
import subprocess

import pytest


@pytest.fixture
def changes(caller, repo, git):
    """Two branches that differ in every way that a diff can tell."""
    body = "".join(f"line {index}\n" for index in range(30))
    before = {
        "mod": "1\n", "gone": "g\n", "renamed": body, "src": body + "tail\n", "link": "long enough a text\n",
        "exe": "#!\n",
        "café x": "1\n", "crlf": "a\r\nb\r\n", "noeol": "a",
    }  # fmt: skip
    caller.commit(before)
    binary = base64.b64encode(bytes(range(256))).decode()
    caller.ok("POST", f"{repo}/commits", caller.commit_body([{"path": "bin", "content": binary, "encoding": "base64"}]))
    caller.ok("POST", f"{repo}/branches", {"name": "next", "from": "main"})
    after = {
        "mod": "2\n", "gone": None, "renamed": None, "moved": body + "more\n", "src": body + "other\n",
        "copy": body + "tail\n", "café x": "2\n", "crlf": "a\r\nc\r\n", "noeol": "b", "new": "n\n", "empty": "",
    }  # fmt: skip
    caller.commit(after, "next")
    changed = [{"path": "bin", "content": binary[::-1].replace("=", "A"), "encoding": "base64"}]
    caller.ok("POST", f"{repo}/commits", caller.commit_body(changed, branch="next"))
    listing = git("ls-tree", "-z", "next").replace("100644 blob " + git("rev-parse", "next:exe"), "100755 blob X")
    listing = listing.replace("X\texe", git("rev-parse", "next:exe") + "\texe")
    target = git("hash-object", "-w", "--stdin", stdin=b"mod")
    listing = listing.replace("100644 blob " + git("rev-parse", "next:link"), f"120000 blob {target}")
    tree = git("mktree", "-z", stdin=listing.encode())
    identity = ["-c", "user.name=U", "-c", "user.email=u@example.com"]
    git("update-ref", "refs/heads/next", git(*identity, "commit-tree", "-m", "x", tree, "-p", "next"))
    return f"{repo}/diff?base=main&head=next"


def test_diff_names_every_kind_of_change(caller, changes):
    diff = caller.ok("GET", changes)
    assert (diff["base"], diff["head"]) == ("main", "next")
    assert {file["path"]: file["status"] for file in diff["files"]} == {
        "mod": "M", "gone": "D", "moved": "R", "src": "M", "copy": "C", "link": "T", "exe": "M", "café x": "M",
        "crlf": "M",
        "noeol": "M", "new": "A", "empty": "A",
    }  # fmt: skip
    assert {file["path"]: file["old_path"] for file in diff["files"] if "old_path" in file} == {
        "moved": "renamed", "copy": "src",
    }  # fmt: skip
    assert [(file["path"], file["status"]) for file in diff["filtered_files"]] == [("bin", "M")]
    assert "raw" not in diff["filtered_files"][0]
    assert diff["stats"]["files"] == 13
    assert diff["stats"]["changes"] == diff["stats"]["additions"] + diff["stats"]["deletions"]
    assert all(file["bytes"] == len(file["raw"].encode()) for file in diff["files"])


def test_the_patch_is_one_that_git_applies(caller, changes, depot, git, tmp_path):
    response = caller.send("GET", changes, Accept="text/plain;q=1, application/json;q=0")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", depot.repository_path("acme", "r"), clone], check=True, capture_output=True)
    git("apply", "--index", "-", directory=clone, stdin=response.content)
    assert git("write-tree", directory=clone) == git("rev-parse", "next^{tree}")


def test_a_binary_file_that_only_moved_is_in_the_patch_as_git_has_it(caller, repo, git, depot, tmp_path):
    caller.commit({"bin": "\0" * 100 + "Binary files \n", "text": "1\n"})
    caller.ok("POST", f"{repo}/branches", {"name": "next", "from": "main"})
    caller.commit({"bin": None, "Binary files x": "\0" * 100 + "Binary files \n", "text": "2\n"}, "next")
    patch = caller.send("GET", f"{repo}/diff?base=main&head=next", Accept="text/plain").content
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", depot.repository_path("acme", "r"), clone], check=True, capture_output=True)
    git("apply", "--index", "-", directory=clone, stdin=patch)
    assert git("write-tree", directory=clone) == git("rev-parse", "next^{tree}")


def test_a_large_patch_is_left_out(caller, repo):
    caller.commit({"a": ""})
    caller.ok("POST", f"{repo}/branches", {"name": "next", "from": "main"})
    caller.commit({"large": "x\n" * 600_000}, "next")
    diff = caller.ok("GET", f"{repo}/diff?base=main&head=next")
    assert [file["path"] for file in diff["filtered_files"]] == ["large"]
    assert diff["files"] == []
    assert diff["stats"]["additions"] == 600_000


def test_diff_refusals(caller, repo):
    caller.commit({"f": "1"})
    assert caller.refused("GET", f"{repo}/diff?base=main") == (400, "BAD_REQUEST")
    assert caller.refused("GET", f"{repo}/diff?base=main&head=nope") == (404, "NOT_FOUND")
    assert caller.refused("GET", f"{repo}/diff?base=-x&head=main") == (400, "BAD_REQUEST")
    assert caller.ok("GET", f"{repo}/diff?base=main&head=main")["files"] == []
