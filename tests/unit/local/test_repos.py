"""Repositories, organizations and upstreams."""

from __future__ import annotations

import subprocess
import threading

import pytest


def test_a_new_repository_has_every_field(caller):
    repo = caller.ok("POST", "/acme/repos", {"name": "r"})
    assert repo["id"].startswith("repo_")
    assert {key: repo[key] for key in ("org", "name", "default_branch", "head_sha", "size_bytes", "upstream")} == {
        "org": "acme", "name": "r", "default_branch": "main", "head_sha": None, "size_bytes": 0, "upstream": None,
    }  # fmt: skip
    assert repo["created_at"] == "2026-01-02T03:04:05.000Z"
    assert caller.ok("GET", "/acme/r") == repo


def test_a_taken_name_is_a_conflict(caller, repo):
    assert caller.refused("POST", "/acme/repos", {"name": "r"}) == (409, "CONFLICT")
    caller.ok("POST", "/other/repos", {"name": "r"})
    caller.ok("POST", "/acme/repos", {"name": "R"})


@pytest.mark.parametrize(
    "name", ["a/b", "..", ".", "x.git", "X.GIT", "a b", "ü", "a" * 101, "repos", "api-keys", "a\n"]
)
def test_a_bad_name_is_refused(caller, repo, name):
    assert caller.refused("POST", "/acme/repos", {"name": name}) == (400, "BAD_REQUEST")
    assert caller.refused("PATCH", repo, {"name": name}) == (400, "BAD_REQUEST")


def test_pages_are_stable_under_inserts(caller):
    for index in range(5):
        caller.ok("POST", "/acme/repos", {"name": f"m{index}"})
    first = caller.ok("GET", "/acme/repos?limit=2")
    assert first["has_more"] is True
    caller.ok("POST", "/acme/repos", {"name": "a"})
    names, cursor = [repo["name"] for repo in first["repos"]], first["next_cursor"]
    while cursor:
        page = caller.ok("GET", f"/acme/repos?limit=2&cursor={cursor}")
        names += [repo["name"] for repo in page["repos"]]
        cursor = page["next_cursor"]
    assert names == ["m0", "m1", "m2", "m3", "m4", "a"]
    assert page["has_more"] is False


def test_update_renames_and_keeps_what_is_not_mentioned(caller, repo):
    caller.ok("POST", "/acme/repos", {"name": "taken"})
    before = caller.ok("GET", repo)
    assert caller.ok("PATCH", repo, {}) == before
    assert caller.ok("PATCH", repo, {"name": "renamed"}) == before | {"name": "renamed"}
    assert caller.refused("GET", repo) == (404, "NOT_FOUND")
    assert caller.refused("PATCH", "/acme/renamed", {"name": "taken"}) == (409, "CONFLICT")


def test_default_branch_must_exist_once_there_are_branches(caller, repo, git):
    assert caller.ok("PATCH", repo, {"default_branch": "trunk"})["default_branch"] == "trunk"
    sha = caller.commit({"a": "1"}, "dev")
    assert caller.ok("GET", repo)["head_sha"] is None
    assert caller.refused("PATCH", repo, {"default_branch": "nope"}) == (404, "NOT_FOUND")
    assert caller.ok("PATCH", repo, {"default_branch": "dev"})["head_sha"] == sha
    assert git("symbolic-ref", "HEAD") == "refs/heads/dev"
    assert caller.ok("GET", repo)["size_bytes"] > 0


def test_an_unborn_default_branch_is_born_by_its_first_commit(caller, repo):
    caller.commit({"a": "1"}, "dev")
    assert caller.commit({"a": "2"}, "main")
    body = {"branch": "third", "message": "m", "author": caller.author, "files": []}
    assert caller.refused("POST", f"{repo}/commits", body) == (404, "NOT_FOUND")


