"""What the SDK costs, counted: modules and instructions, which are the same on every machine, however busy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

WORKER = Path(__file__).parents[2] / "benchmarks" / "worker.py"
FEW, MANY = 20, 120
LOADED = "import sys; before = set(sys.modules); {}; print(*(set(sys.modules) - before))"


def loaded_by(code: str) -> set[str]:
    """Return the modules that code loads in a fresh process."""
    done = subprocess.run([sys.executable, "-c", LOADED.format(code)], capture_output=True, check=True, text=True)
    return set(done.stdout.split())


class TestModules:
    def test_importing_the_sdk_loads_no_more_than_half_of_what_is_ours(self) -> None:
        ours = {name for name in loaded_by("import mesa_sdk") if name.startswith("mesa_")}
        assert len(ours) <= 34
        assert not {name for name in ours if name.startswith(("mesa_core.resources.", "mesa_core.models."))}

    def test_importing_the_sdk_loads_fewer_modules_than_importing_httpx(self) -> None:
        assert len(loaded_by("import mesa_sdk")) < len(loaded_by("import httpx"))

    def test_a_client_adds_its_transport_and_plugins_and_leaves_its_library_to_the_first_call(self) -> None:
        client = "import mesa_sdk; mesa_sdk.Mesa(api_key='k', disable_plugins=['tracing']).close()"
        added = loaded_by(client) - loaded_by("import mesa_sdk, logging, socket")
        assert len({name for name in added if name.startswith("mesa_")}) <= 15
        assert not {
            name for name in added if name.partition(".")[0] in {"httpx", "httpcore", "h11", "anyio", "asyncio", "ssl"}
        }

    def test_a_client_that_names_nothing_of_others_reads_no_metadata(self) -> None:
        client = "import mesa_sdk; mesa_sdk.Mesa(api_key='k', plugins=['cache'], disable_plugins=['tracing']).close()"
        assert "importlib.metadata" not in loaded_by(client)

    def test_a_call_that_succeeds_loads_no_converter_no_event_loop_and_the_models_of_its_area_alone(self) -> None:
        call = (
            f"sys.path.append({str(WORKER.parent)!r}); from subjects.ours import in_process; in_process('')(1);"
            "import mesa_plugins.tracing"
        )
        loaded = loaded_by(call)
        assert not {name for name in loaded if name.partition(".")[0] in {"cattrs", "asyncio", "trio", "httpx"}}
        assert {name for name in loaded if name.startswith("mesa_core.models.")} == {
            "mesa_core.models.common",
            "mesa_core.models.repos",
        }


def instructions(module: str, function: str, calls: int) -> int:
    """Return the instructions of a process that makes so many calls, without OpenTelemetry, whose spans cost too."""
    code = (
        "import runpy, sys; sys.modules['opentelemetry'] = None;"
        f"sys.path.insert(0, {str(WORKER.parent)!r}); sys.argv = ['', {module!r}, {function!r}, ''];"
        f"runpy.run_path({str(WORKER)!r})"
    )
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, "-c", code]
    done = subprocess.run(
        command,
        input=f"{calls}\n",
        capture_output=True,
        check=True,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"},
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found, done.stderr
    return int(found[1])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind, which counts instructions, is not installed")
def test_a_calls_own_cost_is_a_third_of_httpxs_with_its_mock_transport() -> None:
    subjects = [("ours", "in_process"), ("raw", "httpx_mock")]
    runs = [(*subject, calls) for calls in (FEW, MANY) for subject in subjects]
    with ThreadPoolExecutor(2) as pool:
        few_ours, few_raw, many_ours, many_raw = pool.map(lambda run: instructions(*run), runs)
    ours, raw = many_ours - few_ours, many_raw - few_raw  # what starting takes cancels out
    assert ours <= 0.33 * raw
