"""A virtual environment for each subject, so that two packages of one import name, or two versions, never meet.

They are made once, with pip, and kept in a folder that git ignores; the checkout is built and installed anew when it
has changed.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import venv
from functools import cached_property
from pathlib import Path
from typing import Final

from attrs import field, frozen

__all__ = ["PACKAGES", "Environments"]

CHECKOUT: Final = Path(__file__).resolve().parents[1]
_SOURCES: Final = ("pyproject.toml", "mesa_*/**/*.py")

PACKAGES: Final = {
    "httpx": ("httpx",),
    "httpx2": ("httpx2",),
    "requests": ("requests",),
    "urllib3": ("urllib3",),
    "aiohttp": ("aiohttp",),
    "published": ("mesa-sdk==0.1.2",),
    "vcr": ("vcrpy", "requests"),
    "respx": ("respx", "httpx"),
    "responses": ("responses", "requests"),
    "ours": ("mesa-sdk[aiohttp,httpx2]",),  # from the checkout, as what begins with its name is
    "ours-speedups": ("mesa-sdk[speedups]",),
}
"""What is installed in which environment; dependencies are pip's to add."""


def _run(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)  # noqa: S603 - ours, or pip
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def _pip(*arguments: str | Path) -> str:
    return _run(sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments)


@frozen
class Environments:
    """The environments in a folder."""

    folder: Path = field(converter=Path)

    def python(self, name: str) -> Path:
        """Return the interpreter of an environment, which is made or renewed where it must be."""
        place = self.folder / name
        python = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        wanted = json.dumps([sys.version, PACKAGES[name], self._state if name.startswith("ours") else None])
        mark = place / "made-of.json"
        if not mark.exists() or mark.read_text() != wanted:
            print(f"environment {name}: {', '.join(PACKAGES[name])}", file=sys.stderr)
            self._make(name, place, python)
            mark.write_text(wanted)
        return python

    def versions(self, name: str) -> dict[str, str]:
        """Return what is installed in an environment, by name."""
        listed = json.loads(_pip("--python", self.python(name), "list", "--format", "json"))
        return {each["name"].lower(): each["version"] for each in listed}

    def _make(self, name: str, place: Path, python: Path) -> None:
        if not python.exists():
            venv.create(place, symlinks=sys.platform != "win32")
        if not name.startswith("ours"):
            _pip("--python", python, "install", "--quiet", *PACKAGES[name])
            return
        wheel = self._wheel()
        _pip("--python", python, "install", "--quiet", f"{PACKAGES[name][0]} @ {wheel.as_uri()}")
        _pip("--python", python, "install", "--quiet", "--no-deps", "--force-reinstall", wheel)

    def _wheel(self) -> Path:
        built = self.folder / "wheel"
        for old in built.glob("*.whl"):
            old.unlink()
        _pip("wheel", "--quiet", "--no-deps", "--wheel-dir", built, CHECKOUT)
        (wheel,) = built.glob("*.whl")
        return wheel.resolve()

    @cached_property
    def _state(self) -> str:
        """A digest of the checkout's sources."""
        digest = hashlib.sha256()
        for pattern in _SOURCES:
            for path in sorted(CHECKOUT.glob(pattern)):
                digest.update(f"{path}\0".encode() + path.read_bytes())
        return digest.hexdigest()
