"""What a cache keeps, for whom, how much, and what it survives; on answers from a script."""

from __future__ import annotations

import json
import logging
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mesa_core import Call, Instead, MesaError, Plugin, Request, Response, hookimpl
from mesa_plugins.cache import Cache
from mesa_plugins.testing import Script, answer
from mesa_sdk import ConfigurationError, Forbidden, Mesa, NotFound, ResponseValidationError, ServerError

OLD, NEW = "a" * 40, "b" * 40
COMMIT = {
    "sha": NEW,
    "message": "Add it",
    "author": {"name": "Bot", "email": "bot@example.com", "date": "2026-01-02T03:04:05Z"},
    "committer": {"name": "Bot", "email": "bot@example.com", "date": "2026-01-02T03:04:05Z"},
    "parents": [],
}


def read(client: Mesa, ref: str = NEW, path: str = "a.txt", **options: object) -> object:
    return client.raw.content.read(org="acme", repo="app", path=path, ref=ref, request_options=options or None)


def content(text: bytes, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(200, {"Content-Type": "application/octet-stream", **named}, text)


@pytest.fixture(params=["memory", "disk"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Cache]:
    def make(**options: object) -> Cache:
        return Cache(**options) if request.param == "memory" else Cache(path=tmp_path / "kept", **options)

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


# For whom


def test_a_key_that_is_asked_for_is_asked_once_for_each_attempt_and_counts_as_what_it_gives(make):
    asked: list[str] = []
    keys = iter(["one", "one", "two", "two"])

    def key() -> str:
        asked.append(next(keys))
        return asked[-1]

    script = Script(content(b"1"), content(b"2"))
    with script.client(api_key=key, plugins=[make()]) as client:
        assert [read(client).from_cache for _ in range(4)] == [False, True, False, True]
    assert asked == ["one", "one", "two", "two"]
    assert [request.headers["Authorization"] for request in script.requests] == ["Bearer one", "Bearer two"]
    script.assert_done()


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ({}, {}, True),
        ({"api_key": "one"}, {"api_key": "two"}, False),
        ({"server_url": "https://a.example"}, {"server_url": "https://b.example"}, False),
        ({"headers": {"X-Tenant": "a"}}, {"headers": {"X-Tenant": "b"}}, False),
        ({"headers": {"X-Tenant": "a"}}, {"headers": {"x-tenant": "a"}}, True),
        ({"headers": {"X-Tenant": "a"}}, {}, False),
    ],
)
def test_who_shares_an_answer(make, first, second, shared):
    cache = make()
    for options, expected in ((first, False), (second, shared)):
        with Script(content(b"it")).client(plugins=[cache], **options) as client:
            assert read(client).from_cache is expected


def test_headers_of_one_call_count(make):
    with Script(content(b"a"), content(b"b")).client(plugins=[make()]) as client:
        assert read(client, headers={"X-Tenant": "a"}).parsed == b"a"
        assert read(client, headers={"X-Tenant": "b"}).parsed == b"b"
        assert read(client, headers={"X-Tenant": "a"}).from_cache


def test_headers_that_plugins_add_do_not_count(make):
    class Numbers(Plugin):
        def before_request(self, request: Request, call: Call) -> None:
            request.headers["X-Number"] = str(id(call))

    with Script(content(b"it")).client(plugins=[make(), Numbers()]) as client:
        assert [read(client).from_cache for _ in range(2)] == [False, True]


class Readdresses(Plugin):
    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new

    def before_request(self, request: Request, call: Call) -> None:
        request.url = request.url.replace(self.old, self.new)


def test_what_is_sent_elsewhere_is_not_kept(make):
    elsewhere = Readdresses("https://mesa.test", "https://other.example")
    with Script(content(b"a"), content(b"b")).client(plugins=[make(), elsewhere]) as client:
        assert [read(client).parsed for _ in range(2)] == [b"a", b"b"]


def test_a_sha_that_another_plugin_puts_in_the_place_of_a_branch_counts_and_the_other_way_round(make):
    with Script(content(b"a")).client(plugins=[make(), Readdresses("ref=main", f"ref={NEW}")]) as client:
        assert [read(client, "main").from_cache for _ in range(2)] == [False, True]
    with Script(content(b"a"), content(b"b")).client(plugins=[Cache(), Readdresses(NEW, "main")]) as client:
        assert [read(client).parsed for _ in range(2)] == [b"a", b"b"]


