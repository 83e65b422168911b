"""How the server runs git: apart from the host's configuration, to its end, and telling when it fails."""

from __future__ import annotations

import gzip
import shutil
import socket
import urllib.error
import urllib.request
from random import Random

import pytest
from conftest import ROOT_KEY
from gits import FETCH, PUSH, ask, basic

from mesa_transports.local.server import Server
from mesa_transports.local.smart_http import git as requests_of_git
from mesa_transports.local.smart_http.backend import Backend


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
