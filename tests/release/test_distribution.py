"""What is published: one sdist with all of the repository, and a wheel that brings what pyproject.toml names."""

from __future__ import annotations

import email
import email.message
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import mesa_core
import mesa_sdk

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PACKAGES = {"mesa_sdk", "mesa_core", "mesa_transports", "mesa_plugins"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def run(*command: object) -> str:
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an sdist and of the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (wheel,) = dist.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_both_pass_the_checks_of_the_index_and_of_wheels(dist: Path, wheel: Path) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", *dist.iterdir())
    run(sys.executable, "-m", "check_wheel_contents", "--config", ROOT / "pyproject.toml", wheel)


def test_the_wheel_has_the_packages_as_they_are_and_each_is_typed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    ours = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()]
    assert sorted(names) == sorted(path.as_posix() for path in ours if "__pycache__" not in path.parts)
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="only a checkout knows which files are the project's")
def test_the_sdist_has_what_the_repository_has(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tracked, untracked = files(), files("--others", "--exclude-standard")
    assert tracked <= names
    assert names - tracked - untracked == {"PKG-INFO"}


def files(*options: str) -> set[str]:
    return set(run("git", "-C", ROOT, "ls-files", *options).splitlines())


def test_the_version_stands_in_one_place(metadata: email.message.Message) -> None:
    assert metadata["Version"] == mesa_core.__version__ == mesa_sdk.__version__
    assert "version" in PROJECT["dynamic"]
    pattern = re.compile(rf"""["']{re.escape(mesa_core.__version__)}["']""")
    sources = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    found = {path.relative_to(ROOT).as_posix() for path in sources if pattern.search(path.read_text(encoding="utf-8"))}
    assert "mesa_core/version.py" in found
    for path in found - {"mesa_core/version.py"}:  # other things have versions, too, such as the contract
        assert "__version__" not in (ROOT / path).read_text(encoding="utf-8"), path


def test_it_says_which_pythons_it_supports(metadata: email.message.Message) -> None:
    assert metadata["Requires-Python"] == ">=3.11"
    pythons = {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13, 14)}
    assert pythons <= set(metadata.get_all("Classifier", []))


def test_a_fresh_environment_gets_what_pyproject_names_and_what_that_needs(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv")
    python = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", wheel)
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'), end='')")
    installed = {canonicalize_name(each.name): each for each in distributions(path=[site])}
    assert {requirement.name for requirement in wanted(installed["mesa-sdk"])} == {
        Requirement(each).name for each in PROJECT["dependencies"]
    }
    needed = {"mesa-sdk"}
    while more := {canonicalize_name(each.name) for name in needed for each in wanted(installed[name])} - needed:
        needed |= more
    assert set(installed) == needed
    names = "import mesa_sdk; print([name for name in mesa_sdk.__all__ if getattr(mesa_sdk, name, None) is None])"
    assert run(python, "-c", names).strip() == "[]"
    assert "httpx" in run(python, "-m", "mesa_core.plugins")


def wanted(distribution: Distribution) -> Iterator[Requirement]:
    """Yield what a distribution needs here, but for its extras."""
    for requirement in map(Requirement, distribution.requires or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement
