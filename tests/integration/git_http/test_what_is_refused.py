"""What git may not do over HTTP: without a key, beyond its scopes, by names that lead elsewhere, with bad objects."""

from __future__ import annotations

import socket

import pytest
from conftest import ROOT_KEY
from gits import PUSH, Git, address, ask, basic, heads

SHA = "0123456789abcdef0123456789abcdef01234567"


def test_a_key_is_needed_and_must_be_known(git, tmp_path, server, url):
    assert "could not read Username" in git.refused(tmp_path, "ls-remote", address(server, key=None))
    assert "Authentication failed" in git.refused(tmp_path, "ls-remote", address(server, key="wrong"))
    for authorization in ("", "Basic", "Basic !", "Basic " + basic(""), f"Bearer {ROOT_KEY}"):
        status, headers, body = ask(server, "/acme/r.git/info/refs?service=git-upload-pack", authorization)
        assert (status, headers["Content-Type"]) == (401, "text/plain; charset=utf-8")
        assert headers["WWW-Authenticate"].startswith("Basic realm=")
        assert headers["X-Request-Id"]
        assert b"Basic" in body


def test_scopes_and_organizations_hold(git, tmp_path, server, work, api):
    def key(org, *scopes):
        return api.admin.create_api_key(org=org, body={"scopes": list(scopes)}).key

    reader, writer, lister = key("acme", "git:read"), key("acme", "git:write"), key("acme", "repo:read")
    stranger = key("other", "admin")
    git(tmp_path, "clone", "--quiet", address(server, reader), "read")
    git.commit(tmp_path / "read", "x", "x")
    assert "403" in git.refused(tmp_path / "read", "push")
    assert "403" in git.refused(tmp_path, "clone", address(server, writer))
    git(tmp_path / "read", "push", "--quiet", address(server, writer), "HEAD:main")
    assert "403" in git.refused(tmp_path, "ls-remote", address(server, lister))
    assert "403" in git.refused(tmp_path, "ls-remote", address(server, stranger))
    assert "not found" in git.refused(tmp_path, "ls-remote", address(server, stranger, "other/r.git"))
    assert "not found" in git.refused(tmp_path, "ls-remote", address(server, ROOT_KEY, "acme/nope.git"))
    refused = ask(server, "/acme/r.git/git-receive-pack", "Basic " + basic(reader), b"0000", Content_Type=PUSH)
    assert (refused[0], refused[2]) == (403, b"the API key lacks the scope git:write\n")
    api.admin.revoke_api_key(org="acme", id=next(iter(api.admin.list_api_keys(org="acme").api_keys)).id)
    assert "Authentication failed" in git.refused(tmp_path, "ls-remote", address(server, reader))


def test_nothing_but_the_smart_protocol_is_there(tmp_path, server, work, url):
    dumb = Git(tmp_path, {"GIT_SMART_HTTP": "0"})
    assert "403" in dumb.refused(tmp_path, "clone", url)
    head = (work / ".git" / "HEAD").read_text()
    for path in (
        "HEAD",
        "config",
        "objects/info/packs",
        "lfs/objects",
        "info/refs/",
        "../r.git/HEAD",
        "%2e%2e/depot.sqlite3",
        "",
    ):
        status, _, body = ask(server, f"/acme/r.git/{path}", "Basic " + basic(ROOT_KEY))
        assert status == 404
        assert head.encode() not in body
    assert ask(server, "/acme/r.git/git-upload-pack", "Basic " + basic(ROOT_KEY))[0] == 405
    for service in ("git-upload-archive", "x", ""):
        assert ask(server, f"/acme/r.git/info/refs?service={service}", "Basic " + basic(ROOT_KEY))[0] == 403


@pytest.mark.parametrize("path", ["..", "%2e%2e", ".", "%2e%2e%2f%2e%2e%2fetc", "a%00b", "a%0ab", "%ff"])
def test_a_name_leads_nowhere_else(server, url, depot, path):
    (repository,) = (depot.path / "repositories").iterdir()
    names = [f"{path}/r", f"acme/{path}", f"acme/{path}%2f{repository.stem}", f"acme/..%2f{repository.stem}"]
    for name in names:
        target = f"/{name}.git/info/refs?service=git-upload-pack"
        assert ask(server, target, "Basic " + basic(ROOT_KEY))[0] in {400, 404}


def test_refs_that_the_api_could_not_name_are_refused_and_the_others_land(git, work, api, depot):
    names = [SHA, "fine", "n" * 241, "\u200c.git", "not-utf-8-\udcff"]
    complaint = git.refused(work, "push", "origin", *(f"HEAD:refs/heads/{name}" for name in names))
    assert f"remote: refused: expected a branch name, got '{SHA}': it reads as a commit sha" in complaint
    assert "longer than 240 bytes" in complaint
    assert "a segment is '.git'" in complaint
    assert "expected a branch name in UTF-8" in complaint
    assert complaint.count("[remote rejected]") == 4
    assert set(heads(api)) == {"main", "fine"}
    for ref in ("refs/mesa/x", "refs/notes/x", "refs/x", "HEAD"):
        assert "[remote rejected]" in git.refused(work, "push", "origin", f"HEAD:{ref}")
    bare = depot.repository_path("acme", "r")
    assert git(bare, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/fine", "refs/heads/main"]
    git(bare, "update-ref", f"refs/heads/{SHA}", "main")
    git(bare, "update-ref", "refs/mesa/own", "main")
    assert "refs/mesa" not in git(work, "ls-remote", "origin")
    git(work, "push", "origin", f":refs/heads/{SHA}")
    many = [f"HEAD:refs/heads/{number:040x}" for number in range(101)]
    assert "400" in git.refused(work, "push", "origin", *many)


def test_objects_that_git_finds_fault_with_are_refused(git, work, api):
    blob = git(work, "rev-parse", "HEAD:README")
    (work / "tree").write_bytes(b"100644 .git\0" + bytes.fromhex(blob))
    tree = git(work, "hash-object", "--literally", "-t", "tree", "-w", "tree")
    sha = git(work, "commit-tree", tree, "-m", "bad", "-p", "HEAD")
    complaint = git.refused(work, "push", "origin", f"{sha}:main", f"{sha}:refs/heads/bad")
    assert "hasDotgit" in complaint
    assert heads(api) == {"main": git(work, "rev-parse", "HEAD")}


def test_a_push_without_a_key_is_bounded_as_any_other_body(server, url):
    for key, expected in ((ROOT_KEY, b"100 Continue"), ("wrong", b"413 ")):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            head = (
                f"POST /acme/r.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic(key)}\r\n"
                f"Content-Type: {PUSH}\r\nContent-Length: {1 << 40}\r\nExpect: 100-continue\r\n\r\n"
            )
            connection.sendall(head.encode())
            assert expected in connection.recv(1000).partition(b"\r\n")[0]
