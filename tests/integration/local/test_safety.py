"""The Depot keeps to its data directory and its limits, whatever it is asked, and shows no one what is another's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
from contextlib import closing, suppress

import pytest
from operations import BODIES, OPERATIONS, Operation
from remote import Remote

from mesa_core.errors import BadRequest, NotFound
from mesa_core.http import Request
from mesa_sdk import Mesa
from mesa_transports.local import LocalDepot, ManualClock
from mesa_transports.local.app import Application
from mesa_transports.local.server import Server

KEY = "root-key"
CANARY = "what lies beside the data directory"
TRANSFERS = tuple(
    Operation(f"lfs {method}", method, "/{org}/{repo}/lfs/objects/{oid}", ("size", "expires", "signature"))
    for method in ("GET", "PUT")
)
EVERY = pytest.mark.parametrize("operation", [*OPERATIONS, *TRANSFERS], ids=lambda operation: operation.name)

HOSTILE = [
    "..", ".", "%2e%2e", "%2E%2e%2F%2e%2e%2Fcanary", "..%2F..%2Fcanary", "..%5C..%5Ccanary", "..\\..\\canary",
    "%5Ccanary", "%2Fetc%2Fpasswd", "%2F", "%5C%5Chost%5Cshare", "C:%5Ccanary", "C:canary", "%00", "main%00",
    "..%2Fcanary%00.txt", "%0A", "..%252Fcanary", "%252e%252e", "....%2F%2Fcanary", "..%c0%af..%c0%afcanary",
    "%ff%fe", "%u002e%u002e", "%2e%2e;", "~root", "file:%2F%2F%2Fetc%2Fpasswd", ".git", ".git%2Fconfig", "HEAD",
    "-x", "--upload-pack=touch%20x", "refs%2Fheads%2Fmain", "@%7B0%7D", "main%5E%7B%2F.%7D", ":%2Fx",
    "main:..%2Fcanary", "%7B%7D", "%25", "%E2%80%AE", "a" * 300, "a" * 5000, "..%2F" * 500 + "canary", "%00" * 300,
]  # fmt: skip
RAW = ["\0", "main\0", "../canary", "../../../../canary", "/etc/passwd", "..//canary", "./canary", "//", "é"]
"""What a client library would not send as it is."""


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """A directory with the data directory in it, and canaries beside and above that."""
    outside = tmp_path_factory.mktemp("outside")
    for place in (outside, outside / "beside"):
        place.mkdir(exist_ok=True)
        (place / "canary").write_text(CANARY)
    return outside


@pytest.fixture(scope="module")
def depot(outside):
    with LocalDepot(outside / "data", root_key=KEY) as depot:
        with Mesa(api_key=KEY, transport=depot) as client:
            client.repos.create(org="acme", body={"name": "r"})
            files = [{"path": "a", "content": "x"}]
            body = {"branch": "main", "message": "m", "author": {"name": "B", "email": "b@x.y"}, "files": files}
            client.commits.create(org="acme", repo="r", body=body)
        yield depot
        path = depot.repository_path("acme", "r")
        subprocess.run(["git", "-C", path, "fsck", "--full", "--strict"], capture_output=True, check=True)


@pytest.fixture(scope="module")
def server(depot):
    with depot.serve() as server:
        yield server


@pytest.fixture
def unharmed(depot, outside):
    """Hold what surrounds the data directory, and what is in it, against what was there before the test."""
    snapshot = depot.snapshot()

    def around():
        paths = [path for path in outside.rglob("*") if not path.is_relative_to(depot.path) and path != depot.path]
        return {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in paths}

    before = around()
    yield
    assert around() == before
    assert {path.name for path in depot.path.iterdir()} <= {
        "repositories", "snapshots", "depot.lock", "depot.sqlite3", "depot.sqlite3-wal", "depot.sqlite3-shm"
    }  # fmt: skip
    depot.restore(snapshot)


class Wire:
    """Sends requests as they are, byte for byte, over one connection while that lasts."""

    def __init__(self, server):
        self.address = ("127.0.0.1", server.port)
        self.connection = None

    def __call__(self, method, target, body=b"", root="/api/v1", authorization=f"Bearer {KEY}"):
        if self.connection is None:
            self.connection = socket.create_connection(self.address, timeout=10)
            self.answers = self.connection.makefile("rb")
        lines = [f"{method} {root}{target} HTTP/1.1", "Host: x", f"Authorization: {authorization}"]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
        self.connection.sendall(head.encode() + body)
        status = int(self.answers.readline().split()[1])
        headers = dict(line.decode().strip().lower().split(": ", 1) for line in iter(self.answers.readline, b"\r\n"))
        content = self.answers.read(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.close()
        return status, content

    def close(self):
        if self.connection is not None:
            self.answers.close()
            self.connection.close()
            self.connection = None


@pytest.fixture
def wire(server):
    wire = Wire(server)
    yield wire
    wire.close()


def hold(status, content, shown, allowed):
    assert status in allowed, (status, shown, content[:300])
    assert CANARY.encode() not in content
    assert b"[core]" not in content  # of a repository's own configuration
    assert b"root:" not in content
    if status >= 400:
        assert set(json.loads(content)["error"]) == {"code", "message", "details"}


def body_of(operation):
    return json.dumps(BODIES[operation.name]).encode() if operation.name in BODIES else b""


def refusals(operation):
    # What a signature is missing from is 403, whatever it is.
    return {400, 403, 404} if operation in TRANSFERS else {400, 404}


@EVERY
def test_paths_lead_nowhere_else(operation, wire, depot, unharmed):
    for parameter in operation.parameters:
        # Any name will do for an organization, and these two are no less names than others.
        fine = {"HEAD", "-x"} if parameter == "org" else set()
        for value in [*HOSTILE, *RAW]:
            if value in fine:
                continue
            target = operation.path(**{parameter: value})
            allowed = refusals(operation)
            if value in RAW:
                allowed = allowed | {405}  # with a slash in it, it is another operation's path
            hold(*wire(operation.method, target, body_of(operation)), target[:200], allowed)
            answer = depot.handle(Request(operation.method, f"http://x{target}", {"Authorization": f"Bearer {KEY}"}))
            hold(answer.status_code, answer.content, target[:200], allowed)


@EVERY
def test_queries_lead_nowhere_else(operation, wire, unharmed):
    for parameter in operation.queries:
        for value in [*HOSTILE, *RAW]:
            target = operation.query(parameter, value)
            hold(*wire(operation.method, target), target[:200], refusals(operation))


@pytest.mark.parametrize(
    "target",
    [
        "/{}/r.git/info/refs?service=git-upload-pack", "/acme/{}.git/info/refs?service=git-upload-pack",
        "/acme/r.git/{}", "/acme/r.git/info/{}", "/acme/r.git/objects/{}", "/acme/r.git/info/refs?service={}",
    ],
)  # fmt: skip
def test_paths_of_git_lead_nowhere_else(target, wire, unharmed):
    basic = "Basic " + base64.b64encode(f"t:{KEY}".encode()).decode()
    for value in [*HOSTILE, *RAW, "config", "..%2Fconfig", "../config", "info/../config"]:
        asked = target.format(value)
        status, content = wire("GET", asked, root="", authorization=basic)
        assert status in {400, 403, 404, 405}, (status, asked[:200], content[:300])
        assert CANARY.encode() not in content
        assert b"[core]" not in content


def leaves(value, way=()):
    """Yield the way to each string in a JSON value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from leaves(child, (*way, key))
    if isinstance(value, str):
        yield way


