"""Webhooks of the local Depot: real listeners on loopback are told of each change of a branch."""

from __future__ import annotations

import hmac
import logging
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from attrs import define, field

from mesa_sdk import BadRequest, Mesa, PushEvent, WebhookSignatureError
from mesa_transports.local import LocalDepot
from mesa_transports.local.deliveries import Deliveries
from mesa_transports.local.server import Server

BOT = {"name": "Bot", "email": "bot@example.com"}
HERE = {"org": "acme", "repo": "app"}
NOBODY = "0" * 40
SECRET = "whsec_of_the_tests"


@define
class Received:
    headers: dict[str, str]
    body: bytes
    path: str


@define
class Listener:
    """Takes deliveries, and answers with the statuses of its script, at last 204 for ever."""

    answers: list[int] = field(factory=list)
    received: list[Received] = field(factory=list)
    got: threading.Semaphore = field(factory=lambda: threading.Semaphore(0))
    hold: threading.Event | None = None
    """While it is there and not set, no answer is given."""
    server: ThreadingHTTPServer = field(init=False)

    def __attrs_post_init__(self) -> None:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.received.append(Received(dict(self.headers), body, self.path))
                listener.got.release()
                if listener.hold is not None:
                    listener.hold.wait(30)
                status = listener.answers.pop(0) if listener.answers else 204
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", f"{listener.url}elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/"

    def close(self) -> None:
        if self.hold is not None:
            self.hold.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    with ExitStack() as stack:

        def make(**options: object) -> Listener:
            listener = Listener(**options)
            stack.callback(listener.close)
            return listener

        yield make


@pytest.fixture
def depot() -> Iterator[LocalDepot]:
    with LocalDepot(webhook_waits=(0.0, 0.0), webhook_timeout=5) as depot:
        yield depot


@pytest.fixture
def client(depot: LocalDepot) -> Mesa:
    client = Mesa(api_key="k", transport=depot, server_url="https://depot.test/api/v1")
    client.repos.create(org="acme", body={"name": "app"})
    return client


def hook(client: Mesa, listener: Listener, **body: object) -> str:
    created = client.webhooks.create(**HERE, body={"url": listener.url, "secret": SECRET, **body})
    return created.id


def commit(client: Mesa, path: str = "a.txt", branch: str = "main", message: str = "Change it") -> str:
    edit = {"path": path, "action": "upsert", "content": message}
    body = {"branch": branch, "message": message, "author": BOT, "edits": [edit]}
    return client.commits.create(**HERE, body=body).sha


def events(depot: LocalDepot, client: Mesa, listener: Listener) -> list[PushEvent]:
    assert depot.wait_for_deliveries()
    verified = [client.webhooks.verify(each.body, each.headers, secret=SECRET) for each in listener.received]
    assert all(isinstance(each, PushEvent) for each in verified)
    return verified


def moves(depot: LocalDepot, client: Mesa, listener: Listener) -> list[tuple[str, str, str]]:
    return [(each.branch, each.before, each.after) for each in events(depot, client, listener)]


# What is told


def test_a_commit_is_told_as_documented(depot, client, listen):
    first = commit(client)
    listener = listen()
    identifier = hook(client, listener)
    second = commit(client, message="Ein zweiter ✓")
    (event,) = events(depot, client, listener)
    repo = client.repos.get(**HERE)
    assert (event.repository.id, event.repository.org, event.repository.name) == (repo.id, "acme", "app")
    assert event.repository.url == "https://depot.test/api/v1/acme/app"
    assert (event.ref, event.branch, event.before, event.after) == ("refs/heads/main", "main", first, second)
    (told,) = event.commits
    assert (told.id, told.sha, told.message, told.author.name) == (second, second, "Ein zweiter ✓", "Bot")
    assert abs((datetime.now(UTC) - event.pushed_at).total_seconds()) < 60

    (received,) = listener.received
    assert received.headers["X-Depot-Event"] == "push"
    assert received.headers["User-Agent"] == "Depot-Webhook/1.0"
    assert received.headers["Content-Type"] == "application/json"
    assert received.headers["X-Depot-Delivery"].startswith("dlv_")
    assert SECRET not in repr(received) + identifier
    with pytest.raises(WebhookSignatureError):
        client.webhooks.verify(received.body, received.headers, secret="another")


