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

    def start(
        *arguments: str, entry_points: dict[str, bytes] | None = None, **distributions: str
    ) -> subprocess.CompletedProcess[str]:
        for name, source in distributions.items():
            (tmp_path / f"{name}_module.py").write_text(source)
            metadata = tmp_path / f"{name}-1.2.dist-info"
            metadata.mkdir()
            (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
            entry = name.partition("_")[0]
            given = (entry_points or {}).get(name, f"[mesa]\n{entry} = {name}_module:Audit\n".encode())
            (metadata / "entry_points.txt").write_bytes(given)
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "MESA_API_KEY": "k"}
        return subprocess.run(
            [sys.executable, "-W", "error", *arguments], env=environment, capture_output=True, text=True, check=False
        )

    return start


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, list[str]]:
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.partition("\n\n")[0].splitlines()
    found: dict[str, list[str]] = {}
    for line in lines:
        name, *rest = line.split(maxsplit=3)
        found.setdefault(name, rest)
    return found


def reasons(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.partition("\n\n")[2].splitlines()


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


HOOK = "    def before_call(self, call): ..."
PLUGIN = "from mesa_core import Plugin\nclass Audit(Plugin):\n"
MISBEHAVING = {
    "import sys; sys.exit(3)": "cannot be loaded: it called sys.exit(3)",
    "raise KeyboardInterrupt": ": KeyboardInterrupt",
    "raise type('Odd', (BaseException,), {})('text')": "cannot be loaded: Odd: text",
    "raise ValueError('first\\nsecond\\x1b[31m')": "cannot be loaded: ValueError: first second [31m",
    f"{PLUGIN}{HOOK}\n    def __init__(self): raise SystemExit(1)": "cannot be loaded: it called sys.exit(1)",
    f"{PLUGIN}{HOOK}\n    def provide_transports(self): raise SystemExit(1)": ": it called sys.exit(1)",
    f"{PLUGIN}    def provide_transports(self): return {{1: object}}": (
        "returned a name of type int, not str, in provide_transports"
    ),
    f"{PLUGIN}    @property\n    def before_call(self): raise RuntimeError('text')": (
        "hook 'before_call': expected a function, got property"
    ),
    f"{PLUGIN}{HOOK}\n    def __dir__(self): raise ValueError('text')": "cannot be looked at: ValueError",
    f"{PLUGIN}{HOOK}\n    def __eq__(self, other): raise ValueError('text')": "cannot be looked at: ValueError",
}


@pytest.mark.slow
def test_goes_on_whatever_one_does(run):
    odd = {f"odd{number}": source for number, source in enumerate(MISBEHAVING)}
    done = run("-m", "mesa_core.plugins", **odd, working=WORKING)
    table = rows(done)
    assert not table["working"][2].startswith("broken")
    told = {reason.split()[1].rstrip(":,"): reason for reason in reasons(done)}
    assert len(told) == len(reasons(done)) == len(odd)
    for name, source in odd.items():
        assert table[name][2].startswith("broken")
        assert told[repr(name)].startswith("plugin ")
        assert told[repr(name)].endswith(MISBEHAVING[source]), source


DAMAGED = {
    "noline": b"[console_scripts]\nno equals sign\n",
    "mixed": b"[console_scripts]\nno equals sign\n[mesa]\nmixed = mixed_module:Audit\n",
    "binary": b"[mesa]\n\xff\xfe = binary_module:Audit\n",
}


def test_tells_of_a_distribution_whose_files_are_damaged(run):
    done = run("-m", "mesa_core.plugins", entry_points=DAMAGED, working=WORKING, **dict.fromkeys(DAMAGED, WORKING))
    assert not rows(done)["working"][2].startswith("broken")
    told = sorted(reasons(done))
    assert [each.partition(":")[0] for each in told] == [f"distribution {name} 1.2" for name in sorted(DAMAGED)]
    assert all(" its entry points cannot be read: " in each for each in told)


def test_one_that_is_damaged_breaks_no_client(run):
    source = "from mesa_sdk import Mesa\nwith Mesa(plugins=['working']) as client: print(len(client.plugins))"
    done = run("-c", source, entry_points=DAMAGED, working=WORKING, **dict.fromkeys(DAMAGED, WORKING))
    assert (done.stdout, done.stderr) == ("5\n", "")


def test_tells_who_takes_a_name_of_ours_in_vain(run):
    taken = {"shadow": b"[mesa]\nauth = shadow_module:Audit\n"}
    done = run("-m", "mesa_core.plugins", entry_points=taken, shadow=WORKING)
    assert reasons(done) == ["plugin 'auth' of shadow 1.2 is never used: the name is the SDK's own"]
    assert [line.split()[:4] for line in done.stdout.splitlines() if line.startswith("auth ")][1] == [
        *("auth", "shadow", "1.2", "broken"),
    ]


def test_one_that_offers_a_name_twice_is_said_once(run):
    twice = {"double": b"[mesa]\ntwo = double_module:Audit\ntwo = double_module:Other\n"}
    done = run("-m", "mesa_core.plugins", entry_points=twice, double=WORKING)
    assert reasons(done) == ["plugin 'two' is claimed more than once: double"]


def test_a_transport_whose_library_is_missing_is_not_called_broken(run):
    source = """
import sys
sys.modules.update(dict.fromkeys(["aiohttp", "httpx2", "pygit2"]))
from mesa_core.plugins.__main__ import main
sys.argv = ["plugins"]
main()
"""
    done = run("-c", source)
    for name in ("aiohttp", "httpx2", "local"):
        assert rows(done)[name][2].split() == ["not", "installed", "-"]
    assert reasons(done) == [
        "aiohttp is not installed: pip install 'mesa-sdk[aiohttp]'",
        "httpx2 is not installed: pip install 'mesa-sdk[httpx2]'",
        "the local Depot needs pygit2, which is not installed: pip install 'mesa-sdk[local]'",
    ]


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
try:
    Mesa(plugins=["leaving"])
except ConfigurationError as error:
    print(error)
"""


def test_a_broken_one_breaks_no_client_that_did_not_name_it(run):
    done = run("-c", CLIENT, raising="1 / 0", leaving="raise SystemExit(3)", misspelt=MISSPELT, working=WORKING)
    assert done.stdout.splitlines() == [
        "working ['working_module']",
        "plugin 'raising' of raising 1.2 cannot be loaded: ZeroDivisionError: division by zero",
        "plugin 'leaving' of leaving 1.2 cannot be loaded: it called sys.exit(3)",
    ], done.stderr


def test_explains_itself(run):
    assert "plugins and transports that are installed" in run("-m", "mesa_core.plugins", "--help").stdout
