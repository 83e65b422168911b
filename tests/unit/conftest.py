"""What unit tests share: a clock that they own, and an environment that says nothing to a client."""

from __future__ import annotations

import os

import pytest

from mesa_plugins.testing import FakeClock


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MESA_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
