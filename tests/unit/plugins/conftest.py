"""A clock that tests own, and clients whose transport answers from a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import Request, Response
from mesa_plugins.testing import FakeClock, Script
from mesa_sdk import Mesa


@pytest.fixture
def good() -> Response:
    return Response(200, {"X-Request-Id": "req-1"}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')


@pytest.fixture
def client(clock: FakeClock) -> Callable[..., Mesa]:
    """Makes a client whose transport answers from a script, and at last again and again as it did before.

    Each answer takes `took` seconds; `client.transport.requests` is what was sent.
    """

    def make(*answers: Any, took: float = 0.0, **options: Any) -> Mesa:
        replies = [slow(answer, took) for answer in answers]
        options.setdefault("api_key", "key")
        return Mesa(clock=clock, transport=Script(*replies[:-1], rest=replies[-1] if replies else None), **options)

    def slow(answer: Any, took: float) -> Any:
        def reply(_: Request) -> Any:
            clock.advance(took)
            return answer

        return reply

    return make
