"""The example distributions pass their own tests, run away from their sources on what their wheels installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["plugin-audit", "transport-stdlib"])
def test_an_example_passes_its_own_tests(name: str, python: Path, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(EXAMPLES / name / "pyproject.toml", folder)
    command = [str(python), "-m", "pytest", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "temporary")]
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
