"""What tests of spans share: clients of either world that are traced, and what they told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from traces import Script, Traces

from mesa_core import Clock
from mesa_sdk import AsyncMesa, Mesa


@pytest.fixture
def traces() -> Iterator[Traces]:
    """Spans and durations; when the test is over, no span is open."""
    traces = Traces()
    yield traces
    assert traces.spans is not None


@pytest.fixture(params=[Mesa, AsyncMesa], ids=["blocking", "async"])
def make(request: pytest.FixtureRequest, clock: Clock, traces: Traces) -> Callable[..., Any]:
    """Makes clients of either world that are traced; `client.transport.requests` is what they sent."""

    def make(*answers: Any, plugins: tuple[object, ...] = (), to: Traces = traces, **options: Any) -> Any:
        options = {"api_key": "key", "transport": Script(answers, clock), "clock": clock} | options
        return request.param(**options, **to.options(*plugins))

    return make
