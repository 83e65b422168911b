"""What the tests of recordings share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def quick(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for a disk, and locks are the test's own."""
    monkeypatch.setattr("mesa_transports.recorded.files._COMMON", tmp_path_factory.mktemp("locks"))
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A directory, and a user that has no more rights than its permissions give."""
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no users whose rights are those of a file's mode")
    user = os.geteuid()
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        Path(directory).chmod(0o777)
        try:
            if not user:
                os.seteuid(65534)
            yield Path(directory)
        finally:
            os.seteuid(user)
