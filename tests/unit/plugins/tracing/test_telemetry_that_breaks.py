"""A call outlives whatever OpenTelemetry raises."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import context, propagate
from opentelemetry.sdk.metrics import Histogram
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from traces import LOST, SECRET, Traces, finish

from mesa_core import Response
from mesa_plugins.tracing.spans import _tell_once
from mesa_sdk import MesaError


class Breaks(SpanProcessor):
    """An exporter's processor that fails at one of the two moments."""

    def __init__(self, at: str) -> None:
        self.at = at

    def on_start(self, span: Span, parent_context: context.Context | None = None) -> None:
        if self.at == "start":
            raise OSError(SECRET)

    def on_end(self, span: ReadableSpan) -> None:
        if self.at == "end":
            raise OSError(SECRET)


class TestTelemetryThatBreaks:
    """A call that was carried out has its result, and the program is told once."""

    @pytest.fixture(autouse=True)
    def _told(self, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
        _tell_once.cache_clear()
        yield
        (record,) = [record for record in caplog.get_records("call") if "OpenTelemetry" in record.getMessage()]
        _tell_once.cache_clear()
        assert (record.name, record.levelno) == ("mesa", logging.WARNING)
        assert record.getMessage() == "OpenTelemetry raised OSError; calls go on, and some are not told of"
        assert SECRET not in str(vars(record))

    @pytest.mark.parametrize("at", ["start", "end"])
    def test_in_a_processor(self, make: Any, good: Response, at: str) -> None:
        to = Traces()
        to.provider.add_span_processor(Breaks(at))
        client = make(LOST, good, Response(404), to=to)
        assert finish(client.org.get(org="o")).num_repos == 3
        with pytest.raises(MesaError, match="404"):
            finish(client.org.get(org="o"))

    @pytest.mark.parametrize("step", ["set_attributes", "set_status"])
    def test_in_a_span(self, make: Any, traces: Traces, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
        monkeypatch.setattr(Span, step, self.fail)
        with pytest.raises(MesaError, match="404"):
            finish(make(Response(404)).org.get(org="o"))
        assert len(traces.spans) == 2

    def test_in_a_propagator(self, make: Any, good: Response, traces: Traces, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(propagate, "inject", self.fail)
        assert finish(make(good).org.get(org="o")).num_repos == 3
        assert len(traces.spans) == 2

    def test_in_a_histogram(self, make: Any, good: Response, traces: Traces, monkeypatch: pytest.MonkeyPatch) -> None:
        client = make(good)
        monkeypatch.setattr(Histogram, "record", self.fail)
        assert finish(client.org.get(org="o")).num_repos == 3
        assert len(traces.spans) == 2

    @staticmethod
    def fail(*_: object, **__: object) -> None:
        raise OSError(SECRET)