def replaced(value, way, leaf):
    if not way:
        return leaf
    copy = value.copy()
    copy[way[0]] = replaced(value[way[0]], way[1:], leaf)
    return copy


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.name in BODIES], ids=lambda each: each.name)
def test_bodies_lead_nowhere_else(operation, wire, depot, unharmed):
    """A text may be anything; where it names something, it is refused or names something inside."""
    values = [
        "..",
        "../canary",
        "../../beside/canary",
        "..\\canary",
        "/etc/passwd",
        "\0",
        "a\0b",
        "file:///etc/passwd",
        "a" * 5000,
    ]
    body = BODIES[operation.name]
    for way in leaves(body):
        for value in values:
            content = json.dumps(replaced(body, way, value)).encode()
            hold(*wire(operation.method, operation.path(), content), (way, value[:50]), {200, 201, 400, 404, 409})


def test_every_operation_is_asked():
    assert len(OPERATIONS) == 28
    assert set(BODIES) <= {operation.name for operation in OPERATIONS}


# Who sees what


def everything(depot):
    """All that a Depot holds: the rows of its database, and the files of its repositories."""
    with closing(sqlite3.connect(depot.path / "depot.sqlite3")) as database:
        rows = list(database.iterdump())
    files = {path: path.read_bytes() for path in (depot.path / "repositories").rglob("*") if path.is_file()}
    return rows, files


