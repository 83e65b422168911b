"""What the user has redacted is no wildcard: a call that names something else is not answered by it."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT_KEY

from mesa_plugins.testing import Script
from mesa_sdk import Mesa, NotFound
from mesa_transports.recorded import NoRecording


@pytest.mark.parametrize("rule", ["falcon-project", re.compile(r"falcon-\w+")], ids=["a text", "a pattern"])
class TestAnotherRepository:
    def client(self, path, mode, inner, *rules) -> Mesa:
        options = {"path": path, "mode": mode, "inner": inner, "redact": rules}
        return Mesa(api_key=ROOT_KEY, transport="recorded", transport_options=options)

    @pytest.fixture(autouse=True)
    def _recorded(self, path, rule) -> None:
        with self.client(path, "record", "local", rule) as client:
            client.repos.create(org="o", body={"name": "falcon-project"})
            client.repos.delete(org="o", repo="falcon-project")
        assert "falcon" not in path.read_text()

    def test_is_not_deleted_in_replay(self, path, rule):
        with self.client(path, "replay", Script(), rule) as client:
            with pytest.raises(NoRecording, match="path: recorded '/o/REDACTED', asked for '/o/production-data'"):
                client.repos.delete(org="o", repo="production-data")
            with pytest.raises(NoRecording):
                client.repos.create(org="o", body={"name": "production-data"})

    def test_is_asked_of_the_server_in_new(self, path, rule):
        with self.client(path, "new", "local", rule) as client, pytest.raises(NotFound):
            client.repos.delete(org="o", repo="production-data")

    def test_the_same_one_is_answered_and_so_is_another_that_is_redacted(self, path, rule):
        with self.client(path, "replay", Script(), rule) as client:
            client.repos.create(org="o", body={"name": "falcon-project"})
            client.repos.delete(org="o", repo="falcon-project")
        with self.client(path, "replay", Script(), "unrelated", "eagle-project") as client:
            client.repos.create(org="o", body={"name": "eagle-project"})
            client.repos.delete(org="o", repo="eagle-project")