@pytest.mark.parametrize("ref", ["main", NEW[:39], NEW + "b", NEW.upper(), NEW[:-1] + "g", f"{NEW}\n", f"{NEW}^"])
def test_what_is_no_full_sha_is_not_kept(make, ref):
    with Script(content(b"a"), content(b"b")).client(plugins=[make()]) as client:
        assert [read(client, ref).parsed for _ in range(2)] == [b"a", b"b"]


# What


@pytest.mark.parametrize("other", [Response(206, {}, b"part"), Response(203, {}, b"changed")])
def test_only_a_whole_answer_of_the_servers_is_kept(make, other):
    with Script(other, content(b"it")).client(plugins=[make()]) as client:
        assert read(client).parsed == other.content
        assert read(client).parsed == b"it"
        assert read(client).from_cache


def test_an_answer_that_cannot_be_read_is_not_kept(make):
    with Script(answer({"sha": 5}), answer(COMMIT)).client(plugins=[make()], retry_config=None) as client:
        with pytest.raises(ResponseValidationError):
            client.commits.get(org="acme", repo="app", sha=NEW)
        assert client.commits.get(org="acme", repo="app", sha=NEW).sha == NEW


class Breaks(Plugin):
    @hookimpl(trylast=True)
    def after_response(self, response: Response, call: Call) -> None:
        raise KeyboardInterrupt


def test_an_answer_that_its_caller_never_got_is_not_kept(make):
    cache = make()
    with Script(content(b"it")).client(plugins=[cache, Breaks()]) as client, pytest.raises(KeyboardInterrupt):
        read(client)
    assert cache.size_bytes == 0


class FallsBack(Plugin):
    def on_error(self, error: MesaError, call: Call) -> Response:
        return answer({**COMMIT, "message": "a stand-in"})


def test_what_another_plugin_puts_in_the_place_of_a_failure_is_not_kept(make):
    cache = make()
    for bad in (answer({"sha": 5}), 404):
        with Script(bad).client(plugins=[cache, FallsBack()]) as client:
            assert client.commits.get(org="acme", repo="app", sha=NEW).message == "a stand-in"
    with Script(answer(COMMIT)).client(plugins=[cache]) as client:
        assert client.commits.get(org="acme", repo="app", sha=NEW).message == "Add it"


def test_a_repeated_call_keeps_its_last_answer(make):
    with Script(503, content(b"it")).client(plugins=[make()]) as client:
        assert [len(read(client).attempts), read(client).from_cache] == [2, True]


def test_a_deletion_that_may_have_been_carried_out_forgets_too(make):
    with Script(content(b"it"), 500, 404).client(plugins=[make()], retry_config={"strategy": "none"}) as client:
        read(client)
        with pytest.raises(ServerError):
            client.repos.delete(org="acme", repo="app")
        with pytest.raises(NotFound):
            read(client)


def test_another_repository_is_not_forgotten(make):
    with Script(content(b"it"), {"success": True}).client(plugins=[make()]) as client:
        read(client)
        client.repos.delete(org="acme", repo="app2")
        assert read(client).from_cache


def test_headers_that_may_be_secret_are_not_kept(make, folder):
    cookie = content(b"it", Set_Cookie="session=s3cr3t", X_Request_Id="r-1", Link="<https://x?token=s3cr3t>")
    with Script(cookie).client(api_key="k3y-s3cr3t", plugins=[make()]) as client:
        read(client)
        kept = read(client)
    assert dict(kept.headers) == {"Content-Type": "application/octet-stream", "X-Request-Id": "r-1"}
    assert not any(b"s3cr3t" in path.read_bytes() or "s3cr3t" in str(path) for path in files(folder))


def test_bytes_of_every_kind_come_back(make):
    every = bytes(range(256)) + b"\n\n" + "é\udcff".encode("utf-8", "surrogatepass")
    with Script(content(every), content(b"")).client(plugins=[make()]) as client:
        assert [read(client).parsed for _ in range(2)] == [every] * 2
        assert [read(client, OLD).parsed for _ in range(2)] == [b""] * 2


# How much


def test_what_was_used_longest_ago_makes_room(make):
    cache = make(max_bytes=6500)
    with Script(rest=content(b"x" * 1000)).client(plugins=[cache]) as client:
        for number in range(3):
            read(client, path=f"{number}.txt")
        age(cache)
        assert read(client, path="0.txt").from_cache  # used again
        for number in range(3, 6):
            read(client, path=f"{number}.txt")
            assert cache.size_bytes <= 6500
        assert read(client, path="0.txt").from_cache
        assert not read(client, path="1.txt").from_cache