@pytest.fixture
def two():
    """A Depot of two organizations, each with a repository of the same name, and an administrator's key of one."""
    with LocalDepot(root_key=KEY, clock=ManualClock()) as depot, Mesa(api_key=KEY, transport=depot) as client:
        for org in ("acme", "other"):
            client.repos.create(org=org, body={"name": "r"})
            files = [{"path": "a", "content": org}]
            body = {"branch": "main", "message": "m", "author": {"name": "B", "email": "b@x.y"}, "files": files}
            client.commits.create(org=org, repo="r", body=body)
        key = client.admin.create_api_key(org="other", body={"scopes": ["admin"]}).key
        with Mesa(api_key=key, transport=depot) as foreign:
            foreign.org.get(org="other")
            yield depot, client, foreign, key


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_key_of_another_organization_reaches_nothing(two, operation):
    """Nor does it learn what is there: the refusal is the same where nothing is."""
    depot, _, _, key = two
    before = everything(depot)
    headers = {"Authorization": f"Bearer {key}"}
    answers = [
        depot.handle(Request(operation.method, f"http://x{path}", headers, body_of(operation)))
        for path in (operation.path(), operation.path(repo="nothing", id="nothing", webhookId="nothing"))
    ]
    for answer in answers:
        assert answer.status_code == 403
        error = {"code": "FORBIDDEN", "message": "the API key belongs to another organization", "details": {}}
        assert json.loads(answer.content) == {"error": error}
    assert everything(depot) == before


def test_what_is_another_organizations_cannot_be_named_in_ones_own(two):
    depot, client, foreign, _ = two
    key = client.admin.create_api_key(org="acme", body={})
    webhook = client.webhooks.create(org="acme", repo="r", body={"url": "https://x.example/"})
    head = client.repos.get(org="acme", repo="r").head_sha
    before = everything(depot)
    for call in (
        lambda: foreign.admin.revoke_api_key(org="other", id=key.id),
        lambda: foreign.webhooks.delete(org="other", repo="r", webhook_id=webhook.id),
        lambda: foreign.commits.get(org="other", repo="r", sha=head),
        lambda: foreign.content.get(org="other", repo="r", ref=head),
        lambda: foreign.branches.create(org="other", repo="r", body={"name": "theirs", "from": head}),
    ):
        with pytest.raises(NotFound):
            call()
    assert foreign.webhooks.list(org="other", repo="r").webhooks == ()
    assert key.id not in {each.id for each in foreign.admin.list_api_keys(org="other").api_keys}
    assert everything(depot) == before


def test_large_files_are_their_repositorys_own(two):
    depot, _, _, key = two
    oid = hashlib.sha256(b"theirs").hexdigest()
    items = {"objects": [{"oid": oid, "size": 6}]}

    def asked(path, key):
        headers = {"Authorization": f"Bearer {key}"}
        answer = depot.handle(Request("POST", f"http://x{path}", headers, json.dumps(items).encode()))
        return json.loads(answer.content)["objects"][0]

    upload_url = asked("/acme/r/lfs/objects", KEY)["upload_url"]
    assert depot.handle(Request("PUT", upload_url.replace("/acme/", "/other/"), {}, b"theirs")).status_code == 403
    assert depot.handle(Request("PUT", upload_url, {}, b"theirs")).status_code == 200
    assert asked("/other/r/lfs/objects/download", key)["exists"] is False
    assert asked("/other/r/lfs/objects", key)["exists"] is False
    download_url = asked("/acme/r/lfs/objects/download", KEY)["download_url"]
    assert depot.handle(Request("GET", download_url.replace("/acme/", "/other/"))).status_code == 403
    assert depot.handle(Request("GET", download_url)).content == b"theirs"


# What is kept


def test_secrets_are_where_only_the_owner_reads_them_or_nowhere(tmp_path, caplog):
    """A key is nowhere; what must be told to others again is in the database, which is the owner's alone."""
    data = tmp_path / "data"
    root, token, later, secret = "mesa_planted_root", "planted-token", "planted-second-token", "planted-webhook-secret"
    with (
        caplog.at_level("DEBUG"),
        LocalDepot(data, root_key=root) as depot,
        Mesa(api_key=root, transport=depot) as client,
    ):
        upstream = {"uri": f"{tmp_path}/nowhere", "token": token}
        client.repos.create(org="acme", body={"name": "r", "upstream": upstream})
        key = client.admin.create_api_key(org="acme", body={"scopes": ["admin"]}).key
        client.webhooks.create(org="acme", repo="r", body={"url": "https://x.example/", "secret": secret})
        with Mesa(api_key=key, transport=depot) as issued, pytest.raises(BadRequest):
            issued.repos.sync(org="acme", repo="r")

        def holders(text):
            return {path.name for path in data.rglob("*") if path.is_file() and text.encode() in path.read_bytes()}

        database = {"depot.sqlite3", "depot.sqlite3-wal"}
        assert holders(root) | holders(key) == set()
        assert holders(token)
        assert holders(token) | holders(secret) <= database
        assert data.stat().st_mode & 0o077 == 0
        for name in database:
            assert (data / name).stat().st_mode & 0o077 == 0
        client.repos.update(org="acme", repo="r", body={"upstream": {"uri": "https://x.example/", "token": later}})
        client.repos.update(org="acme", repo="r", body={"upstream": None})
        client.repos.delete(org="acme", repo="r")
    assert holders(token) | holders(later) | holders(secret) == set()
    assert not [text for text in (root, key, token, later, secret) if text in caplog.text]


