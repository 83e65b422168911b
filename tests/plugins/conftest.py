"""One virtual environment, fresh, with the wheels of the SDK and of the two example distributions."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
DISTRIBUTIONS = ("plugin-audit", "transport-stdlib")


def run(*command: object) -> None:
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def build(project: Path, wheels: Path) -> None:
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", wheels, project)


def install(folder: Path, python: Path) -> None:
    """Build the wheels, all at once, and install them with what their tests need."""
    wheels = folder / "wheels"
    with ThreadPoolExecutor() as threads:
        made = threads.submit(venv.create, folder / "venv")
        list(threads.map(lambda project: build(project, wheels), [ROOT, *map(EXAMPLES.joinpath, DISTRIBUTIONS)]))
        made.result()
    wanted = [f"{wheel}[test]" if "mesa_sdk" not in wheel.name else wheel for wheel in wheels.glob("*.whl")]
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *wanted)


@pytest.fixture
def install_into(python: Path, tmp_path: Path) -> Callable[[Path, Path], None]:
    """Installs a distribution, without what it depends on, into a folder for that environment's PYTHONPATH."""

    def install_into(project: Path, site: Path) -> None:
        build(project, tmp_path / "wheels")
        (wheel,) = (tmp_path / "wheels").glob("*.whl")
        run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--target", site, wheel)

    return install_into


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of that environment, which all workers of a test run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "installed"
    python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    with FileLock(f"{folder}.lock"):
        if not (folder / "complete").exists():
            install(folder, python)
            (folder / "complete").touch()
    return python
