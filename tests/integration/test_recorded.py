"""The recorded transport as its users meet it: modes, the environment, no network, the real client around it."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import pickle
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from echo import Echo, recorded, send

from mesa_core import Call, Plugin, Request, Response
from mesa_plugins.testing import Script
from mesa_sdk import (
    AsyncMesa,
    ConfigurationError,
    ConnectError,
    Mesa,
    ResponseValidationError,
    ServerError,
    TransportError,
)
from mesa_transports.recorded import DamagedRecording, NoRecording, RecordedTransport

KEY = "mesa_root_key_of_the_tests"


def repo(name: str, **changes: object) -> Response:
    data = {
        "id": "repo_1",
        "org": "o",
        "name": name,
        "default_branch": "main",
        "head_sha": None,
        "size_bytes": 0,
        "created_at": "2026-01-02T03:04:05Z",
        "upstream": None,
        **changes,
    }
    return Response(200, {"Content-Type": "application/json"}, json.dumps(data).encode())


def busy(**headers: str) -> Response:
    body = {"error": {"code": "BUSY", "message": "Later", "details": {}}}
    return Response(503, {"Content-Type": "application/json", **headers}, json.dumps(body).encode())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recordings" / "x.json"


Ask = Callable[..., object]


@pytest.fixture(params=["blocking", "async"])
def ask(request: pytest.FixtureRequest, path: Path) -> Ask:
    """Makes calls with a client of either world on one recording; returns the results or the errors."""

    def blocking(*names: str, options: dict[str, object], **client: object) -> list[object]:
        made = Mesa(api_key=KEY, transport="recorded", transport_options={"path": path, **options}, **client)
        with made:
            return [outcome(lambda name=name: made.repos.get(org="o", repo=name)) for name in names]

    def nonblocking(*names: str, options: dict[str, object], **client: object) -> list[object]:
        async def main() -> list[object]:
            made = AsyncMesa(api_key=KEY, transport="recorded", transport_options={"path": path, **options}, **client)
            async with made:
                return [await aoutcome(made, name) for name in names]

        return asyncio.run(main())

    return blocking if request.param == "blocking" else nonblocking


def outcome(call: Callable[[], object]) -> object:
    try:
        return call().name
    except TransportError as error:
        return error


async def aoutcome(client: AsyncMesa, name: str) -> object:
    try:
        return (await client.repos.get(org="o", repo=name)).name
    except TransportError as error:
        return error


def names(path: Path) -> list[str]:
    return [each["response"]["body"]["json"]["name"] for each in json.loads(path.read_text())["interactions"]]


class TestModes:
    def test_replay_is_the_default_and_sends_nothing(self, ask, path):
        ask("a", options={"mode": "record", "inner": Script(repo("a"))})
        inner = Script()
        assert ask("a", options={"inner": inner}) == ["a"]
        assert (inner.requests, inner.closed) == ([], 0)

    def test_replay_without_a_file_is_an_error_that_says_how_to_make_one(self, ask, path):
        with pytest.raises(ConfigurationError, match=r"no recording .*x\.json.*MESA_RECORD=once"):
            ask("a", options={})
        assert not path.exists()

    def test_record_writes_the_file_anew(self, ask, path):
        ask("a", "b", options={"mode": "record", "inner": Script(repo("a"), repo("b"))})
        ask("c", options={"mode": "record", "inner": Script(repo("c"))})
        assert names(path) == ["c"]

    def test_record_mends_a_damaged_file(self, ask, path):
        ask("b", options={"mode": "record", "inner": Script(repo("b"))})
        path.write_text(path.read_text()[:-10])
        ask("a", options={"mode": "record", "inner": Script(repo("a"))})
        assert names(path) == ["a"]

    def test_record_without_a_request_leaves_an_empty_recording(self, ask, path):
        ask("a", options={"mode": "record", "inner": Script(repo("a"))})
        ask(options={"mode": "record", "inner": Script()})
        assert names(path) == []

    def test_record_that_broke_off_before_the_first_request_leaves_what_there_was(self, path):
        options = {"path": path, "mode": "record", "inner": Script(repo("a"))}
        with Mesa(api_key=KEY, transport="recorded", transport_options=options) as client:
            client.repos.get(org="o", repo="a")
        with (
            pytest.raises(ZeroDivisionError),
            Mesa(api_key=KEY, transport="recorded", transport_options=options),
        ):
            raise ZeroDivisionError

        async def main() -> None:
            options["inner"] = Script()
            async with AsyncMesa(api_key=KEY, transport="recorded", transport_options=options):
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            asyncio.run(main())
        assert names(path) == ["a"]

    def test_once_records_when_the_file_is_missing_and_then_replays(self, ask, path):
        ask("a", options={"mode": "once", "inner": Script(repo("a"))})
        inner = Script(repo("live"))
        found = ask("a", "b", options={"mode": "once", "inner": inner})
        assert found[0] == "a"
        assert isinstance(found[1], NoRecording)
        assert (inner.requests, names(path)) == ([], ["a"])

    def test_new_replays_what_is_known_and_records_the_rest(self, ask, path):
        ask("a", options={"mode": "new", "inner": Script(repo("a"))})
        inner = Script(repo("b"), repo("a"))
        assert ask("a", "b", "a", options={"mode": "new", "inner": inner}) == ["a", "b", "a"]
        assert [request.url.rpartition("/")[2] for request in inner.requests] == ["b", "a"]
        assert names(path) == ["a", "b", "a"]

    def test_a_transport_error_passes_and_is_not_recorded(self, ask, path):
        inner = Script(ConnectError("down"), repo("b"))
        found = ask("a", "b", options={"mode": "record", "inner": inner}, retry_config={"strategy": "none"})
        assert isinstance(found[0], ConnectError)
        assert names(path) == ["b"]

    def test_an_inner_transport_of_the_users_is_left_open(self, ask, path):
        inner = Script(repo("a"))
        ask("a", options={"mode": "record", "inner": inner})
        assert inner.closed == 0

    @pytest.mark.parametrize("mode", ["once", "new", "record"])
    def test_the_environment_says_the_mode(self, ask, path, monkeypatch, mode):
        monkeypatch.setenv("MESA_RECORD", mode)
        ask("a", options={"inner": Script(repo("a"))})
        assert names(path) == ["a"]

    def test_an_option_outdoes_the_environment(self, ask, path, monkeypatch):
        monkeypatch.setenv("MESA_RECORD", "record")
        with pytest.raises(ConfigurationError, match="there is no recording"):
            ask("a", options={"mode": "replay"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "onec"}, "mode: unknown mode 'onec'; did you mean 'once'"),
        ({"mode": 3}, "mode: unknown mode 3"),
        ({"match_on": ["metod"]}, "match_on: unknown field 'metod'; did you mean 'method'"),
        ({"match_on": "path"}, "match_on: expected names"),
        ({"match_on": []}, "match_on: expected names"),
        ({"allow_repeats": 1}, "allow_repeats: expected True or False, got 1"),
        ({"redact": "s3cret"}, "redact: expected a list, got str"),
        ({"redact": [""]}, "redact: expected texts.*got an empty text"),
        ({"redact": [b"x"]}, "redact: expected texts.*got bytes"),
        ({"path": 3}, "path: expected the path of a file, got int"),
        ({"path": "x.yaml"}, "path: expected a file whose name ends in .json"),
        ({"mode": "record", "inner": "htpx"}, "unknown transport 'htpx'; did you mean 'httpx'"),
        (
            {"mode": "record", "inner": object()},
            "inner: expected a name or a transport with a?send and a?close, got object",
        ),
        ({"inner": object()}, "inner: expected a name or a transport with a?send and a?close, got object"),
        ({"inner": None}, "inner: expected .*, got NoneType"),
        ({"inner": Script}, "inner: expected .*, got the class Script"),
        ({"mode": "record", "inner": Script}, "inner: expected .*, got the class Script"),
        ({"mode": "record", "inner_options": {"prox": 1}}, "transport_options of 'httpx': unknown option 'prox'"),
        ({"inner": Script(), "inner_options": {"proxy": None}}, "inner_options: .* not for an object"),
        ({"pth": "x"}, "transport_options of 'recorded': unknown option 'pth'; did you mean 'path'"),
    ],
)
def test_a_wrong_option_is_named(ask, options, message, monkeypatch):
    with pytest.raises(ConfigurationError, match=message):
        ask("a", options=options)


def test_a_wrong_mode_in_the_environment_is_named(ask, monkeypatch):
    monkeypatch.setenv("MESA_RECORD", "alwys")
    with pytest.raises(ConfigurationError, match="MESA_RECORD: unknown mode 'alwys'"):
        ask("a", options={})


def test_an_inner_transport_of_the_other_world_is_refused_when_the_client_is_built(path):
    with pytest.raises(ConfigurationError, match="AsyncMesa cannot use 'requests'"):
        AsyncMesa(
            api_key=KEY, transport="recorded", transport_options={"path": path, "mode": "once", "inner": "requests"}
        )
    assert not path.exists()


def test_a_function_that_cannot_compare_is_named(ask, path):
    def careless(asked: Request, recorded: Request) -> bool:
        return asked.headers["X-Missing"] == recorded.url

    ask("a", options={"mode": "record", "inner": Script(repo("a"))})
    (error,) = ask("a", options={"match_on": careless})
    assert re.fullmatch(r"match_on: the function .*\.careless raised KeyError: 'x-missing'", str(error))
    assert (error.sent, len(error.attempts)) == (False, 1)


@pytest.mark.parametrize("mode", ["replay", "once", "new"])
def test_a_damaged_file_is_an_error_and_never_the_network(ask, path, mode):
    ask("a", options={"mode": "record", "inner": Script(repo("a"))})
    path.write_text(path.read_text().replace('"status": 200', '"status": "200"'))
    inner = Script(repo("a"))
    with pytest.raises(
        DamagedRecording, match=r"x\.json: interactions\[0\].response.status: expected a whole number"
    ) as e:
        ask("a", options={"mode": mode, "inner": inner})
    assert e.value.place == "interactions[0].response.status"
    assert inner.requests == []


class TestTheRealClient:
    def test_a_recorded_503_then_200_replays_as_a_retried_call_without_waiting(self, ask, path):
        attempts: list[tuple[int, float]] = []

        class Watch(Plugin):
            def after_response(self, response: Response, call: Call) -> None:
                attempts.append((response.status_code, call.elapsed))

        inner = Script(busy(), repo("a"))
        quick = {"strategy": "backoff", "backoff": {"initial_interval": 1, "max_interval": 1}}
        ask("a", options={"mode": "record", "inner": inner}, retry_config=quick)
        document = json.loads(path.read_text())
        document["interactions"][0]["response"]["headers"]["Retry-After"] = "120"
        path.write_text(json.dumps(document))
        assert ask("a", options={}, plugins=[Watch()]) == ["a"]
        assert [status for status, _ in attempts] == [503, 200]
        # The two minutes count as passed, though nobody waited for them: pytest's own time limit would tell.
        assert attempts[1][1] >= 120

    def test_a_wait_in_replay_respects_the_bound_of_the_whole_call(self, path):
        body = busy(**{"Retry-After": "250"})
        options = {"path": path, "mode": "record", "inner": Script(body)}
        with (
            Mesa(api_key=KEY, transport="recorded", transport_options=options) as client,
            pytest.raises(ServerError),
        ):
            client.with_options(retry_config={"strategy": "none"}).repos.get(org="o", repo="a")
        with (
            RecordedTransport(path=path, allow_repeats=True) as transport,
            Mesa(api_key=KEY, transport=transport) as client,
            pytest.raises(ServerError) as refused,
        ):
            client.repos.get(org="o", repo="a")
        assert [attempt.wait for attempt in refused.value.attempts] == [0, 250]

    def test_plugins_see_replayed_calls(self, ask, path):
        class Rewrite(Plugin):
            def after_response(self, response: Response, call: Call) -> None:
                response.content = response.content.replace(b'"a"', b'"changed"')
                response.headers["X-Seen"] = "1"

        ask("a", options={"mode": "record", "inner": Script(repo("a"))})
        # What a plugin does to an answer stays out of the recording, in which it would be found the next time.
        options = {"allow_repeats": True}
        assert ask("a", "a", options=options, plugins=[Rewrite()]) == ["changed", "changed"]
        assert names(path) == ["a"]

    def test_a_changed_answer_is_recorded_as_it_came(self, ask, path):
        class Rewrite(Plugin):
            def after_response(self, response: Response, call: Call) -> None:
                response.content = response.content.replace(b'"a"', b'"changed"')

        inner = Script(repo("a"))
        assert ask("a", options={"mode": "record", "inner": inner}, plugins=[Rewrite()]) == ["changed"]
        assert names(path) == ["a"]

    def test_a_miss_is_not_retried(self, ask, path):
        ask("a", options={"mode": "record", "inner": Script(repo("a"))})
        (error,) = ask("b", options={})
        assert (type(error), error.sent, len(error.attempts)) == (NoRecording, False, 1)
        assert "path: recorded '/o/a', asked for '/o/b'" in str(error)
        assert "MESA_RECORD=new" in str(error)
        assert pickle.loads(pickle.dumps(error)).differences == error.differences


class TestAnswers:
    """An answer is replayed to the byte, and so what is wrong with it is told as it was live."""

    GOOD = repo("a").content

    @pytest.mark.parametrize(
        "content",
        [
            GOOD,
            GOOD.replace(b": ", b":").replace(b", ", b","),
            json.dumps(json.loads(GOOD), indent=4).encode() + b"\n",
            GOOD.replace(b"{", b'{"x": 1e5, "y": "\\u00E9", ', 1),
            GOOD.replace(b"{", b'{"name": "b", ', 1),
            GOOD.replace(b'"name"', b'"nome"'),
            GOOD.replace(b'"size_bytes": 0', b'"size_bytes": "0"'),
            GOOD.replace(b'"size_bytes": 0', b'"size_bytes": 1.0'),
            GOOD.replace(b'"size_bytes": 0', b'"size_bytes": NaN'),
            GOOD.replace(b"2026-01-02", b"2026-13-02"),
            GOOD[:-1],
            GOOD + b"x",
            b"\xef\xbb\xbf" + GOOD,
            GOOD.decode().encode("utf-16"),
            b"\xff",
            b"[]",
            b"null",
            b"",
            b"<html>",
        ],
    )
    def test_whatever_is_answered_replays_as_it_was(self, path, content):
        def get(client: Mesa) -> tuple[object, ...]:
            try:
                raw = client.raw.repos.get(org="o", repo="a")
            except ResponseValidationError as error:
                return type(error), str(error), error.path
            return raw.content, raw.parsed

        answer = Response(200, {"Content-Type": "application/json"}, content)
        options = {"path": path, "mode": "record", "inner": Script(answer)}
        with Mesa(api_key=KEY, transport="recorded", transport_options=options) as client:
            live = get(client)
        with Mesa(api_key=KEY, transport="recorded", transport_options={"path": path}) as client:
            assert get(client) == live
        with RecordedTransport(path=path) as transport:
            asked = Request("GET", "https://h/api/v1/o/a", {"Accept": "application/json"})
            assert transport.send(asked).content == content


@pytest.mark.parametrize(
    ("recorded_at", "replayed_at", "is_known"),
    [
        ("https://host/depot/api/v1", None, True),
        (None, "https://host/depot/api/v1", True),
        (None, "http://127.0.0.1:8080/api/v1", True),
        ("https://host/depot", "https://other/depot", True),
        ("https://host/depot", None, False),
    ],
)
def test_a_recording_of_one_server_replays_for_another(path, recorded_at, replayed_at, is_known):
    options = {"path": path, "mode": "record", "inner": Script(repo("a"))}
    with Mesa(api_key=KEY, server_url=recorded_at, transport="recorded", transport_options=options) as client:
        client.repos.get(org="o", repo="a")
    with Mesa(api_key="k", server_url=replayed_at, transport="recorded", transport_options={"path": path}) as client:
        if is_known:
            assert client.repos.get(org="o", repo="a").name == "a"
        else:
            with pytest.raises(NoRecording, match="path: recorded '/depot/o/a', asked for '/o/a'"):
                client.repos.get(org="o", repo="a")


class TestLifetime:
    def test_unused_tells_what_answered_nothing(self, path):
        with RecordedTransport(path=path, mode="record", inner=Script(repo("a"), repo("b"))) as transport:
            with Mesa(api_key=KEY, transport=transport) as client:
                for name in "ab":
                    client.repos.get(org="o", repo=name)
            assert transport.unused() == ()
        with Mesa(api_key=KEY, transport="recorded", transport_options={"path": path}) as client:
            assert [str(each) for each in client.transport.unused()] == [
                "GET https://depot.mesa.dev/api/v1/o/a -> 200",
                "GET https://depot.mesa.dev/api/v1/o/b -> 200",
            ]
            client.repos.get(org="o", repo="b")
            assert [each.request.url[-1] for each in client.transport.unused()] == ["a"]

    def test_clients_replay_each_from_the_beginning(self, ask):
        ask("a", options={"mode": "record", "inner": Script(repo("a"))})
        assert ask("a", options={}) == ask("a", options={}) == ["a"]

    def test_clients_that_record_at_once_share_the_file(self, path):
        first, second = (
            Mesa(
                api_key=KEY,
                transport="recorded",
                transport_options={"path": path, "mode": "once", "inner": Script(repo(name))},
            )
            for name in "ab"
        )
        with first, second:
            for client, name in ((first, "a"), (second, "b")):
                client.repos.get(org="o", repo=name)
        assert names(path) == ["a", "b"]

    def test_clients_that_share_a_file_agree_on_how(self, path):
        with RecordedTransport(path=path, mode="once", inner=Script()):
            for others, named in (
                ({"allow_repeats": True}, "another allow_repeats"),
                ({"match_on": ["path"], "redact": ["a"]}, "another match_on and redact"),
            ):
                with pytest.raises(ConfigurationError, match=rf"another client uses .*x\.json with {named}$"):
                    RecordedTransport(path=path, mode="once", inner=Script(), **others)

    def test_clients_that_spell_a_file_in_several_ways_share_it(self, path, monkeypatch):
        path.parent.mkdir()
        (path.parent / "link.json").symlink_to(path.name)
        monkeypatch.chdir(path.parent)
        transports = [
            RecordedTransport(path=each, mode="record", inner=Echo())
            for each in (path, "x.json", "link.json", "../recordings/x.json")
        ]
        for number, transport in enumerate(transports):
            send(transport, number, f"largely{number}")
        for transport in transports:
            transport.close()
        assert recorded(path) == recorded(Path("link.json")) == Counter([*"0123", *(f"largely{n}" for n in range(4))])
        assert (path.parent / "link.json").is_symlink()
        assert len(list((path.parent / "x.files").iterdir())) == 4
        with RecordedTransport(path="link.json") as transport:
            send(transport, "largely0")

    @pytest.mark.parametrize("instead", ["nothing", "others", "directory", "pipe"])
    def test_a_large_body_that_is_gone_by_now_is_named(self, ask, path, instead):
        large = Response(200, {"Content-Type": "application/json"}, b"\xff" * 70_000)
        with RecordedTransport(path=path, mode="record", inner=Script(repo("b"), large)) as transport:
            for name in "ba":
                request = Request("GET", f"https://h/api/v1/o/{name}", {"Accept": "application/json"})
                transport.send(request)
        (file,) = path.with_suffix(".files").iterdir()

        class Remove(Plugin):
            def before_request(self, request: Request, call: Call) -> None:
                file.unlink(missing_ok=True)
                if instead == "others":
                    file.write_bytes(b"others")
                elif instead == "directory":
                    file.mkdir()
                elif instead == "pipe":
                    os.mkfifo(file)

        (error,) = ask("a", options={}, plugins=[Remove()])
        assert isinstance(error, DamagedRecording)
        assert "x.json: interactions[1].response.body: expected " in error.message
        again = pickle.loads(pickle.dumps(error))
        assert (again.place, again.sent, len(again.attempts)) == ("interactions[1].response.body", False, 1)
        if instead != "nothing":
            with pytest.raises(DamagedRecording, match=r"interactions\[1\]\.response\.body: expected "):
                RecordedTransport(path=path)

    @pytest.mark.parametrize("way", ["", "x.files"])
    @pytest.mark.parametrize("mode", ["once", "new", "record"])
    def test_what_cannot_be_written_is_known_before_anything_is_sent(self, ask, path, mode, way):
        (path.parent / way).parent.mkdir(exist_ok=True)
        (path.parent / way).write_text("in the way")
        inner = Script(repo("a"))
        with pytest.raises(ConfigurationError, match="Not a directory"):
            ask("a", options={"mode": mode, "inner": inner})
        assert inner.requests == []

    def test_a_closed_transport_sends_and_answers_nothing(self, path):
        inner = Script(repo("a"), repo("b"))
        transport = RecordedTransport(path=path, mode="record", inner=inner)
        transport.close()
        transport.close()
        with pytest.raises(ConnectError, match="closed"):
            transport.send(Request("GET", "https://depot.mesa.dev/api/v1/o/a"))
        assert inner.requests == []

    def test_a_client_pickles_as_its_configuration(self, ask, path):
        ask("a", options={"mode": "record", "inner": Script(repo("a"))})
        client = Mesa(api_key=KEY, transport="recorded", transport_options={"path": path})
        with client, pickle.loads(pickle.dumps(client)) as other:
            assert other.repos.get(org="o", repo="a") == client.repos.get(org="o", repo="a")
        with RecordedTransport(path=path) as transport:
            assert copy.copy(transport).send(Request("GET", "https://h/api/v1/o/a", {"Accept": "application/json"}))

    def test_a_file_that_cannot_be_written_is_an_error_that_says_so(self, tmp_path):
        (tmp_path / "file").write_text("")
        inner = Script(repo("a"))
        with pytest.raises(ConfigurationError, match=r"file.x\.json: .*Not a directory"):
            RecordedTransport(path=tmp_path / "file" / "x.json", mode="record", inner=inner)


PROGRAM = """
import sys
from mesa_sdk import Mesa

