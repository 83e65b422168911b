"""Clients and their recording from opening to closing: shared, pickled, left unused, changed on the disk."""

from __future__ import annotations

import copy
import os
import pickle
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT_KEY
from echo import Echo, names, recorded, repo, send

from mesa_core import Call, Plugin, Request, Response
from mesa_plugins.testing import Script
from mesa_sdk import ConfigurationError, ConnectError, Mesa
from mesa_transports.recorded import DamagedRecording, RecordedTransport


class TestLifetime:
    def test_unused_tells_what_answered_nothing(self, path):
        with RecordedTransport(path=path, mode="record", inner=Script(repo("a"), repo("b"))) as transport:
            with Mesa(api_key=ROOT_KEY, transport=transport) as client:
                for name in "ab":
                    client.repos.get(org="o", repo=name)
            assert transport.unused() == ()
        with Mesa(api_key=ROOT_KEY, transport="recorded", transport_options={"path": path}) as client:
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
                api_key=ROOT_KEY,
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
        client = Mesa(api_key=ROOT_KEY, transport="recorded", transport_options={"path": path})
        with client, pickle.loads(pickle.dumps(client)) as other:
            assert other.repos.get(org="o", repo="a") == client.repos.get(org="o", repo="a")
        with RecordedTransport(path=path) as transport:
            assert copy.copy(transport).send(Request("GET", "https://h/api/v1/o/a", {"Accept": "application/json"}))

    def test_a_file_that_cannot_be_written_is_an_error_that_says_so(self, tmp_path):
        (tmp_path / "file").write_text("")
        inner = Script(repo("a"))
        with pytest.raises(ConfigurationError, match=r"file.x\.json: .*Not a directory"):
            RecordedTransport(path=tmp_path / "file" / "x.json", mode="record", inner=inner)
