"""Content: files, directories and what else stands at a path, held against git itself."""

from __future__ import annotations

import base64

import pytest


def test_content_of_files_and_directories(caller, repo, git, clock):
    caller.commit({"README.md": "# Hi\n", "src/a/b.py": "b", "src/z.py": "z"})
    clock.advance(days=1)
    caller.commit({"src/z.py": "zz"})
    file = caller.ok("GET", f"{repo}/content?path=README.md")
    assert file == {
        "type": "file", "name": "README.md", "path": "README.md", "sha": git("rev-parse", "main:README.md"), "size": 5,
        "encoding": "base64", "content": base64.b64encode(b"# Hi\n").decode(), "executable": False,
        "last_commit_at": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    root = caller.ok("GET", f"{repo}/content")
    assert (root["type"], root["name"], root["path"], root["child_count"]) == ("dir", "", "", 2)
    assert (root["sha"], root["next_cursor"], root["has_more"]) == (git("rev-parse", "main^{tree}"), None, False)
    assert [entry["path"] for entry in root["entries"]] == ["README.md", "src"]
    assert set(root["entries"][1]) == {"type", "name", "path", "sha"}
    deep = caller.ok("GET", f"{repo}/content?path=src&depth=2")
    assert [entry["path"] for entry in deep["entries"]] == ["src/a", "src/a/b.py", "src/z.py"]
    assert deep["entries"][2]["last_commit_at"] == "2026-01-03T03:04:05Z"
    assert deep["entries"][1]["last_commit_at"] == "2026-01-02T03:04:05Z"
    old = caller.ok("GET", f"{repo}/content?path=src/z.py&ref={git('rev-parse', 'main~1')}")
    assert old["last_commit_at"] == "2026-01-02T03:04:05Z"
    assert base64.b64decode(old["content"]) == b"z"


def test_last_commit_at_follows_merges_as_git_log_does(caller, repo, git, clock):
    caller.commit({"a": "1", "b": "1", "c": "1"})
    caller.ok("POST", f"{repo}/branches", {"name": "side", "from": "main"})
    clock.advance(hours=1)
    caller.commit({"a": "2"})
    clock.advance(hours=1)
    caller.commit({"b": "2"}, "side")
    clock.advance(hours=1)
    caller.ok("POST", f"{repo}/merge/main", {"head": "side", "author": caller.author})
    for entry in caller.ok("GET", f"{repo}/content")["entries"]:
        expected = git("log", "-1", "--date=format:%Y-%m-%dT%H:%M:%SZ", "--format=%cd", "main", "--", entry["path"])
        assert entry["last_commit_at"] == expected


def test_last_commit_at_is_bounded(caller, repo, monkeypatch):
    from mesa_transports.local.git import last_change

    caller.commit({"a": "1"})
    caller.commit({"b": "1"})
    monkeypatch.setattr(last_change, "_MOST_COMMITS", 1)
    assert [e["last_commit_at"] is None for e in caller.ok("GET", f"{repo}/content")["entries"]] == [True, False]


def test_symlinks_submodules_and_odd_names(caller, repo, git):
    caller.commit({"target": "t"})
    blob = git("rev-parse", "main:target")
    entries = f"120000 blob {blob}\tlink\x00160000 commit {'1' * 40}\tmodule\x00100644 blob {blob}\tnon-\x00".encode()
    entries = entries.replace(b"non-", b"non-\xff")
    tree = git("mktree", "-z", "--missing", stdin=entries)
    identity = ["-c", "user.name=U", "-c", "user.email=u@example.com"]
    git("update-ref", "refs/heads/main", git(*identity, "commit-tree", "-m", "x", tree))
    root = caller.ok("GET", f"{repo}/content")
    assert [(e["type"], e["name"]) for e in root["entries"]] == [("symlink", "link"), ("file", "non-\ufffd")]
    assert root["child_count"] == 2
    link = caller.ok("GET", f"{repo}/content?path=link")
    assert (link["type"], base64.b64decode(link["content"])) == ("symlink", b"t")
    assert caller.refused("GET", f"{repo}/content?path=module") == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json;q=1, application/octet-stream;q=0", "application/json"),
        ("application/octet-stream;q=1, application/json;q=0", "application/octet-stream"),
        ("application/octet-stream", "application/octet-stream"),
        ("application/octet-stream;q=0.5, application/json;q=0.4", "application/octet-stream"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
    ],
)
def test_the_accept_header_decides(caller, repo, accept, media_type):
    caller.commit({"f": "raw\n"})
    response = caller.send("GET", f"{repo}/content?path=f", Accept=accept)
    assert (response.status_code, response.media_type) == (200, media_type)


def test_not_acceptable(caller, repo):
    caller.commit({"f": "1"})
    assert caller.refused("GET", f"{repo}/content", Accept="application/octet-stream") == (406, "NOT_ACCEPTABLE")
    assert caller.refused("GET", f"{repo}/content?path=f", Accept="image/png") == (406, "NOT_ACCEPTABLE")
    assert caller.refused("GET", f"{repo}/diff?base=main&head=main", Accept="image/png") == (406, "NOT_ACCEPTABLE")


def test_content_refusals(caller, repo):
    caller.commit({"f": "1"})
    assert caller.refused("GET", f"{repo}/content?path=nope") == (404, "NOT_FOUND")
    assert caller.refused("GET", f"{repo}/content?path=f/x") == (404, "NOT_FOUND")
    assert caller.refused("GET", f"{repo}/content?ref=nope") == (404, "NOT_FOUND")
    for query in ("path=..", "path=/f", "path=a%00", "path=%FF", "depth=0", "depth=x", "ref=a..b", "ref=", "path=-x"):
        assert caller.refused("GET", f"{repo}/content?{query}") == (400, "BAD_REQUEST"), query
