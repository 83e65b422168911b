"""Git over HTTP: the real client, over a real socket, and what the API sees of it."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import socket
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from random import Random

import pytest
from conftest import ROOT_KEY, fsck
from gits import Git

from mesa_sdk import Mesa, NotFound
from mesa_transports.local import LocalDepot
from mesa_transports.local.server import Server
from mesa_transports.local.smart_http import git as requests_of_git
from mesa_transports.local.smart_http.backend import Backend

AUTHOR = {"name": "Bot", "email": "bot@example.com"}
SHA = "0123456789abcdef0123456789abcdef01234567"
PUSH = "application/x-git-receive-pack-request"
FETCH = "application/x-git-upload-pack-request"


@pytest.fixture
def api(server):
    with Mesa(api_key=ROOT_KEY, server_url=server.url) as client:
        client.repos.create(org="acme", body={"name": "r"})
        yield client


@pytest.fixture
def git(tmp_path):
    return Git(tmp_path)


@pytest.fixture
def url(server, api):
    return address(server)


def address(server, key=ROOT_KEY, path="acme/r.git"):
    return f"http://{f'any:{key}@' if key else ''}127.0.0.1:{server.port}/{path}"


@pytest.fixture
def work(git, tmp_path, url):
    """A clone with one commit, which is pushed."""
    git(tmp_path, "clone", "--quiet", url, "work")
    work = tmp_path / "work"
    git.commit(work, "README", "hello\n")
    git(work, "push", "--quiet", "origin", "HEAD:main")
    return work


def commit(api, path, branch="main", **more):
    edit = {"path": path, "content": path}
    body = {"branch": branch, "message": f"write {path}", "author": AUTHOR, "files": [edit], **more}
    return api.commits.create(org="acme", repo="r", body=body).sha


def heads(api, repo="r"):
    return {branch.name: branch.head_sha for branch in api.branches.list(org="acme", repo=repo)}


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
    assert "not found" in git.refused(tmp_path, "ls-remote", address(server, path="acme/nope.git"))
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


@pytest.fixture
def host(git, tmp_path):
    """A home directory whose configuration lets nobody fetch or push."""
    host = tmp_path / "host"
    hook = host / "hooks" / "pre-receive"
    hook.parent.mkdir(parents=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    for section in ("receive", "transfer", "uploadpack"):
        git(host, "config", "--file", ".gitconfig", f"{section}.hideRefs", "refs/heads")
    git(host, "config", "--file", ".gitconfig", "core.hooksPath", str(hook.parent))
    git(host, "config", "--file", ".gitconfig", "receive.denyNonFastForwards", "true")
    return host


def test_neither_the_host_nor_the_directory_configures_it(git, monkeypatch, work, depot, host):
    before = git(work, "ls-remote", "origin")
    bare = depot.repository_path("acme", "r")
    shutil.copytree(host / "hooks", bare / "hooks", dirs_exist_ok=True)
    git(bare, "config", "http.receivepack", "false")
    git(bare, "config", "receive.fsckObjects", "false")
    for name, value in {
        "HOME": str(host), "GIT_CONFIG_GLOBAL": str(host / ".gitconfig"), "GIT_DIR": "/nowhere",
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.uploadpack", "GIT_CONFIG_VALUE_0": "false",
        "GIT_OBJECT_DIRECTORY": "/nowhere", "GIT_NAMESPACE": "elsewhere",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    git(work, "commit", "--quiet", "--amend", "--message", "rewritten")
    git(work, "push", "--force", "origin", "HEAD:main")
    after = git(work, "ls-remote", "origin")
    assert after == before.replace(before[:40], git(work, "rev-parse", "HEAD"))
    monkeypatch.undo()


@pytest.fixture
def backends(monkeypatch):
    """What the server starts of git."""
    started = []

    class Seen(Backend):
        def __init__(self, question):
            super().__init__(question)
            started.append(self)

    monkeypatch.setattr(requests_of_git, "Backend", Seen)
    return started


def test_a_client_that_goes_away_ends_git(git, work, depot, backends):
    git(work, "config", "core.compression", "0")
    sha = git.commit(work, "big", Random(1).randbytes(40 << 20))
    git(depot.repository_path("acme", "r"), "fetch", "--quiet", work.as_posix(), "HEAD:topic")
    want = f"want {sha} no-progress\n"
    body = f"{len(want) + 4:04x}{want}00000009done\n".encode()
    with Server(depot).start() as server, socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = (
            f"POST /acme/r.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic(ROOT_KEY)}\r\n"
            f"Content-Type: {FETCH}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
        connection.close()
    # The server has waited for its threads.
    (backend,) = backends
    assert backend._process.returncode is not None
    assert backend.failed


def test_an_answer_that_nobody_wants_ends_git_too(url, server, backends):
    target = f"http://127.0.0.1:{server.port}/acme/r.git/info/refs?service=git-upload-pack"
    request = urllib.request.Request(target, headers={"Authorization": "Basic " + basic(ROOT_KEY)}, method="HEAD")
    with urllib.request.urlopen(request) as response:
        assert (response.status, response.read()) == (200, b"")
    server.close()
    (backend,) = backends
    assert backend._process.returncode is not None


@pytest.fixture
def fake_git(monkeypatch, tmp_path):
    """Puts a script in the place of the git that the server starts."""

    def put(script):
        program = tmp_path / "bin" / "git"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")

    yield put
    monkeypatch.undo()


@pytest.mark.usefixtures("url")
@pytest.mark.parametrize(
    ("script", "fetched"),
    [
        ("echo broken >&2; exit 3", 500),
        ("printf 'Status: 500 Internal Server Error\\r\\n\\r\\n'; echo broken >&2", 500),
        ("printf 'Content-Type: x/y\\r\\n\\r\\nhalf'; echo broken >&2; exit 3", 200),
    ],
)
def test_a_git_that_fails_is_an_error_and_not_a_wait(fake_git, server, caplog, script, fetched):
    fake_git(script)
    key = "Basic " + basic(ROOT_KEY)
    assert ask(server, "/acme/r.git/info/refs?service=git-upload-pack", key)[0] == fetched
    status, _, body = ask(server, "/acme/r.git/git-receive-pack", key, b"0000", Content_Type=PUSH)
    assert (status, body) == (500, b"git failed; the Depot's log says how\n")
    assert "git-upload-pack failed: broken" in caplog.text
    assert "git-receive-pack failed: broken" in caplog.text


def test_a_host_without_git_is_an_error(monkeypatch, tmp_path, url, server, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))
    target = "/acme/r.git/info/refs?service=git-upload-pack"
    assert ask(server, target, "Basic " + basic(ROOT_KEY))[0] == 500
    assert "No such file or directory: 'git'" in caplog.text
    monkeypatch.undo()


def test_a_body_may_be_compressed_and_must_be_what_it_says(server, work, api):
    key = "Basic " + basic(ROOT_KEY)
    lines = b"0014command=ls-refs\n0000"
    body = gzip.compress(lines)
    path = "/acme/r.git/git-upload-pack"
    options = {"Content_Type": FETCH, "Git_Protocol": "version=2"}
    for encoding, content in {"gzip": body, "x-gzip": body, "identity": lines}.items():
        status, _, answer = ask(server, path, key, content, Content_Encoding=encoding, **options)
        assert (status, b"refs/heads/main" in answer) == (200, True)
    assert ask(server, path, key, body, Content_Encoding="br", **options)[0] == 400
    assert ask(server, path, key, lines, Content_Type="text/plain")[0] == 400
    push = "/acme/r.git/git-receive-pack"
    for content, more in (
        (lines, {"Content_Encoding": "gzip"}),
        (body[:-9], {"Content_Encoding": "gzip"}),
        (b"zzzz", {}),
        (b"0001", {}),
        (b"0009x", {}),
        (b"000fpush-cert\0\n", {}),
    ):
        assert ask(server, push, key, content, Content_Type=PUSH, **more)[0] == 400
    assert ask(server, push, key, gzip.compress(b"0000"), Content_Type=PUSH, Content_Encoding="gzip")[0] == 200


def test_a_push_without_a_key_is_bounded_as_any_other_body(server, url):
    for key, expected in ((ROOT_KEY, b"100 Continue"), ("wrong", b"413 ")):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            head = (
                f"POST /acme/r.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic(key)}\r\n"
                f"Content-Type: {PUSH}\r\nContent-Length: {1 << 40}\r\nExpect: 100-continue\r\n\r\n"
            )
            connection.sendall(head.encode())
            assert expected in connection.recv(1000).partition(b"\r\n")[0]


def test_a_repository_that_is_deleted_or_renamed_in_the_meantime(git, work, api):
    api.repos.update(org="acme", repo="r", body={"name": "renamed"})
    assert "not found" in git.refused(work, "fetch")
    renamed = git(work, "remote", "get-url", "origin").replace("r.git", "renamed.git")
    git(work, "fetch", renamed)
    api.repos.delete(org="acme", repo="renamed")
    assert "not found" in git.refused(work, "fetch", renamed)
    with pytest.raises(NotFound):
        api.repos.get(org="acme", repo="renamed")


def basic(key):
    return base64.b64encode(f"any:{key}".encode()).decode()


def ask(server, target, authorization, content=None, **headers):
    fields = {"Authorization": authorization, **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{target}", content, fields)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()