def age(cache: Cache) -> None:
    """Make files older, one by one: a file system's clock may be too coarse to tell which came first."""
    folder = getattr(cache, "_path", None)
    for number, path in enumerate(sorted(files(folder or Path("/nonexistent")), key=os.path.getmtime)):
        os.utime(path, (1_000_000 + number, 1_000_000 + number))


def test_what_alone_is_too_much_is_not_kept_and_drives_nothing_out(make):
    cache = make(max_bytes=3000)
    with Script(content(b"small"), rest=content(b"x" * 4000)).client(plugins=[cache]) as client:
        read(client)
        assert [read(client, path="large").from_cache for _ in range(2)] == [False, False]
        assert read(client).from_cache


def test_the_bound_is_one_for_all_that_ever_used_a_folder(folder):
    for number in range(10):
        with Script(content(b"x" * 1000)).client(plugins=[Cache(path=folder, max_bytes=5000)]) as client:
            read(client, path=f"{number}.txt")
    assert 2000 < Cache(path=folder).size_bytes <= 5000


def test_clear_forgets_all(make):
    cache = make()
    with Script(content(b"a"), content(b"b")).client(plugins=[cache]) as client:
        read(client)
        cache.clear()
        assert cache.size_bytes == 0
        assert read(client).parsed == b"b"