def test_deleting_takes_everything(caller, depot, repo):
    path = depot.repository_path("acme", "r")
    assert caller.ok("DELETE", repo) == {"success": True}
    assert not path.exists()
    assert caller.refused("DELETE", repo) == (404, "NOT_FOUND")
    with pytest.raises(LookupError):
        depot.repository_path("acme", "r")


def test_a_directory_that_vanishes_is_not_found(caller, depot, repo):
    depot._services.store.change("DELETE FROM upstreams")
    path = depot.repository_path("acme", "r")
    path.rename(path.with_suffix(".gone"))
    assert caller.refused("GET", repo) == (404, "NOT_FOUND")
    path.with_suffix(".gone").rename(path)


def test_organization(caller, repo):
    assert caller.ok("GET", "/acme") == {"created_at": "2026-01-02T03:04:05.000Z", "num_repos": 1}
    assert caller.ok("GET", "/fresh")["num_repos"] == 0
    assert caller.refused("GET", "/a%2Fb") == (404, "NOT_FOUND")
    assert caller.refused("GET", "/..") == (404, "NOT_FOUND")


def test_an_upstream_never_shows_its_token(caller, repo):
    poll = {"type": "poll", "period": 60}
    upstream = {"uri": "https://git.example/x.git", "token": "sekret", "autosync": poll}
    shown = caller.ok("PATCH", repo, {"upstream": upstream})["upstream"]
    assert shown == {
        "uri": "https://git.example/x.git", "autosync": poll | {"resolution_strategy": "none"},
        "last_sync_attempt": None,
        "last_sync_success": None, "last_sync_error": None, "has_credential": True, "credential_host": "git.example",
    }  # fmt: skip
    kept = caller.ok("PATCH", repo, {"upstream": {"uri": "https://git.example/y.git"}})["upstream"]
    assert (kept["has_credential"], kept["autosync"]) == (True, None)
    moved = caller.ok("PATCH", repo, {"upstream": {"uri": "https://evil.example/y.git"}})["upstream"]
    assert moved["has_credential"] is False
    caller.ok("PATCH", repo, {"upstream": upstream})
    unlinked = caller.ok("PATCH", repo, {"upstream": {"uri": upstream["uri"], "token": None}})["upstream"]
    assert unlinked["has_credential"] is False
    assert caller.ok("PATCH", repo, {"upstream": None})["upstream"] is None


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("https://git.example/x", "https://GIT.example:443/y", True),
        ("https://git.example/x", "https://user@git.example/x", True),
        ("http://git.example:80/x", "http://git.example/y", True),
        ("https://git.example/x", "http://git.example/x", False),
        ("https://git.example/x", "https://git.example:8443/x", False),
        ("https://git.example:8443/x", "https://git.example/x", False),
        ("https://git.example/x", "git://git.example/x", False),
        ("https://git.example/x", "/git.example/x", False),
        ("ssh://git.example/x", "ssh://git.example/x", True),
        ("ssh://git.example/x", "ssh://git.example/y", False),
        ("/srv/x", "/srv/x", True),
        ("/srv/x", "/srv/y", False),
        ("/srv/x", "https://git.example/x", False),
    ],
)
def test_a_token_stays_with_the_origin_that_it_was_given_for(caller, repo, old, new, kept):
    caller.ok("PATCH", repo, {"upstream": {"uri": old, "token": "sekret"}})
    assert caller.ok("PATCH", repo, {"upstream": {"uri": new}})["upstream"]["has_credential"] is kept
    assert caller.ok("PATCH", repo, {"upstream": {"uri": new, "token": "t"}})["upstream"]["has_credential"] is True


