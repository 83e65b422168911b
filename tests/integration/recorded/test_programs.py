"""Programs that know nothing of recordings: they record with a network, and replay without one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT_KEY

from mesa_sdk import Mesa

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
                env={**os.environ, "MESA_API_KEY": ROOT_KEY, "MESA_TRANSPORT": "recorded", **environment},
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
        assert ROOT_KEY not in recording.read_text()

    def test_the_environment_names_the_file(self, start, server, tmp_path):
        live = start(MESA_RECORD="record", MESA_SERVER_URL=server.url, MESA_RECORDING="other.json")
        server.close()
        assert start(MESA_RECORDING="other.json") == live
        assert (tmp_path / "other.json").exists()


def test_no_socket_is_opened_in_replay(path, depot, server):
    """Held by the system: the process may not call socket() at all. Names are not looked up either."""
    with Mesa(
        api_key=ROOT_KEY, server_url=server.url, transport="recorded", transport_options={"path": path, "mode": "once"}
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
