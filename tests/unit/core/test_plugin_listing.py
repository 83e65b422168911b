"""`python -m mesa_core.plugins`, among distributions that work and distributions that do not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mesa_core.installed import BUILT_IN_PLUGINS, built_in_transports

WORKING = """
from mesa_core import Plugin, hookimpl

class Audit(Plugin):
    def on_error(self, error, call): ...
    def before_request(self, request, call): ...
    def provide_transports(self):
        return {"tape": object, "wire": object}
"""
MISSPELT = """
from mesa_core import Plugin

class Audit(Plugin):
    def before_requests(self, request, call): ...
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs Python among distributions of the test's own: their names, with the source of each one's module."""

    def start(*arguments: str, **distributions: str) -> subprocess.CompletedProcess[str]:
        for name, source in distributions.items():
            (tmp_path / f"{name}_module.py").write_text(source)
            metadata = tmp_path / f"{name}-1.2.dist-info"
            metadata.mkdir()
            (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
            entry = name.partition("_")[0]
            (metadata / "entry_points.txt").write_text(f"[mesa]\n{entry} = {name}_module:Audit\n")
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "MESA_API_KEY": "k"}
        return subprocess.run(
            [sys.executable, "-W", "error", *arguments], env=environment, capture_output=True, text=True, check=False
        )

    return start


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, list[str]]:
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.partition("\n\n")[0].splitlines()
    return {line.split()[0]: line.split(maxsplit=3)[1:] for line in lines}


def test_lists_names_distributions_versions_hooks_and_transports(run):
    table = rows(run("-m", "mesa_core.plugins", working=WORKING))
    assert table["name"][2].split() == ["hooks", "transports"]
    assert table["working"][:2] == ["working", "1.2"]
    assert table["working"][2].split() == ["before_request,", "on_error", "tape,", "wire"]
    assert table["pagination"][2].split() == ["next_page", "-"]
    assert table["requests"][2].split() == ["-", "requests"]
    assert [name for name in table if name in BUILT_IN_PLUGINS] == list(BUILT_IN_PLUGINS)
    assert set(built_in_transports()) <= table.keys()


def test_says_why_a_broken_one_is_broken(run):
    sources = {
        "absent": "import no_such_module",
        "raising": "1 / 0",
        "nameless": "",
        "misspelt": MISSPELT,
        "twice_a": WORKING,
        "twice_b": WORKING,
        "working": WORKING,
    }
    done = run("-m", "mesa_core.plugins", **sources)
    table = rows(done)
    broken = {name for name, row in table.items() if row[2].startswith("broken")}
    assert broken >= {"absent", "raising", "nameless", "misspelt", "twice"}
    assert "working" not in broken
    reasons = done.stdout.partition("\n\n")[2]
    for reason in (
        "'absent' of absent 1.2 cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'",
        "'raising' of raising 1.2 cannot be loaded: ZeroDivisionError",
        "'nameless' of nameless 1.2 cannot be loaded: AttributeError",
        "'before_requests' is no hook; did you mean 'before_request'?",
        "plugin 'twice' is claimed by several distributions: twice_a, twice_b",
    ):
        assert reason in reasons


CLIENT = """
import sys
from mesa_sdk import ConfigurationError, Mesa
client = Mesa(plugins=["working"])
print([each.name for each in client.plugins][-1], [name for name in sys.modules if name.endswith("_module")])
client.close()
try:
    Mesa(plugins=["raising"])
except ConfigurationError as error:
    print(error)
"""


def test_a_broken_one_breaks_no_client_that_did_not_name_it(run):
    done = run("-c", CLIENT, raising="1 / 0", misspelt=MISSPELT, working=WORKING)
    assert done.stdout.splitlines() == [
        "working ['working_module']",
        "plugin 'raising' of raising 1.2 cannot be loaded: ZeroDivisionError: division by zero",
    ], done.stderr


def test_explains_itself(run):
    assert "plugins and transports that are installed" in run("-m", "mesa_core.plugins", "--help").stdout