def made(name):
    with Mesa() as client:
        client.repos.create(org="o", body={"name": name})

def main():
    before = Mesa()
    print([repo.name for repo in before.repos.list(org="o")])
    made("a")
    made("b")
    print([repo.name for repo in before.repos.list(org="o")])
    after = Mesa()
    print([repo.name for repo in after.repos.list(org="o")])

main()
"""


class TestAProgramOfTheUsers:
    """It knows nothing of recordings, makes several clients, and does not close them all."""

    @pytest.fixture
    def start(self, tmp_path: Path) -> Iterator[Callable[..., str]]:
        (tmp_path / "program.py").write_text(PROGRAM)

        def run(**environment: str) -> str:
            done = subprocess.run(
                [sys.executable, "-W", "ignore::ResourceWarning", "program.py"],
                cwd=tmp_path,
                env={**os.environ, "MESA_API_KEY": KEY, "MESA_TRANSPORT": "recorded", **environment},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        return run

    def test_records_once_with_network_and_runs_ever_after_without(self, start, server, tmp_path):
        live = start(MESA_RECORD="once", MESA_SERVER_URL=server.url)
        assert live == "[]\n['a', 'b']\n['a', 'b']\n"
        server.close()
        recording = tmp_path / "recordings" / "mesa.json"
        before = recording.read_bytes()
        assert start(MESA_RECORD="once") == start(MESA_RECORD="once", MESA_API_KEY="no-key-at-all") == start() == live
        assert recording.read_bytes() == before
        assert KEY not in recording.read_text()

    def test_the_environment_names_the_file(self, start, server, tmp_path):
        live = start(MESA_RECORD="record", MESA_SERVER_URL=server.url, MESA_RECORDING="other.json")
        server.close()
        assert start(MESA_RECORDING="other.json") == live
        assert (tmp_path / "other.json").exists()


def test_no_socket_is_opened_in_replay(path, depot, server):
    """Held by the system: the process may not call socket() at all. Names are not looked up either."""
    with Mesa(
        api_key=KEY, server_url=server.url, transport="recorded", transport_options={"path": path, "mode": "once"}
    ) as client:
        client.repos.create(org="o", body={"name": "a"})
    code = f"""
import sys

def forbid(event, args):
    if event.startswith("socket."):
        print(event, args, file=sys.stderr)
        raise RuntimeError(event)

sys.addaudithook(forbid)
from mesa_sdk import Mesa
with Mesa(api_key="x", transport="recorded", transport_options={{"path": {str(path)!r}}}) as client:
    print(client.repos.create(org="o", body={{"name": "a"}}).name)
print(sorted(name for name in ("httpx", "requests", "urllib3") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("a\n[]\n", 0), done.stderr
