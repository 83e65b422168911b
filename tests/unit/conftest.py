"""What unit tests share: a clock that they own, and an environment that says nothing to a client."""

from __future__ import annotations

import os

import pytest


class FakeClock:
    """Time passes when somebody waits, or when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def time(self) -> float:
        return 1_800_000_000 + self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.waits.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float, /) -> None:
        self.sleep(seconds)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MESA_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