@pytest.mark.parametrize(
    "upstream",
    [
        [], "x", {}, {"uri": ""}, {"uri": "-x"}, {"uri": "ext::sh -c id"}, {"uri": "ext::id"}, {"uri": "::id"},
        {"uri": "ftp://x/y"}, {"uri": "https://u:pw@x/y"}, {"uri": "https://x:y/z"}, {"uri": "a\nb"}, {"uri": 1},
        {"uri": "/x", "token": 1}, {"uri": "/x", "autosync": {"type": "push", "period": 60}},
        {"uri": "/x", "autosync": {"type": "poll", "period": 59}}, {"uri": "/x", "autosync": {"type": "poll"}},
        {"uri": "/x", "autosync": {"type": "poll", "period": True}}, {"uri": "/x", "autosync": None},
        {"uri": "/x", "autosync": {"type": "poll", "period": 60, "resolution_strategy": "ours"}},
    ],
)  # fmt: skip
def test_a_bad_upstream_is_refused(caller, upstream):
    assert caller.refused("POST", "/acme/repos", {"name": "n", "upstream": upstream}) == (400, "BAD_REQUEST")
    assert caller.ok("GET", "/acme")["num_repos"] == 0


@pytest.fixture
def upstream(tmp_path):
    """A repository somewhere else, with one commit on main."""
    work = tmp_path / "upstream"

    def git(*arguments):
        identity = ["-c", "user.name=U", "-c", "user.email=u@example.com"]
        subprocess.run(["git", *identity, "-C", work, *arguments], check=True, capture_output=True)

    work.mkdir()
    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "one")
    return work, git


def test_sync_fast_forwards_and_reports(caller, upstream, clock):
    work, git = upstream
    repo = caller.ok("POST", "/acme/repos", {"name": "r", "upstream": {"uri": str(work)}})
    assert repo["upstream"]["uri"] == str(work)
    assert caller.ok("POST", "/acme/r/sync") == {"success": True}
    git("commit", "-q", "--allow-empty", "-m", "two")
    git("branch", "other/x")
    clock.advance(seconds=1)
    caller.ok("POST", "/acme/r/sync")
    caller.ok("POST", "/acme/r/sync")
    assert [c["message"] for c in caller.ok("GET", "/acme/r/commits")["commits"]] == ["two\n", "one\n"]
    assert [b["name"] for b in caller.ok("GET", "/acme/r/branches")["branches"]] == ["main", "other/x"]
    at = "2026-01-02T03:04:06.000Z"
    assert caller.ok("GET", "/acme/r/sync") == {
        "last_sync_attempt": at,
        "last_sync_success": at,
        "status": {"type": "ok"},
    }


def test_diverged_branches_stay_and_are_an_error(caller, upstream):
    work, git = upstream
    caller.ok("POST", "/acme/repos", {"name": "r", "upstream": {"uri": work.as_uri()}})
    caller.ok("POST", "/acme/r/sync")
    mine = caller.commit({"mine": "1"})
    caller.ok("POST", "/acme/r/sync")
    git("commit", "-q", "--allow-empty", "-m", "two")
    assert caller.refused("POST", "/acme/r/sync") == (409, "CONFLICT")
    assert caller.ok("GET", "/acme/r")["head_sha"] == mine
    status = caller.ok("GET", "/acme/r/sync")["status"]
    assert status == {"type": "error", "message": "branches have diverged from the upstream: main"}
    assert caller.ok("GET", "/acme/r")["upstream"]["last_sync_error"] == status["message"]


def test_branches_that_no_request_could_name_are_not_synced(caller, upstream):
    work, git = upstream
    git("update-ref", f"refs/heads/{'a' * 40}", "HEAD")
    git("update-ref", "refs/heads/-x", "HEAD")
    git("branch", "abcdef")
    caller.ok("POST", "/acme/repos", {"name": "r", "upstream": {"uri": str(work)}})
    caller.ok("POST", "/acme/r/sync")
    branches = [branch["name"] for branch in caller.ok("GET", "/acme/r/branches")["branches"]]
    assert branches == ["abcdef", "main"]
    assert all(caller.ok("GET", f"/acme/r/commits?ref={branch}")["commits"] for branch in branches)


