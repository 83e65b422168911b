"""git-lfs: the real client against the batch API, and the same objects as the SDK sees them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from conftest import ROOT, ROOT_KEY, fsck
from gits import Git, address

from mesa_sdk import Mesa
from mesa_transports.local import LocalDepot

pytestmark = pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")

MEDIA_TYPE = "application/vnd.git-lfs+json"
DATA = Random(7).randbytes(300_000)
OID = hashlib.sha256(DATA).hexdigest()
AUTHOR = {"name": "Bot", "email": "bot@example.com"}


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def depot(clock):
    with LocalDepot(root_key=ROOT_KEY, clock=clock) as depot:
        yield depot
        fsck(depot)
        assert list(depot.path.rglob("lfs/incoming/*")) == []


@pytest.fixture
def git(tmp_path):
    git = Git(tmp_path)
    git(tmp_path, "lfs", "install", "--skip-repo")
    return git


@pytest.fixture
def work(git, tmp_path, url):
    """A clone in which `*.bin` is large, with one such file that is not pushed yet."""
    git(tmp_path, "clone", "--quiet", url, "work")
    work = tmp_path / "work"
    git(work, "lfs", "track", "*.bin")
    git.commit(work, ".gitattributes", (work / ".gitattributes").read_bytes())
    git.commit(work, "a.bin", DATA)
    return work


@pytest.fixture
def batch(server, api):
    """Asks the batch API by hand."""

    def ask(operation, *objects, key=ROOT_KEY, path="objects/batch", **more):
        body = json.dumps({"operation": operation, "objects": list(objects), **more}).encode()
        return send(f"http://127.0.0.1:{server.port}/acme/r.git/info/lfs/{path}", body, "POST", key)

    return ask


def send(url, content=None, method=None, key=None, **headers):
    fields = {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE, **headers}
    if key is not None:
        fields["Authorization"] = "Basic " + base64.b64encode(f"any:{key}".encode()).decode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, content, fields, method=method), timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def item(data=DATA, **more):
    return {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), **more}


def answered(answer):
    status, headers, body = answer
    assert (status, headers["Content-Type"]) == (200, MEDIA_TYPE)
    payload = json.loads(body)
    assert (payload["transfer"], payload["hash_algo"]) == ("basic", "sha256")
    return payload["objects"]


def refused(answer):
    status, headers, body = answer
    assert headers["Content-Type"] == MEDIA_TYPE
    assert set(json.loads(body)) == {"message"}
    return status


def test_what_is_pushed_is_pulled_and_known_to_the_api(git, tmp_path, work, url, api):
    pushed = git.run(work, "push", "origin", "HEAD:main")
    assert pushed.returncode == 0, pushed.stderr
    assert "locking" not in pushed.stderr
    assert git(work, "show", "HEAD:a.bin").splitlines()[1:] == [f"oid sha256:{OID}", f"size {len(DATA)}"]
    git(tmp_path, "clone", "--quiet", url, "again")
    assert (tmp_path / "again" / "a.bin").read_bytes() == DATA
    (found,) = api.lfs.download(org="acme", repo="r", body={"objects": [item()]}).objects
    assert (found.exists, found.size) == (True, len(DATA))
    assert send(found.download_url)[2] == DATA


def test_what_the_sdk_uploads_is_pulled(git, tmp_path, url, api):
    (asked,) = api.lfs.upload(org="acme", repo="r", body={"objects": [item()]}).objects
    assert send(asked.upload_url, DATA, "PUT")[0] == 200
    files = [
        {"path": ".gitattributes", "content": "*.bin filter=lfs diff=lfs merge=lfs -text\n"},
        {"path": "x/a.bin", "lfs": item()},
    ]
    body = {"branch": "main", "message": "large", "author": AUTHOR, "files": files}
    api.commits.create(org="acme", repo="r", body=body)
    git(tmp_path, "clone", "--quiet", url, "work")
    assert (tmp_path / "work" / "x" / "a.bin").read_bytes() == DATA
    assert git(tmp_path / "work", "lfs", "fsck") == "Git LFS fsck OK"


def test_the_commands_of_the_documentation_work(tmp_path, server, api):
    page = (ROOT / "docs" / "local-depot.md").read_text()
    commands = re.findall(r"^\$ (?!python)(.+)$", page[page.index("## Cloning") :], re.MULTILINE)
    assert [command.split()[:2] for command in commands[::6]] == [["git", "clone"], ["git", "lfs"], ["git", "lfs"]]
    api.repos.create(org="my-org", body={"name": "my-repo"})
    script = "set -e\n" + "\n".join(commands).replace(":8080/", f":{server.port}/")
    environment = {**Git(tmp_path).environment, "MESA_API_KEY": ROOT_KEY}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [commit.message.strip() for commit in api.commits.list(org="my-org", repo="my-repo")] == [
        "Add a large file",
        "Say hello",
    ]


def test_an_interrupted_download_is_resumed(git, tmp_path, work, url):
    git(work, "push", "--quiet", "origin", "HEAD:main")
    Git(tmp_path, {"GIT_LFS_SKIP_SMUDGE": "1"})(tmp_path, "clone", "--quiet", url, "again")
    again = tmp_path / "again"
    assert (again / "a.bin").read_bytes().startswith(b"version https://git-lfs")
    part = again / ".git" / "lfs" / "incomplete" / f"{OID}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(DATA[:100_000])
    traced = Git(tmp_path, {"GIT_TRACE": "1"}).run(again, "lfs", "pull")
    assert "server accepted resume download request" in traced.stderr
    assert (again / "a.bin").read_bytes() == DATA


def test_an_object_that_is_missing_is_said_to_be(git, tmp_path, work, url):
    git(work, "-c", "core.hooksPath=/dev/null", "push", "--quiet", "origin", "HEAD:main")
    complaint = git.refused(tmp_path, "clone", url, "again")
    assert f"[{OID}] Object not found" in complaint


def test_keys_hold_for_git_lfs(git, work, server, api):
    def key(*scopes):
        return api.admin.create_api_key(org="acme", body={"scopes": list(scopes)}).key

    git(work, "lfs", "push", address(server, key("git:write")), "HEAD")
    complaint = git.refused(work, "lfs", "push", address(server, key("git:read")), "HEAD")
    assert "the API key lacks the scope git:write" in complaint
    git(work, "-c", f"lfs.url={address(server, key('git:read'))}/info/lfs", "lfs", "pull")
    git.commit(work, "b.bin", b"other")
    assert "Authentication" in git.refused(work, "lfs", "push", address(server, "wrong"), "HEAD")


def test_locks_are_not_kept(git, work):
    git(work, "push", "--quiet", "origin", "HEAD:main")
    assert "this Depot keeps no locks of files" in git.refused(work, "lfs", "lock", "a.bin")
    assert "this Depot keeps no locks of files" in git.refused(work, "lfs", "locks")


def test_an_object_is_uploaded_verified_and_downloaded_by_signed_urls(batch):
    (asked,) = answered(batch("upload", item()))
    assert (asked["oid"], asked["size"], asked["authenticated"]) == (OID, len(DATA), True)
    upload, verify = asked["actions"]["upload"], asked["actions"]["verify"]
    assert (upload["expires_in"], verify["expires_in"]) == (3600, 3600)
    body = json.dumps(item()).encode()
    assert refused(send(verify["href"], body, "POST")) == 404
    assert send(upload["href"], DATA, "PUT")[0] == 200
    assert send(verify["href"], body, "POST")[::2] == (200, b"{}")
    for wrong in (item(b"x"), item(size=1), {}, {"oid": OID}):
        assert refused(send(verify["href"], json.dumps(wrong).encode(), "POST")) == 422
    assert refused(send(verify["href"].replace("signature=", "signature=0"), body, "POST")) == 403
    assert refused(send(verify["href"].replace(OID, "0" * 64), body, "POST")) == 403
    assert answered(batch("upload", item())) == [item()]
    (found,) = answered(batch("download", item()))
    assert send(found["actions"]["download"]["href"])[::2] == (200, DATA)
    assert send(found["actions"]["download"]["href"], DATA, "PUT")[0] == 403


def test_a_wrong_object_is_refused_and_gone(batch, depot):
    (asked,) = answered(batch("upload", item()))
    for wrong in (DATA[:-1], DATA + b"x", b"x" * len(DATA), b""):
        assert send(asked["actions"]["upload"]["href"], wrong, "PUT")[0] in {400, 413}
    assert [path for path in depot.path.rglob("lfs/**/*") if path.is_file()] == []
    assert answered(batch("download", item()))[0]["error"] == {"code": 404, "message": "Object not found"}


def test_urls_expire(batch, clock):
    (asked,) = answered(batch("upload", item()))
    assert send(asked["actions"]["upload"]["href"], DATA, "PUT")[0] == 200
    (found,) = answered(batch("download", item()))
    clock.now += timedelta(seconds=3601)
    body = json.dumps(item()).encode()
    assert send(asked["actions"]["upload"]["href"], DATA, "PUT")[0] == 403
    assert refused(send(asked["actions"]["verify"]["href"], body, "POST")) == 403
    status, _, content = send(found["actions"]["download"]["href"])
    assert (status, json.loads(content)["error"]["message"]) == (403, "the URL has expired: ask for a new one")


def test_each_object_has_an_error_of_its_own(batch):
    (asked,) = answered(batch("upload", item()))
    send(asked["actions"]["upload"]["href"], DATA, "PUT")
    for operation in ("upload", "download"):
        good, upper, negative, other = answered(
            batch(operation, item(), item(oid=OID.upper()), item(size=-1), item(size=1))
        )
        assert "error" not in good
        assert {each["error"]["code"] for each in (upper, negative, other)} == {422}
        assert all("actions" not in each for each in (upper, negative, other))
    assert answered(batch("download")) == []


def test_what_is_no_batch_is_refused(batch, server):
    assert refused(batch("delete", item())) == 422
    assert refused(batch("upload", {"oid": OID})) == 422
    assert refused(batch("upload", item(), hash_algo="sha512")) == 409
    assert refused(batch("upload", *[item()] * 1001)) == 413
    assert refused(batch("upload", path="nothing")) == 404
    lfs = f"http://127.0.0.1:{server.port}/acme/r.git/info/lfs"
    assert refused(send(f"{lfs}/objects/batch", b"[]", "POST", ROOT_KEY)) == 422
    assert refused(send(f"{lfs}/objects/batch", key=ROOT_KEY)) == 405
    assert refused(send(f"{lfs}/locks", key=ROOT_KEY)) == 501
    for key in (None, "wrong"):
        answer = batch("upload", item(), key=key)
        assert refused(answer) == 401
        assert answer[1]["LFS-Authenticate"] == answer[1]["WWW-Authenticate"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured as Linux tells it")
def test_a_gibibyte_moves_in_constant_memory(tmp_path):
    size, allowed_growth = 1 << 30, 48 << 20
    oid = write_random(tmp_path / "large", size)
    arguments = ["--port", "0", "--data", str(tmp_path / "depot"), "--root-key", ROOT_KEY]
    with subprocess.Popen(
        [sys.executable, "-m", "mesa_transports.local", *arguments], stdout=subprocess.PIPE, text=True
    ) as served:
        try:
            with Mesa(api_key=ROOT_KEY, server_url=served.stdout.readline().split()[3]) as api:
                api.repos.create(org="acme", body={"name": "r"})
                before = peak_memory(served.pid)
                (asked,) = api.lfs.upload(org="acme", repo="r", body={"objects": [{"oid": oid, "size": size}]}).objects
                upload(asked.upload_url, tmp_path / "large")
                (found,) = api.lfs.download(
                    org="acme", repo="r", body={"objects": [{"oid": oid, "size": size}]}
                ).objects
                assert downloaded(found.download_url) == (200, size, oid)
                assert downloaded(found.download_url, Range=f"bytes={size // 4}-")[:2] == (206, size - size // 4)
                grown = peak_memory(served.pid) - before
        finally:
            served.terminate()
    assert grown < allowed_growth


def write_random(path, size):
    block, digest = Random(3).randbytes(1 << 20), hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(size >> 20):
            file.write(block)
            digest.update(block)
    return digest.hexdigest()


def upload(url, path):
    with path.open("rb") as file:
        headers = {"Content-Length": str(path.stat().st_size)}
        with urllib.request.urlopen(urllib.request.Request(url, file, headers, method="PUT"), timeout=300) as answer:
            assert answer.status == 200


def downloaded(url, **headers):
    digest, size = hashlib.sha256(), 0
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=300) as answer:
        while chunk := answer.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    return answer.status, size, digest.hexdigest()


def peak_memory(pid):
    (line,) = [each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmHWM:")]
    return int(line.split()[1]) << 10
