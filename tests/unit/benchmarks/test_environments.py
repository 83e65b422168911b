"""The environments of the benchmarks: made once, anew when something changed, and never meeting each other."""

from __future__ import annotations

import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.slow

# A build backend that needs nothing: a checkout whose package says what is in its `mesa_said.py`.
BACKEND = """
from pathlib import Path
from zipfile import ZipFile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "mesa_sdk-0.1.0-py3-none-any.whl"
    with ZipFile(Path(directory, name), "w") as wheel:
        wheel.writestr("mesa_said.py", Path("mesa_said/said.py").read_text())
        for path in Path("info").iterdir():
            wheel.write(path, f"mesa_sdk-0.1.0.dist-info/{path.name}")
    return name
"""
METADATA = "Metadata-Version: 2.1\nName: {}\nVersion: {}\n"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def wheel(folder: Path, version: str) -> str:
    """Return where a wheel of `tiny` is, which says its version."""
    path = folder / f"tiny-{version}-py3-none-any.whl"
    info = f"tiny-{version}.dist-info"
    with ZipFile(path, "w") as file:
        file.writestr("tiny.py", f"said = {version!r}\n")
        file.writestr(f"{info}/METADATA", METADATA.format("tiny", version))
        file.writestr(f"{info}/WHEEL", WHEEL)
        file.writestr(f"{info}/RECORD", "")
    return str(path)


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A small checkout in the place of this one, and two environments with two versions of one package."""
    program = import_module("environments")
    folder = tmp_path / "checkout"
    (folder / "mesa_said").mkdir(parents=True)
    (folder / "mesa_said" / "said.py").write_text("said = 'first'\n")
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "info").mkdir()
    extras = "Provides-Extra: aiohttp\nProvides-Extra: httpx2\n"
    for name, text in {"METADATA": METADATA.format("mesa-sdk", "0.1.0") + extras, "WHEEL": WHEEL, "RECORD": ""}.items():
        (folder / "info" / name).write_text(text)
    monkeypatch.setattr(program, "CHECKOUT", folder)
    packages = {"one": (wheel(tmp_path, "1.0"),), "two": (wheel(tmp_path, "2.0"),), "ours": ("mesa-sdk",)}
    monkeypatch.setattr(program, "PACKAGES", packages)
    return folder


def environments(folder: Path) -> Any:
    """Return them as the next run sees them."""
    return import_module("environments").Environments(folder)


def said(python: Path, module: str) -> str:
    code = f"import {module}; print({module}.said)"
    return subprocess.run([python, "-c", code], capture_output=True, check=True, text=True).stdout.strip()


def made(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return which environments were made since it was asked last."""
    return [line.split()[1].rstrip(":") for line in capsys.readouterr().err.splitlines() if "environment" in line]


def test_each_has_its_own_version_and_is_made_once(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = environments(tmp_path / "bench")
    assert [said(found.python(name), "tiny") for name in ("one", "two")] == ["1.0", "2.0"]
    assert made(capsys) == ["one", "two"]
    assert environments(tmp_path / "bench").versions("two") == {"tiny": "2.0"}
    assert made(capsys) == []


def test_one_is_renewed_when_other_packages_are_wanted(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packages = import_module("environments").PACKAGES
    environments(tmp_path / "bench").python("one")
    packages["one"] = packages["two"]
    assert environments(tmp_path / "bench").versions("one") == {"tiny": "2.0"}
    assert made(capsys) == ["one", "one"]


def test_the_checkout_is_installed_anew_when_it_has_changed(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(environments(tmp_path / "bench").python("ours"), "mesa_said") == "first"
    assert said(environments(tmp_path / "bench").python("ours"), "mesa_said") == "first"
    assert made(capsys) == ["ours"]
    (checkout / "mesa_said" / "said.py").write_text("said = 'second'\n")
    assert said(environments(tmp_path / "bench").python("ours"), "mesa_said") == "second"
    assert made(capsys) == ["ours"]


def test_what_cannot_be_installed_is_an_error_and_tried_again(checkout: Path, tmp_path: Path) -> None:
    packages = import_module("environments").PACKAGES
    there, packages["one"] = packages["one"], (str(tmp_path / "missing-1.0-py3-none-any.whl"),)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="missing"):
            environments(tmp_path / "bench").python("one")
    packages["one"] = there
    assert said(environments(tmp_path / "bench").python("one"), "tiny") == "1.0"