def test_every_change_of_a_branch_is_told_in_order(depot, client, listen):
    listener = listen()
    hook(client, listener)
    first = commit(client)
    client.branches.create(**HERE, body={"name": "work", "from": "main"})
    second = commit(client, "b.txt", "work")
    third = commit(client, "c.txt")
    merged = client.merge.perform(**HERE, base="main", body={"head": "work", "author": BOT}).sha
    client.branches.delete(**HERE, branch="work")
    assert moves(depot, client, listener) == [
        ("main", NOBODY, first),
        ("work", NOBODY, first),
        ("work", first, second),
        ("main", first, third),
        ("main", third, merged),
        ("work", second, NOBODY),
    ]
    told = [[each.sha for each in event.commits] for event in events(depot, client, listener)]
    assert told == [[first], [], [second], [third], [second, merged], []]


def test_a_merge_that_deletes_its_branch_is_two_changes(depot, client, listen):
    first = commit(client)
    client.branches.create(**HERE, body={"name": "work", "from": "main"})
    second = commit(client, "b.txt", "work")
    listener = listen()
    hook(client, listener)
    client.merge.perform(**HERE, base="main", body={"head": "work", "delete_branch": True, "author": BOT})
    assert moves(depot, client, listener) == [("main", first, second), ("work", second, NOBODY)]


def test_a_sync_is_told(depot, client, listen, tmp_path):
    upstream = tmp_path / "upstream"
    git = ["git", "-C", str(upstream), "-c", "user.name=U", "-c", "user.email=u@example.com"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(upstream)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "Upstream's"], check=True)
    client.repos.update(**HERE, body={"upstream": {"uri": str(upstream)}})
    listener = listen()
    hook(client, listener)
    client.repos.sync(**HERE)
    (event,) = events(depot, client, listener)
    assert (event.before, [each.message for each in event.commits]) == (NOBODY, ["Upstream's\n"])


def test_what_changes_nothing_is_not_told(depot, client, listen):
    first = commit(client)
    listener = listen()
    hook(client, listener)
    client.branches.create(**HERE, body={"name": "work", "from": "main"})
    client.merge.perform(**HERE, base="main", body={"head": "work", "author": BOT})
    with pytest.raises(BadRequest):
        commit(client, "../x")
    client.content.get(**HERE)
    assert moves(depot, client, listener) == [("work", NOBODY, first)]


def test_a_thousand_commits_at_most_are_told_and_the_newest(depot, client, listen):
    lines = ["reset refs/heads/big", "commit refs/heads/big", "mark :1", "committer U <u@x> 1700000000 +0000", "data 0"]
    for number in range(2, 1102):
        lines += ["commit refs/heads/big", f"mark :{number}", f"committer U <u@x> {1700000000 + number} +0000"]
        lines += ["data 0", f"from :{number - 1}"]
    source = depot.repository_path("acme", "app")
    commit(client)
    listener = listen()
    hook(client, listener)
    hidden = ["git", f"--git-dir={source}", "fast-import", "--quiet"]
    subprocess.run(hidden, input="\n".join(lines) + "\n", text=True, check=True)
    sha = subprocess.run(
        ["git", f"--git-dir={source}", "rev-parse", "big"], capture_output=True, text=True, check=True
    ).stdout.strip()
    subprocess.run(["git", f"--git-dir={source}", "update-ref", "-d", "refs/heads/big"], check=True)
    client.branches.create(**HERE, body={"name": "large", "from": sha})
    (event,) = events(depot, client, listener)
    assert (len(event.commits), event.commits[-1].sha) == (1000, sha)


# To whom


def test_only_its_branches_are_told(depot, client, listen):
    listener = listen()
    hook(client, listener, branches=["work", "Main"])
    first = commit(client)
    client.branches.create(**HERE, body={"name": "work", "from": "main"})
    client.branches.create(**HERE, body={"name": "workshop", "from": "main"})
    assert moves(depot, client, listener) == [("work", NOBODY, first)]


