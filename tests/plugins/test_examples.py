"""The example distributions pass their own tests, run away from their sources on what their wheels installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info", "dist", ".*_cache")
RENAMED = {"plugin-audit": ("mesa-plugin-shout", "audit"), "transport-stdlib": ("mesa-transport-tin", "stdlib")}


def run_tests(folder: Path, python: Path, temporary: Path, **environment: str) -> None:
    command = [str(python), "-m", "pytest", "-p", "no:cacheprovider", "--basetemp", str(temporary)]
    environment = {"PATH": os.environ["PATH"], **environment}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@pytest.mark.parametrize("name", ["plugin-audit", "transport-stdlib"])
def test_an_example_passes_its_own_tests(name: str, python: Path, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name / "tests", folder / "tests", ignore=IGNORED)
    shutil.copy(EXAMPLES / name / "pyproject.toml", folder)
    run_tests(folder, python, tmp_path / "temporary")


@pytest.mark.parametrize("name", RENAMED)
def test_so_does_a_copy_that_is_renamed_as_its_readme_says(
    name: str, python: Path, install_into: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    shutil.copytree(EXAMPLES / name, tmp_path / name, ignore=IGNORED)
    (recipe,) = re.findall(
        r"Make it yours\n.*?```console\n(.*?)```", (tmp_path / name / "README.md").read_text(), re.DOTALL
    )
    script = "set -e\n" + re.sub(r"^\$ ", "", recipe, flags=re.MULTILINE)
    subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True)
    copied, old = RENAMED[name]
    copy = tmp_path / copied
    files = [path for path in copy.rglob("*") if path.is_file()]
    assert not [path for path in files if old in f"{path.relative_to(copy)} {path.read_text()}".lower()]
    install_into(copy, tmp_path / "site")
    run_tests(copy, python, tmp_path / "temporary", PYTHONPATH=str(tmp_path / "site"))


@pytest.mark.parametrize("name", RENAMED)
def test_an_example_tells_whose_name_it_depends_on_before_it_is_published(name: str) -> None:
    publish = (EXAMPLES / name / "README.md").read_text().partition("## Publish it\n\n")[2]
    assert publish.startswith("**The `mesa-sdk` on PyPI is another project's.**")


@pytest.mark.parametrize("name", RENAMED)
def test_an_example_is_a_repository_of_its_own(name: str, python: Path) -> None:
    """Its wheel has its licence too, its code alone, its types, and the entry point by which a client finds it."""
    here = {path.name for path in (EXAMPLES / name).iterdir()}
    assert here >= {".github", ".gitignore", "LICENSE", "README.md", "pyproject.toml", "src", "tests"}
    package, short = f"mesa_{name.replace('-', '_')}", name.rpartition("-")[2]
    (wheel,) = (python.parents[2] / "wheels").glob(f"{package}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        metadata = f"{package}-{wheel.name.split('-')[1]}.dist-info"
        assert {path.partition("/")[0] for path in archive.namelist()} == {package, metadata}
        assert f"{package}/py.typed" in archive.namelist()
        assert archive.read(f"{metadata}/licenses/LICENSE") == (EXAMPLES.parent / "LICENSE").read_bytes()
        assert f"\n{short} = {package}" in archive.read(f"{metadata}/entry_points.txt").decode()


def test_examples_share_their_workflow() -> None:
    texts = {(EXAMPLES / name / ".github" / "workflows" / "test.yml").read_text() for name in RENAMED}
    (text,) = texts
    (job,) = yaml.safe_load(text)["jobs"].values()
    assert "pytest" in [step.get("run") for step in job["steps"]]
