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


WITHOUT_SPANS = "sys.modules['opentelemetry'] = None"
WITH_THE_API = "pass"
WITH_THE_SDK = (
    "from opentelemetry import trace; from opentelemetry.sdk.trace import TracerProvider;"
    "trace.set_tracer_provider(TracerProvider())"
)
VALGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")


def ran(module: str, function: str, prelude: str, calls: int, *under: str) -> str:
    """Return what a process that makes so many calls says on standard error."""
    code = (
        f"import runpy, sys; {prelude};"
        f"sys.path.insert(0, {str(WORKER.parent)!r}); sys.argv = ['', {module!r}, {function!r}, ''];"
        f"runpy.run_path({str(WORKER)!r})"
    )
    done = subprocess.run(
        [*under, sys.executable, "-c", code],
        input=f"{calls}\n",
        capture_output=True,
        check=True,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"},
    )
    return done.stderr


def instructions(*subjects: tuple[str, str, str]) -> list[int]:
    """Return the instructions of as many calls of each; what starting takes cancels out."""

    def count(run: tuple[tuple[str, str, str], int]) -> int:
        found = re.search(r"Collected : (\d+)", ran(*run[0], run[1], *VALGRIND))
        assert found
        return int(found[1])

    for subject in subjects:
        ran(*subject, FEW)  # which writes the bytecode that is missing
    with ThreadPoolExecutor(2) as pool:
        counts = [*pool.map(count, [(subject, calls) for subject in subjects for calls in (FEW, MANY)])]
    return [many - few for few, many in zip(counts[::2], counts[1::2], strict=True)]


counting = pytest.mark.skipif(
    shutil.which("valgrind") is None, reason="valgrind, which counts instructions, is not installed"
)


@pytest.mark.slow
@counting
def test_a_calls_own_cost_is_a_third_of_httpxs_with_its_mock_transport() -> None:
    ours, raw = instructions(("ours", "in_process", WITHOUT_SPANS), ("raw", "httpx_mock", WITHOUT_SPANS))
    assert ours <= 0.33 * raw


@pytest.mark.slow
@counting
def test_spans_cost_little_until_an_sdk_records_them_which_takes_more_than_the_rest() -> None:
    """As docs/performance.md says."""
    pytest.importorskip("opentelemetry.sdk")
    preludes = (WITHOUT_SPANS, WITH_THE_API, WITH_THE_SDK)
    own, api, sdk = instructions(*(("ours", "in_process", prelude) for prelude in preludes))
    assert api <= 1.2 * own
    assert sdk >= 2 * own
