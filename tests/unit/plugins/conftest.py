"""A clock that tests own, and clients whose transport answers from a script."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import Clock, Request, Response
from mesa_sdk import Mesa


class Script:
    """A transport that answers in order; the last answer is given again and again, and each takes `took` seconds."""

    def __init__(self, answers: tuple[Any, ...], clock: Clock, took: float) -> None:
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


@pytest.fixture
def good() -> Response:
    return Response(200, {"X-Request-Id": "req-1"}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')


@pytest.fixture
def client(clock: Clock) -> Callable[..., Mesa]:
    """Makes a client whose transport answers from a script; `client.transport.requests` is what it sent."""

    def make(*answers: object, took: float = 0.0, **options: Any) -> Mesa:
        options.setdefault("api_key", "key")
        return Mesa(clock=clock, transport=Script(answers, clock, took), **options)

    return make
