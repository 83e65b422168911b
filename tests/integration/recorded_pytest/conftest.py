"""A suite of somebody's that uses the plugin, in a directory of its own, and the server that it records."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import httpx  # noqa: F401 - see below
import pytest
from attrs import define

import mesa_transports._httpcore_async  # with those below: loaded once, and not by each run of a suite anew
import mesa_transports.httpx
import mesa_transports.recorded.pytest_plugin.recorder
import mesa_transports.recorded.pytest_plugin.unused  # noqa: F401
from mesa_transports.local.server import Server

ROOT_KEY = "mesa_root_key_of_the_tests"
STRICT = """
[pytest]
filterwarnings = error
addopts = --strict-markers --strict-config -p no:cacheprovider -p no:hypothesispytest -p no:schemathesis
"""


@define
class Suite:
    """Runs the tests in the current directory, in this process or in one of their own."""

    pytester: pytest.Pytester
    server: Server
    run: Callable[..., pytest.RunResult]

    def write(self, **modules: str) -> None:
        self.pytester.makepyfile(**modules)

    def record(self, *arguments: str, mode: str = "once") -> pytest.RunResult:
        """Run with the server and a key."""
        os.environ["MESA_API_KEY"] = ROOT_KEY
        return self.run(f"--mesa-record={mode}", *arguments)

    def replay(self, *arguments: str) -> pytest.RunResult:
        """Run with neither."""
        self.server.close()
        os.environ.pop("MESA_API_KEY", None)
        return self.run(*arguments)

    def files(self) -> list[str]:
        """Return the recordings, as paths below `recordings`."""
        root = self.pytester.path / "recordings"
        return sorted(str(path.relative_to(root)) for path in root.rglob("*.json"))

    def requests(self, file: str) -> list[str]:
        """Return the requests that a recording holds, as `METHOD last-part-of-the-path`."""
        recorded = json.loads((self.pytester.path / "recordings" / file).read_text())["interactions"]
        return [f"{each['request']['method']} {Path(each['request']['url']).name}" for each in recorded]


@pytest.fixture
def suite(pytester: pytest.Pytester, server: Server, monkeypatch: pytest.MonkeyPatch) -> Suite:
    for name in [name for name in os.environ if name.startswith("MESA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MESA_SERVER_URL", server.url)
    monkeypatch.setenv("MESA_API_KEY", "")  # so that it is put back, whatever a test makes of it
    pytester.makeini(STRICT)
    return Suite(pytester, server, pytester.runpytest_inprocess)


@pytest.fixture
def separate(suite: Suite) -> Suite:
    """The same, in processes of its own."""
    suite.run = suite.pytester.runpytest_subprocess
    return suite