def test_keys_are_compared_in_constant_time(monkeypatch):
    compared = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda *both: compared.append(both) or compare(*both))
    with LocalDepot(root_key=KEY) as depot:
        for key, status in ((KEY, 200), (KEY[:-1], 401)):
            headers = {"Authorization": f"Bearer {key}"}
            assert depot.handle(Request("GET", "http://x/acme", headers)).status_code == status
    assert len(compared) == 2
    assert {len(digest) for both in compared for digest in both} == {
        64
    }  # digests, which tell nothing of a key's length


# What it takes


def test_clients_that_send_nothing_hold_up_nobody(server):
    """Neither those that only connect, nor those that stop in the middle of a request."""
    beginnings = [b"", b"GET /api/v1/acme HT", b"POST /api/v1/acme/repos HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"]
    connections = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(150)]
    try:
        for number, connection in enumerate(connections):
            connection.sendall(beginnings[number % 3])
        assert Remote(server.url, KEY)("GET", "/acme")[0] == 200
    finally:
        for connection in connections:
            connection.close()


@pytest.fixture
def later(depot, monkeypatch):
    """A server whose clock a test moves: what waitress does each half minute, it does at that time."""

    class Clock:
        ahead = 0.0

        def time(self):
            return time.time() + self.ahead

    clock = Clock()
    for module in ("waitress.server", "waitress.channel", "mesa_transports.local.channel"):
        monkeypatch.setattr(f"{module}.time", clock)
    with Server(depot).start() as server:

        def advance(seconds):
            clock.ahead += seconds

        yield server, advance


@pytest.mark.parametrize("beginning", [b"", b"GET /api/v1/acme HT"])
def test_a_client_that_sends_nothing_is_left(later, beginning):
    server, advance = later
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(beginning)
        assert Remote(server.url, KEY)("GET", "/acme")[0] == 200
        advance(200)
        assert connection.recv(1000) == b""


def test_a_client_that_sends_its_headers_byte_by_byte_is_left(later):
    server, advance = later
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection, suppress(OSError):
        connection.sendall(b"GET /api/v1/acme HTTP/1.1\r\n")
        for number in range(100):
            Remote(server.url, KEY)("GET", "/acme")  # so that the server has seen what came before
            connection.sendall(b"X" if number % 9 else b": 1\r\n")
            advance(20)
        pytest.fail("the server went on listening")


def test_a_client_that_reads_nothing_is_left(later, monkeypatch):
    """So that it holds neither a thread nor, with that, whoever waits for the requests in hand."""
    server, advance = later
    full, ended = threading.Event(), threading.Event()

    def endless(self, environ, start_response):
        start_response("200 OK", [])
        try:
            for number in itertools.count():
                if number == 16:
                    full.set()
                yield b"x" * (1 << 20)
        finally:
            ended.set()

    monkeypatch.setattr(Application, "__call__", endless)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"GET /api/v1/acme HTTP/1.1\r\n\r\n")
        assert full.wait(10)
        assert not ended.is_set()
        for _ in range(100):  # it may have sent a little until now
            advance(200)
            if ended.wait(0.1):
                break
        assert ended.is_set()


def test_a_client_that_speaks_tls_is_refused_at_once(server):
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    with connection, pytest.raises(ssl.SSLError, match="WRONG_VERSION_NUMBER"):
        ssl.create_default_context().wrap_socket(connection, server_hostname="127.0.0.1")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.0 400 ")
    assert b"it is TLS, and this is a server of plain http" in answer


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /api/v1/acme HTTP/1.1\r\n" + "".join(f"X-{number}: 1\r\n" for number in range(30_000)), 431),
        (f"GET /api/v1/{'a' * 300_000} HTTP/1.1\r\n", 431),
        (f"GET /api/v1/{'a' * 100_000} HTTP/1.1\r\n", 404),
        (f"GET /api/v1/acme?{'a=b&' * 50_000} HTTP/1.1\r\n", 200),
        (f"GET /api/v1/acme/repos?limit={'1' * 100_000} HTTP/1.1\r\n", 400),
        ("POST /api/v1/acme/repos HTTP/1.1\r\nContent-Length: 99999999999\r\n", 413),
    ],
)
def test_requests_have_bounds(server, head, status):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"{head}Authorization: Bearer {KEY}\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            assert int(answer.readline().split()[1]) == status