@pytest.mark.parametrize(
    ("globs", "paths"),
    [
        (["*.md"], ["a.md"]),
        (["**/*.md"], ["a.md", "docs/a.md", "docs/x/b.md"]),
        (["docs/**"], ["docs/a.md", "docs/x/b.md", "docs/.hidden"]),
        (["docs/*"], ["docs/a.md", "docs/.hidden"]),
        (["docs/**/b.md"], ["docs/x/b.md"]),
        (["src/?.py", "*.MD"], ["src/a.py"]),
        (["src/[ab].py"], ["src/a.py"]),
        (["**"], ["a.md", "docs/a.md", "docs/x/b.md", "docs/.hidden", "src/a.py"]),
        (["docs"], []),
        ([], []),
    ],
)
def test_only_changes_of_its_paths_are_told(depot, client, listen, globs, paths):
    commit(client, "first")
    listener = listen()
    hook(client, listener, globs=globs)
    for path in ("a.md", "docs/a.md", "docs/x/b.md", "docs/.hidden", "src/a.py"):
        commit(client, path, message=path)
    assert [event.commits[0].message for event in events(depot, client, listener)] == paths


def test_globs_look_at_old_paths_too_and_at_what_a_new_branch_brings(depot, client, listen):
    commit(client, "docs/a.md")
    listener = listen()
    hook(client, listener, globs=["docs/**"])
    move = [{"path": "docs/a.md", "action": "delete"}, {"path": "b.md", "action": "create", "content": "Change it"}]
    body = {"branch": "main", "message": "Move it", "author": BOT, "edits": move}
    sha = client.commits.create(**HERE, body=body).sha
    client.branches.create(**HERE, body={"name": "nothing-new", "from": "main"})
    client.branches.delete(**HERE, branch="nothing-new")
    assert [(event.branch, event.after) for event in events(depot, client, listener)] == [("main", sha)]


def test_a_new_branchs_own_commits_count_for_globs(depot, client, listen):
    listener = listen()
    hook(client, listener, globs=["docs/**"])
    commit(client, "src/a.py")
    assert moves(depot, client, listener) == []
    second = commit(client, "docs/a.md", "main")
    client.branches.create(**HERE, body={"name": "copy", "from": "main"})
    assert [event.after for event in events(depot, client, listener)] == [second]


def test_of_another_repository_nothing_is_told(depot, client, listen):
    client.repos.create(org="acme", body={"name": "other"})
    listener = listen()
    client.webhooks.create(org="acme", repo="other", body={"url": listener.url})
    commit(client)
    assert moves(depot, client, listener) == []


def test_a_deleted_webhook_is_not_told(depot, client, listen):
    listener = listen(hold=threading.Event())
    identifier = hook(client, listener)
    for _ in range(3):
        commit(client)
    client.webhooks.delete(**HERE, webhook_id=identifier)
    listener.hold.set()
    assert depot.wait_for_deliveries()
    assert len(listener.received) <= 1


# Listeners that fail


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_a_listener_refuses_is_delivered_again(depot, client, listen, status):
    listener = listen(answers=[status])
    hook(client, listener)
    commit(client)
    first, second = events(depot, client, listener)
    assert first == second
    one, two = listener.received
    assert one.headers["X-Depot-Delivery"] == two.headers["X-Depot-Delivery"]
    assert (one.path, two.path) == ("/", "/")  # a redirect is not followed


def test_each_further_attempt_waits_longer_than_the_one_before(listen, monkeypatch):
    listener, waited = listen(answers=[500] * 9), []
    monkeypatch.setattr(Deliveries, "_ends_within", lambda self, seconds: waited.append(seconds))
    with LocalDepot() as depot, Mesa(api_key="k", transport=depot) as client:
        client.repos.create(org="acme", body={"name": "app"})
        hook(client, listener)
        commit(client)
        assert depot.wait_for_deliveries()
    assert waited == [1, 5, 25, 125]
    assert len(listener.received) == 5


def test_every_secret_is_compared_in_constant_time(depot, client, listen, monkeypatch):
    listener = listen()
    hook(client, listener)
    commit(client)
    assert depot.wait_for_deliveries()
    (received,) = listener.received
    compare, compared = hmac.compare_digest, []
    monkeypatch.setattr(hmac, "compare_digest", lambda *both: compared.append(both) or compare(*both))
    client.webhooks.verify(received.body, received.headers, secret=[SECRET, "old", "older"])
    assert len(compared) == 3, "also after the one that fits"


