"""When the recorded transport replays, when it records, and that it never sends instead of replaying."""

from __future__ import annotations

import asyncio

import pytest
from conftest import ROOT_KEY
from echo import names, repo

from mesa_plugins.testing import Script
from mesa_sdk import AsyncMesa, ConfigurationError, ConnectError, Mesa
from mesa_transports.recorded import DamagedRecording, NoRecording


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
        with Mesa(api_key=ROOT_KEY, transport="recorded", transport_options=options) as client:
            client.repos.get(org="o", repo="a")
        with (
            pytest.raises(ZeroDivisionError),
            Mesa(api_key=ROOT_KEY, transport="recorded", transport_options=options),
        ):
            raise ZeroDivisionError

        async def main() -> None:
            options["inner"] = Script()
            async with AsyncMesa(api_key=ROOT_KEY, transport="recorded", transport_options=options):
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