def test_what_git_fsck_finds_fault_with_is_not_synced(caller, upstream):
    work, git = upstream
    (work / ".gitmodules").write_text('[submodule "x"]\n\tpath = x\n\turl = -u./payload\n')
    git("add", ".gitmodules")
    git("commit", "-q", "-m", "bad")
    caller.ok("POST", "/acme/repos", {"name": "r", "upstream": {"uri": work.as_uri()}})
    for _ in range(2):
        assert caller.refused("POST", "/acme/r/sync") == (400, "BAD_REQUEST")
    assert "gitmodulesUrl" in caller.ok("GET", "/acme/r/sync")["status"]["message"]
    assert caller.ok("GET", "/acme/r/branches")["branches"] == []


def test_a_push_into_the_directory_is_checked_too(caller, upstream, repo, depot):
    work, git = upstream
    git("push", "-q", str(depot.repository_path("acme", "r")), "main:good")
    (work / ".gitmodules").write_text('[submodule "../x"]\n\tpath = x\n')
    git("add", ".gitmodules")
    git("commit", "-q", "-m", "bad")
    with pytest.raises(subprocess.CalledProcessError):
        git("push", "-q", str(depot.repository_path("acme", "r")), "main:bad")
    assert [branch["name"] for branch in caller.ok("GET", f"{repo}/branches")["branches"]] == ["good"]


def test_a_branch_that_is_in_the_way_is_an_error(caller, upstream):
    work, git = upstream
    caller.ok("POST", "/acme/repos", {"name": "r", "upstream": {"uri": str(work)}})
    caller.commit({"a": "1"})
    caller.ok("POST", "/acme/r/branches", {"name": "x", "from": "main"})
    git("branch", "x/y")
    assert caller.refused("POST", "/acme/r/sync") == (409, "CONFLICT")


def test_an_unreachable_upstream_is_an_error_without_the_token(caller, tmp_path):
    upstream = {"uri": f"http://127.0.0.1:9/{'x' * 400}", "token": "sekret"}
    caller.ok("POST", "/acme/repos", {"name": "r", "upstream": upstream})
    assert caller.refused("POST", "/acme/r/sync") == (400, "BAD_REQUEST")
    status = caller.ok("GET", "/acme/r/sync")["status"]
    assert status["type"] == "error"
    assert "sekret" not in str(status)


def test_a_sync_without_git_is_an_error(caller, upstream, monkeypatch):
    caller.ok("POST", "/acme/repos", {"name": "r", "upstream": {"uri": str(upstream[0])}})
    with monkeypatch.context() as patched:
        patched.setenv("PATH", "/nowhere")
        assert caller.refused("POST", "/acme/r/sync") == (400, "BAD_REQUEST")
    assert "git could not be started" in caller.ok("GET", "/acme/r/sync")["status"]["message"]


def test_no_upstream(caller, repo):
    assert caller.refused("POST", f"{repo}/sync") == (400, "NO_UPSTREAM")
    assert caller.refused("GET", f"{repo}/sync") == (400, "NO_UPSTREAM")


def test_while_a_sync_runs_the_repository_says_so(caller, tmp_path):
    """An upstream that accepts and says nothing keeps a sync running until it is stopped."""
    import socket

    from mesa_transports.local import LocalDepot

    with socket.create_server(("127.0.0.1", 0)) as silent, LocalDepot(sync_timeout=1.0) as slow:
        other = type(caller)(slow)
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}/x.git"
        other.ok("POST", "/acme/repos", {"name": "r", "upstream": {"uri": uri, "token": "t"}})
        answers = []
        thread = threading.Thread(target=lambda: answers.append(other("POST", "/acme/r/sync")))
        thread.start()
        with silent.accept()[0] as connection:
            assert b"Authorization: Basic " in connection.recv(4096)
            assert other.refused("POST", "/acme/r/sync") == (409, "CONFLICT")
            status, answer = other("GET", "/acme/r")
            assert (status, answer["status"]) == (202, "syncing")
            assert other.ok("GET", "/acme/r/sync")["status"] == {"type": "syncing"}
            thread.join()
        assert answers[0][0] == 400
        assert "longer than 1 seconds" in other.ok("GET", "/acme/r/sync")["status"]["message"]
