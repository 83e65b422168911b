"""A replayed call is what it was live: its retries, its plugins, its answer to the byte and its errors."""

from __future__ import annotations

import json
import pickle

import pytest
from conftest import ROOT_KEY
from echo import names, repo

from mesa_core import Call, Plugin, Request, Response
from mesa_plugins.testing import Script
from mesa_sdk import Mesa, ResponseValidationError, ServerError
from mesa_transports.recorded import NoRecording, RecordedTransport


def busy(**headers: str) -> Response:
    body = {"error": {"code": "BUSY", "message": "Later", "details": {}}}
    return Response(503, {"Content-Type": "application/json", **headers}, json.dumps(body).encode())


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
            Mesa(api_key=ROOT_KEY, transport="recorded", transport_options=options) as client,
            pytest.raises(ServerError),
        ):
            client.with_options(retry_config={"strategy": "none"}).repos.get(org="o", repo="a")
        with (
            RecordedTransport(path=path, allow_repeats=True) as transport,
            Mesa(api_key=ROOT_KEY, transport=transport) as client,
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
        with Mesa(api_key=ROOT_KEY, transport="recorded", transport_options=options) as client:
            live = get(client)
        with Mesa(api_key=ROOT_KEY, transport="recorded", transport_options={"path": path}) as client:
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
    with Mesa(api_key=ROOT_KEY, server_url=recorded_at, transport="recorded", transport_options=options) as client:
        client.repos.get(org="o", repo="a")
    with Mesa(api_key="k", server_url=replayed_at, transport="recorded", transport_options={"path": path}) as client:
        if is_known:
            assert client.repos.get(org="o", repo="a").name == "a"
        else:
            with pytest.raises(NoRecording, match="path: recorded '/depot/o/a', asked for '/o/a'"):
                client.repos.get(org="o", repo="a")
