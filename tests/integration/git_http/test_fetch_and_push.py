"""Git over HTTP: the real client, over a real socket, and what the API sees of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from random import Random

import pytest
from conftest import ROOT_KEY, fsck
from gits import Git, address, heads

from mesa_sdk import Mesa, NotFound
from mesa_transports.local import LocalDepot

AUTHOR = {"name": "Bot", "email": "bot@example.com"}


def commit(api, path, branch="main", **more):
    edit = {"path": path, "content": path}
    body = {"branch": branch, "message": f"write {path}", "author": AUTHOR, "files": [edit], **more}
    return api.commits.create(org="acme", repo="r", body=body).sha


def test_the_first_push_is_seen_at_once(git, tmp_path, url, api):
    git(tmp_path, "clone", url, "work")
    work = tmp_path / "work"
    sha = git.commit(work, "src/a file", "content\n")
    git(work, "push", "-u", "origin", "HEAD")
    assert api.repos.get(org="acme", repo="r").head_sha == sha
    assert heads(api) == {"main": sha}
    (seen,) = api.commits.list(org="acme", repo="r")
    assert (seen.sha, seen.author.name) == (sha, "Ann")
    assert api.content.get(org="acme", repo="r", path="src/a file").content == "Y29udGVudAo="


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_what_the_api_commits_is_fetched(git, tmp_path, url, api, version):
    first = commit(api, "one")
    git(tmp_path, "-c", f"protocol.version={version}", "clone", url, "work")
    work = tmp_path / "work"
    assert git(work, "rev-parse", "HEAD") == first
    second = commit(api, "two")
    git(work, "-c", f"protocol.version={version}", "pull", "--ff-only")
    assert git(work, "rev-parse", "HEAD") == second
    third = git.commit(work, "three", "3")
    git(work, "-c", f"protocol.version={version}", "push")
    assert heads(api) == {"main": third}


def test_the_second_version_of_the_protocol_is_spoken(tmp_path, url, api):
    commit(api, "one")
    traced = Git(tmp_path, {"GIT_TRACE_PACKET": "1"})
    assert "< version 2" in traced.run(tmp_path, "-c", "protocol.version=2", "ls-remote", url).stderr


def test_a_branch_is_rewritten_by_force_alone(git, work, api):
    before = git(work, "rev-parse", "HEAD")
    git(work, "commit", "--quiet", "--amend", "--message", "rewritten")
    assert "non-fast-forward" in git.refused(work, "push", "origin", "HEAD:main")
    assert heads(api) == {"main": before}
    git(work, "push", "--force", "origin", "HEAD:main")
    assert heads(api) == {"main": git(work, "rev-parse", "HEAD")}
    git.commit(work, "more", "more")
    assert "stale info" in git.refused(work, "push", f"--force-with-lease=main:{before}", "origin", "HEAD:main")


def test_branches_are_made_and_deleted_but_the_default_one_stays(git, work, api):
    git(work, "push", "origin", "HEAD:topic/ä-1", "HEAD:other")
    assert set(heads(api)) == {"main", "topic/ä-1", "other"}
    git(work, "push", "origin", ":topic/ä-1")
    git(work, "push", "origin", "--delete", "other")
    assert set(heads(api)) == {"main"}
    complaint = git.refused(work, "push", "origin", ":main")
    assert "deletion of the current branch prohibited" in complaint
    api.branches.create(org="acme", repo="r", body={"name": "next", "from": "main"})
    api.repos.update(org="acme", repo="r", body={"default_branch": "next"})
    git(work, "push", "origin", ":main")
    assert set(heads(api)) == {"next"}


def test_tags_are_pushed_fetched_and_deleted(git, tmp_path, work, url):
    git(work, "tag", "light")
    git(work, "tag", "--annotate", "--message", "a release", "v1")
    git(work, "push", "origin", "--tags")
    git(tmp_path, "clone", "--quiet", url, "again")
    assert git(tmp_path / "again", "tag", "--list").split() == ["light", "v1"]
    assert git(tmp_path / "again", "cat-file", "-t", "v1") == "tag"
    git(work, "push", "origin", ":refs/tags/v1")
    assert "v1" not in git(work, "ls-remote", "origin")


def test_shallow_and_partial_clones(git, tmp_path, work, url, api):
    for number in range(5):
        commit(api, f"file {number}")
    git(tmp_path, "clone", "--quiet", "--depth", "2", url, "shallow")
    shallow = tmp_path / "shallow"
    assert git(shallow, "rev-list", "--count", "HEAD") == "2"
    sha = git.commit(shallow, "more", "more")
    git(shallow, "push", "--quiet")
    assert heads(api) == {"main": sha}
    git(shallow, "fetch", "--quiet", "--unshallow")
    assert git(shallow, "rev-list", "--count", "HEAD") == "7"
    git(tmp_path, "clone", "--quiet", "--no-checkout", "--filter=blob:none", url, "partial")
    missing = git(tmp_path / "partial", "rev-list", "--objects", "--missing=print", "HEAD")
    assert "?" in missing
    git(tmp_path / "partial", "checkout", "--quiet", "main")
    assert (tmp_path / "partial" / "more").read_text() == "more"


def test_a_push_in_chunks(tmp_path, work, api):
    traced = Git(tmp_path, {"GIT_TRACE_CURL": "1", "GIT_TRACE_CURL_NO_DATA": "1"})
    sha = traced.commit(work, "file", Random(1).randbytes(2 << 20))
    pushed = traced.run(work, "-c", "http.postBuffer=65536", "push", "origin", "HEAD:main")
    assert "Transfer-Encoding: chunked" in pushed.stderr
    assert heads(api) == {"main": sha}


@pytest.mark.slow
def test_a_push_larger_than_what_the_api_takes(git, work, url, tmp_path, api):
    git(work, "config", "core.compression", "0")
    sha = git.commit(work, "big", Random(1).randbytes(70 << 20))
    git(work, "push", "--quiet", "origin", "HEAD:main")
    assert heads(api) == {"main": sha}
    git(tmp_path, "clone", "--quiet", url, "again")
    assert (tmp_path / "again" / "big").read_bytes() == (work / "big").read_bytes()


def test_one_of_several_pushes_wins(git, tmp_path, work, url, api):
    clones = [tmp_path / f"clone{number}" for number in range(4)]
    for clone in clones:
        git(tmp_path, "clone", "--quiet", url, clone.name)
    for round_ in range(3):
        for number, clone in enumerate(clones):
            git(clone, "fetch", "--quiet")
            git(clone, "reset", "--quiet", "--hard", "origin/main")
            git.commit(clone, f"round{round_}", str(number))
        with ThreadPoolExecutor(len(clones)) as pool:
            pushes = list(pool.map(lambda clone: git.run(clone, "push", "origin", "HEAD:main"), clones))
        assert sorted(push.returncode for push in pushes) == [0, 1, 1, 1]
        assert all("rejected]" in push.stderr for push in pushes if push.returncode)
        (won,) = [clone for clone, push in zip(clones, pushes, strict=True) if not push.returncode]
        assert heads(api) == {"main": git(won, "rev-parse", "HEAD")}


def test_pushes_and_commits_of_the_api_take_turns(git, tmp_path, work, api):
    def pushed(number):
        clone = tmp_path / f"clone{number}"
        git(tmp_path, "clone", "--quiet", work.as_posix(), clone.name)
        git(clone, "remote", "set-url", "origin", git(work, "remote", "get-url", "origin"))
        git(clone, "pull", "--quiet", "--rebase", "origin", "main")
        git.commit(clone, f"pushed {number}", str(number))
        while git.run(clone, "push", "--quiet", "origin", "HEAD:main").returncode:
            git(clone, "pull", "--quiet", "--rebase", "origin", "main")

    with ThreadPoolExecutor(4) as pool:
        pushes = [pool.submit(pushed, number) for number in range(2)]
        commits = [pool.submit(commit, api, f"committed {number}") for number in range(20)]
        for each in pushes + commits:
            each.result()
    names = {entry.name for entry in api.content.get(org="acme", repo="r", path="").entries}
    assert names == {"README", *(f"committed {n}" for n in range(20)), *(f"pushed {n}" for n in range(2))}
    assert len(list(api.commits.list(org="acme", repo="r"))) == 23


def test_one_depot_is_the_upstream_of_another(git, work, url, server):
    upstream = {"uri": address(server, key=None), "token": ROOT_KEY, "token_username": "any"}
    with LocalDepot() as other, Mesa(api_key="any", transport=other) as client:
        client.repos.create(org="acme", body={"name": "copy", "upstream": upstream})
        client.repos.sync(org="acme", repo="copy")
        assert heads(client, "copy") == {"main": git(work, "rev-parse", "HEAD")}
        fsck(other)


def test_webhooks_are_told_of_a_push(git, work, api):
    told = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_): ...

    with HTTPServer(("127.0.0.1", 0), Listener) as listener:
        listener.timeout = 30
        api.webhooks.create(org="acme", repo="r", body={"url": f"http://127.0.0.1:{listener.server_port}/"})
        before = git(work, "rev-parse", "HEAD")
        after = git.commit(work, "more", "more")
        git(work, "push", "--quiet", "origin", "HEAD:main")
        listener.handle_request()
    assert [(each["branch"], each["before"], each["after"]) for each in told] == [("main", before, after)]


def test_a_repository_that_is_deleted_or_renamed_in_the_meantime(git, work, api):
    api.repos.update(org="acme", repo="r", body={"name": "renamed"})
    assert "not found" in git.refused(work, "fetch")
    renamed = git(work, "remote", "get-url", "origin").replace("r.git", "renamed.git")
    git(work, "fetch", renamed)
    api.repos.delete(org="acme", repo="renamed")
    assert "not found" in git.refused(work, "fetch", renamed)
    with pytest.raises(NotFound):
        api.repos.get(org="acme", repo="renamed")
