"""The plugin that docs/write-a-plugin.md makes is one: installed from its files, found by its name, and tested."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "write-a-plugin.md"
FILES = re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_plugin_of_the_page_is_installed_and_named(
    python: Path, install_into: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    folder, site = tmp_path / "mesa-plugin-readonly", tmp_path / "site"
    for name, text in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    install_into(folder, site)

    def run(*command: str) -> str:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(site), "MESA_PLUGINS": "readonly"}
        asked = [str(python), *command]
        done = subprocess.run(asked, env=environment, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert re.search(r"^readonly +mesa-plugin-readonly +0\.1\.0", run("-m", "mesa_core.plugins"), re.MULTILINE)
    assert "readonly" in run("-c", "from mesa_sdk import Mesa; print(Mesa(api_key='x').plugins)")
    assert "3 passed" in run("-m", "pytest", "-p", "no:cacheprovider", "tests")
