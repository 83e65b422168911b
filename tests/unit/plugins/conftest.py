"""A clock that tests own, and clients whose transport answers from a script."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import Request, Response
from mesa_sdk import Mesa

NOW = 1_800_000_000


class FakeClock:
    """Time passes when somebody waits, or when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def time(self) -> float:
        return NOW + self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.waits.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float, /) -> None:
        self.sleep(seconds)


class Script:
    """A transport that answers in order; the last answer is given again and again, and each takes `took` seconds."""

    def __init__(self, answers: tuple[Any, ...], clock: FakeClock, took: float) -> None:
        self.answers, self.clock, self.took = list(answers), clock, took
        self.requests: list[Request] = []

    def send(self, request: Request, /) -> Response:
        self.requests.append(copy.deepcopy(request))
        self.clock.now += self.took
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return copy.deepcopy(answer)

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MESA_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def good() -> Response:
    return Response(200, {"X-Request-Id": "req-1"}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')


@pytest.fixture
def client(clock: FakeClock) -> Callable[..., Mesa]:
    """Makes a client whose transport answers from a script; `client.transport.requests` is what it sent."""

    def make(*answers: object, took: float = 0.0, **options: Any) -> Mesa:
        options.setdefault("api_key", "key")
        return Mesa(clock=clock, transport=Script(answers, clock, took), **options)

    return make
