"""OpenTelemetry in a test: spans and durations, kept in memory by the SDK's own exporter and reader; calls to trace."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, Metric
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
from opentelemetry.trace import SpanKind

from mesa_core import Request, Response
from mesa_plugins.testing import FakeClock
from mesa_plugins.tracing import Tracing
from mesa_sdk import ConnectError

__all__ = ["LOST", "SECRET", "Script", "Traces", "finish"]

LOST = ConnectError("refused")
SECRET = "s3cr3t-Xy"


class _Begun(SpanProcessor):
    def __init__(self) -> None:
        self.count = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.count += 1


class Traces:
    """What a client's tracing plugin tells OpenTelemetry; `options` make a client tell it."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        self._begun, self._exporter, self._reader = _Begun(), InMemorySpanExporter(), InMemoryMetricReader()
        self.provider = TracerProvider(sampler, shutdown_on_exit=False)
        self.provider.add_span_processor(self._begun)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)

    def options(self, *plugins: object) -> dict[str, Any]:
        tracing = Tracing(tracer_provider=self.provider, meter_provider=self.meters)
        return {"plugins": [tracing, *plugins], "disable_plugins": ["tracing"]}

    @property
    def spans(self) -> list[ReadableSpan]:
        """All spans, in the order in which they ended; none is still open."""
        found = list(self._exporter.get_finished_spans())
        assert len(found) == self._begun.count, "a span was begun that did not end"
        return found

    @property
    def calls(self) -> list[ReadableSpan]:
        return [span for span in self.spans if span.kind is SpanKind.INTERNAL]

    @property
    def attempts(self) -> list[ReadableSpan]:
        return [span for span in self.spans if span.kind is SpanKind.CLIENT]

    @property
    def metrics(self) -> list[Metric]:
        data = self._reader.get_metrics_data()
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
        return [metric for scope in scopes if scope.scope.name == "mesa_sdk" for metric in scope.metrics]

    @property
    def durations(self) -> list[HistogramDataPoint]:
        return [point for metric in self.metrics for point in metric.data.data_points]


class Script:
    """A transport of both worlds that answers in order, each answer after `took` seconds."""

    def __init__(self, answers: tuple[Response | BaseException, ...], clock: FakeClock, took: float = 0.25) -> None:
        self.answers, self.clock, self.took = list(answers), clock, took
        self.requests: list[Request] = []

    def send(self, request: Request, /) -> Response:
        self.requests.append(request)
        self.clock.now += self.took
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None: ...

    async def asend(self, request: Request, /) -> Response:
        return self.send(request)

    async def aclose(self) -> None: ...


def finish(result: Any) -> Any:
    """Return what a method of either world returns: a coroutine is run to its end."""
    return asyncio.run(result) if isinstance(result, Coroutine) else result
