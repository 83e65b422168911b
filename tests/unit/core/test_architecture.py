"""The rules of the house that no linter knows: who may wait, who may send, what an import costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mesa_core
import mesa_plugins
import mesa_sdk

CORE = Path(mesa_core.__file__).parent
PLUGINS = Path(mesa_plugins.__file__).parent
SOURCES = sorted([*CORE.rglob("*.py"), *PLUGINS.rglob("*.py")])
WORLDS = {CORE / name for name in ("drivers.py", "worlds.py", "pages.py", "client.py")}
WAITS_OR_SENDS = {"sleep", "asleep", "send", "asend", "urlopen", "connect"}
TESTING = PLUGINS / "testing"  # a clock of its own, which gives other tasks their turn
CLOCKS = {"time", "asyncio", "anyio", "trio", "socket", "ssl", "selectors", "sched"}
HTTP = {"httpx", "httpcore", "requests", "urllib3", "http.client", "urllib.request", "aiohttp", "werkzeug"}


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text()))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def id_of(path: Path) -> str:
    return str(path.relative_to(CORE.parent))


@pytest.mark.parametrize("path", SOURCES, ids=id_of)
class TestEverySource:
    def test_waits_and_sends_only_in_the_drivers(self, path: Path) -> None:
        called = {
            node.func.attr
            for node in nodes(path)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        if path.name != "drivers.py" and path != TESTING / "clock.py":
            assert not called & WAITS_OR_SENDS
            assert not {name.partition(".")[0] for name in imports(path)} & CLOCKS

    def test_awaits_only_where_the_async_world_is(self, path: Path) -> None:
        waits = [each for each in nodes(path) if isinstance(each, ast.Await | ast.AsyncFor | ast.AsyncWith)]
        assert path in {*WORLDS, TESTING / "clock.py"} or not waits

    def test_imports_no_http_library(self, path: Path) -> None:
        assert not {name for name in imports(path) if name in HTTP or name.partition(".")[0] in HTTP}

    def test_says_what_it_is_for(self, path: Path) -> None:
        assert ast.get_docstring(ast.parse(path.read_text()))


def test_the_async_world_awaits_nothing_but_its_own_drivers_and_pages() -> None:
    awaited = {
        ast.unparse(node.value.func if isinstance(node.value, ast.Call) else node.value)
        for path in WORLDS - {CORE / "drivers.py"}
        for node in nodes(path)
        if isinstance(node, ast.Await)
    }
    worlds = {"self.run", "self.world.run", "self._world.run", "self._world.pages", "self._next", "anext"}
    ends = {"self.aclose", "transport.aclose", "self._pages.aclose"}
    assert awaited == worlds | ends


def test_plugins_know_the_cores_public_names_alone() -> None:
    for path in PLUGINS.rglob("*.py"):
        imported = {str(node.module) for node in nodes(path) if isinstance(node, ast.ImportFrom)}
        ours = {name for name in imported if name.startswith("mesa_") and not name.startswith("mesa_plugins.")}
        assert ours <= {"mesa_core"}


def test_importing_the_sdk_loads_no_http_library_no_converter_and_reads_no_metadata() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import mesa_sdk"], capture_output=True, text=True, check=True
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "mesa_sdk" in loaded
    unwanted = (
        "httpx",
        "requests",
        "urllib3",
        "pygit2",
        "werkzeug",
        "anyio",
        "cattrs",
        "importlib.metadata",
        "mesa_transports",
    )
    assert not {name for name in loaded if name.startswith(unwanted)}


@pytest.mark.parametrize("package", [mesa_core, mesa_sdk])
def test_all_is_sorted_and_true(package: object) -> None:
    names: list[str] = package.__all__  # type: ignore[attr-defined]
    assert len(names) == len(set(names))
    assert names == sorted(names, key=lambda name: (not name.isupper(), name)) or names == sorted(names)
    assert all(hasattr(package, name) for name in names)