def test_clear_and_making_room_leave_other_files_alone(folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("mine" * 1000)
    cache = Cache(path=folder, max_bytes=2000)
    with Script(rest=content(b"x" * 1000)).client(plugins=[cache]) as client:
        for number in range(5):
            read(client, path=str(number))
    cache.clear()
    assert files(folder) == [folder / "notes.txt"]


# On disk


def test_for_the_owners_eyes_only(folder):
    with Script(content(b"it")).client(plugins=[Cache(path=folder)]) as client:
        read(client)
    (file,) = files(folder)
    assert [path.stat().st_mode & 0o777 for path in (folder, file.parent, file)] == [0o700, 0o700, 0o600]


def damages(file: bytes) -> Iterator[bytes]:
    yield b""
    yield file[:-1]
    yield file[: len(file) // 2]
    yield file.replace(b"it", b"at")
    yield b"0" * 64 + file[64:]
    yield b"\xff" * len(file)
    yield file + b"\n"


@pytest.mark.parametrize("number", range(7))
def test_a_damaged_file_is_an_answer_that_is_not_kept(folder, number):
    with Script(content(b"it"), content(b"it")).client(plugins=[Cache(path=folder)]) as client:
        read(client)
        (file,) = files(folder)
        file.write_bytes(list(damages(file.read_bytes()))[number])
        assert (read(client).from_cache, read(client).from_cache) == (False, True)


def test_what_an_older_version_kept_and_this_one_cannot_read_is_asked_for_anew(make):
    cache = make()
    commit = json.dumps(COMMIT).encode()

    class Lenient(Plugin):
        """Stands in for an older version, which took what this one refuses."""

        def after_response(self, response: Response, call: Call) -> None:
            response.content = commit

    with Script(answer({"sha": 5})).client(plugins=[cache, Lenient()]) as older:
        older.commits.get(org="acme", repo="app", sha=NEW)
    script = Script(answer(COMMIT))
    with script.client(plugins=[cache], retry_config={"strategy": "none"}) as client:
        raw = client.raw.commits.get(org="acme", repo="app", sha=NEW)
        assert (raw.from_cache, len(raw.attempts)) == (False, 2)
        assert client.raw.commits.get(org="acme", repo="app", sha=NEW).from_cache
    with Script(answer({"sha": 5})).client(plugins=[cache, Lenient()], api_key="other") as older:
        older.commits.get(org="acme", repo="app", sha=NEW)
    with Script(answer({"sha": 6})).client(plugins=[cache], api_key="other") as client:
        with pytest.raises(ResponseValidationError) as caught:
            client.commits.get(org="acme", repo="app", sha=NEW)
        assert len(caught.value.attempts) == 2


def test_a_folder_that_cannot_be_written_harms_no_call(folder, caplog):
    cache = Cache(path=folder)
    folder.rmdir()
    folder.write_text("in the way")
    with caplog.at_level(logging.WARNING, "mesa"), Script(rest=content(b"it")).client(plugins=[cache]) as client:
        assert [read(client).from_cache for _ in range(3)] == [False] * 3
    assert [record.getMessage() for record in caplog.records] == [
        f"answers cannot be kept in {folder}: Not a directory"
    ]


def test_what_a_killed_process_left_is_cleared(folder):
    cache = Cache(path=folder)
    with Script(content(b"it")).client(plugins=[cache]) as client:
        read(client)
    (file,) = files(folder)
    file.rename(file.with_suffix(".answer.tmp"))
    cache.clear()
    assert files(folder) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_begins_with_an_empty_memory_and_no_lock_that_a_thread_of_its_parent_holds():
    cache = Cache()
    with Script(rest=content(b"it")).client(plugins=[cache]) as client:
        read(client)
        with cache._store._lock:
            child = os.fork()
            if not child:
                os._exit([read(client).from_cache for _ in range(2)] != [False, True])
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert read(client).from_cache


# Making one


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_bytes": 0}, "max_bytes: expected a whole number of at least 1, got 0"),
        ({"max_bytes": True}, "max_bytes: expected a whole number of at least 1, got True"),
        ({"max_bytes": 1.5}, "max_bytes: expected a whole number of at least 1, got 1.5"),
        ({"path": ""}, "path: expected the path of a folder, got ''"),
        ({"path": 5}, "path: expected the path of a folder, got 5"),
        ({"path": sys.executable}, f"path: {sys.executable} cannot be made a folder: File exists"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ConfigurationError, match="^" + message.replace("(", r"\(") + "$"):
        Cache(**options)


def test_by_name_for_who_asks(monkeypatch):
    monkeypatch.setenv("MESA_PLUGINS", "cache")
    with Mesa(transport=Script(content(b"it")), api_key="k") as client:
        assert [read(client).from_cache for _ in range(2)] == [False, True]
    monkeypatch.setenv("MESA_PLUGINS", "*")
    with Mesa(transport=Script(), api_key="k") as client:
        assert "cache" not in [plugin.name for plugin in client.plugins]


def test_travels_without_its_memory_and_with_its_folder(make, folder):
    cache = make(max_bytes=12345)
    with Script(content(b"it")).client(plugins=[cache]) as client:
        read(client)
    there = pickle.loads(pickle.dumps(cache))
    assert repr(there) == repr(cache)
    assert (there.size_bytes > 0) == folder.exists()


class AsTenant(Plugin):
    """Authenticates in the place of `auth`."""

    tenant = "alice"

    def before_request(self, request: Request) -> None:
        request.headers["Authorization"] = f"Bearer {self.tenant}"


@pytest.mark.parametrize("first", ["cache", "tenant"])
def test_nothing_is_kept_where_another_plugin_authenticates(make, first):
    script, tenant, cache = Script(content(b"alice's"), 403), AsTenant(), make()
    plugins = [cache, tenant] if first == "cache" else [tenant, cache]
    with script.client(api_key=None, plugins=plugins, disable_plugins=["auth"]) as client:
        assert read(client).parsed == b"alice's"
        tenant.tenant = "mallory"
        with pytest.raises(Forbidden):
            read(client)
    assert cache.size_bytes == 0


@pytest.mark.parametrize("send", [False, True])
def test_what_a_plugin_put_in_the_servers_place_is_not_kept(make, send):
    class Stubs(Plugin):
        def before_request(self, request: Request) -> Instead:
            return Instead(content(b"a stub"), send=send)

    cache = make()
    with Script(rest=content(b"real")).client(plugins=[Stubs(), cache]) as client:
        assert read(client).parsed == b"a stub"
    with Script(content(b"real")).client(plugins=[cache]) as client:
        assert read(client).parsed == b"real"


def test_what_the_server_has_not_found_out_yet_is_asked_for_again(make):
    def file(last: str | None) -> dict[str, object]:
        facts = {"name": "a", "path": "a", "sha": OLD, "size": 1, "executable": False}
        return {"type": "file", **facts, "encoding": "base64", "content": "eA==", "last_commit_at": last}

    script = Script(*map(file, (None, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z")))
    with script.client(plugins=[make()]) as client:
        found = [client.raw.content.get(org="acme", repo="app", path="a", ref=NEW) for _ in range(3)]
    assert [each.from_cache for each in found] == [False, False, True]
    assert [each.parsed.last_commit_at is None for each in found] == [True, False, False]


def test_a_folder_of_a_repository_goes_with_its_last_answer(folder):
    with Script(rest=content(b"x" * 500)).client(plugins=[Cache(path=folder, max_bytes=2000)]) as client:
        for number in range(40):
            client.content.read(org="acme", repo=f"app-{number}", path="a", ref=NEW)
    assert len([each for each in folder.iterdir() if each.is_dir()]) == len(files(folder)) < 10