def test_each_attempt_is_signed_anew(listen):
    listener = listen(answers=[500])
    times = iter(range(1_800_000_000, 1_900_000_000, 1000))
    with LocalDepot(webhook_waits=(0.0,), clock=lambda: datetime.fromtimestamp(next(times), UTC)) as depot:
        client = Mesa(api_key="k", transport=depot)
        client.repos.create(org="acme", body={"name": "app"})
        hook(client, listener)
        commit(client)
        assert depot.wait_for_deliveries()
    one, two = (each.headers["X-Depot-Signature"] for each in listener.received)
    assert one.partition(",")[0] != two.partition(",")[0]
    for each in listener.received:
        client.webhooks.verify(each.body, each.headers, secret=SECRET, tolerance=float("inf"))


def test_it_is_given_up_at_last_and_said_without_secrets(depot, client, listen, caplog):
    listener = listen(answers=[500] * 3)
    created = client.webhooks.create(**HERE, body={"url": f"{listener.url}x?token=s3cr3t", "secret": SECRET})
    with caplog.at_level(logging.INFO, "mesa.local"):
        commit(client)
        assert depot.wait_for_deliveries()
    assert len(listener.received) == 3
    last = caplog.records[-1]
    assert last.levelname == "WARNING"
    assert last.getMessage() == f"webhook {created.id}: {listener.url}x?token=***: status 500; given up"
    assert "s3cr3t" not in caplog.text.replace(listener.received[0].path, "")
    assert SECRET not in caplog.text


def test_a_listener_that_is_gone_fails_no_request(depot, client):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    client.webhooks.create(**HERE, body={"url": f"http://127.0.0.1:{port}/"})
    client.webhooks.create(**HERE, body={"url": "http://nowhere.invalid/"})
    assert commit(client) == client.repos.get(**HERE).head_sha
    assert depot.wait_for_deliveries(30)


def test_a_listener_that_hangs_holds_up_no_request_and_no_other_listener(depot, client, listen):
    hanging, other = listen(hold=threading.Event()), listen()
    hook(client, hanging)
    hook(client, other)
    shas = [commit(client, message=str(number)) for number in range(5)]
    assert all(other.got.acquire(timeout=30) for _ in shas)
    assert not depot.wait_for_deliveries(0)
    assert len(hanging.received) == 1
    hanging.hold.set()
    assert [event.after for event in events(depot, client, hanging)] == shas


def test_closing_tells_what_is_left(listen):
    listener = listen()
    with LocalDepot(webhook_waits=(3600.0,)) as depot, Mesa(api_key="k", transport=depot) as client:
        client.repos.create(org="acme", body={"name": "app"})
        hook(client, listener)
        for number in range(10):
            commit(client, message=str(number))
    assert len(listener.received) == 10


def test_closing_does_not_wait_for_a_further_attempt(listen):
    listener = listen(answers=[500] * 10)
    with LocalDepot(webhook_waits=(3600.0,)) as depot, Mesa(api_key="k", transport=depot) as client:
        client.repos.create(org="acme", body={"name": "app"})
        hook(client, listener)
        commit(client)
    assert len(listener.received) == 1


# Where to


def test_no_url_of_the_depots_own(depot):
    with Server(depot).start() as server, Mesa(api_key="k", server_url=server.url) as client:
        client.repos.create(org="acme", body={"name": "app"})
        for host in ("127.0.0.1", "localhost", "[::1]", "127.0.0.2"):
            url = f"http://{host}:{server.port}/api/v1/acme/app"
            with pytest.raises(BadRequest, match="url: expected the URL of a listener, got one of the Depot itself"):
                client.webhooks.create(**HERE, body={"url": url})
        client.webhooks.create(**HERE, body={"url": f"http://127.0.0.1:{server.port ^ 1}/"})


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "/etc/passwd", "http:///x"])
def test_no_file(client, url):
    with pytest.raises(BadRequest, match="url: expected"):
        client.webhooks.create(**HERE, body={"url": url})


def test_what_goes_around_the_depot_is_not_told(depot, client, listen):
    first = commit(client)
    listener = listen()
    hook(client, listener)
    path: Path = depot.repository_path("acme", "app")
    subprocess.run(["git", f"--git-dir={path}", "update-ref", "refs/heads/by-hand", first], check=True)
    second = commit(client)
    assert moves(depot, client, listener) == [("main", first, second)]
