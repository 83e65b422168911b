"""Tracing: each attempt a log record, each call and each attempt a span of OpenTelemetry, without secrets.

The plugin is here; `records` are the log records, and `stderr` shows them where MESA_LOG asks for it; `spans` are
imported only where OpenTelemetry is installed; `outcomes` has the words that both share.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from attrs import define

from mesa_core import Call, MesaError, Plugin, Request, Response, hookimpl
from mesa_plugins.tracing.records import log_attempt
from mesa_plugins.tracing.stderr import show_records

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from mesa_plugins.tracing.spans import AttemptSpan, CallSpan, Spans

__all__ = ["Tracing"]


@define(eq=False, repr=False)
class _Trace:
    """What is kept for one call: the attempt under way, if there is one, and spans, if they go anywhere."""

    request: Request | None = None
    begun: float = 0.0
    attempt: AttemptSpan | None = None
    call: CallSpan | None = None


class Tracing(Plugin):
    """Logs each attempt, and traces calls and attempts where `opentelemetry-api` is installed.

    Args:
        tracer_provider: Where spans go; the global provider, when not given.
        meter_provider: Where durations go; the global provider, when not given.

    Raises:
        ConfigurationError: MESA_LOG is neither "info" nor "debug".
    """

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        show_records()
        kind = _spans_kind()
        self._spans = None if kind is None else kind(tracer_provider, meter_provider)

    def before_call(self, call: Call) -> None:
        """Begin the span of the call."""
        if self._spans is not None:
            call.state[self] = _Trace(call=self._spans.begin(call))

    @hookimpl(trylast=True)  # after everyone who may change the request
    def before_request(self, request: Request, call: Call) -> None:
        """Begin the span of the attempt, and send its context along."""
        trace: _Trace | None = call.state.get(self)
        if trace is None:
            trace = call.state[self] = _Trace()
        trace.attempt = None if trace.call is None else trace.call.begin_attempt(request, call)
        trace.request, trace.begun = request, call.clock.monotonic()

    def after_response(self, response: Response, call: Call) -> None:
        """End an attempt that was answered."""
        self._end_attempt(response, call)

    def on_error(self, error: MesaError, call: Call) -> None:
        """End an attempt that was not answered; one that was has ended already."""
        self._end_attempt(error, call)

    @hookimpl(trylast=True)  # the others' work after a call is part of it
    def after_call(self, error: BaseException | None, call: Call) -> None:
        """End the call's span, and that of an attempt which was broken off inside a hook."""
        if error is not None:
            self._end_attempt(error, call)
        trace: _Trace | None = call.state.pop(self, None)
        if trace is not None and trace.call is not None:
            trace.call.end(error)

    def _end_attempt(self, outcome: Response | BaseException, call: Call) -> None:
        trace: _Trace | None = call.state.get(self)
        if trace is None or trace.request is None:
            return
        request, trace.request = trace.request, None
        seconds = call.clock.monotonic() - trace.begun
        log_attempt(call, request, outcome, seconds)
        if trace.attempt is not None:
            trace.attempt.end(outcome, seconds)


@cache  # which Python does not, for an import that fails
def _spans_kind() -> type[Spans] | None:
    try:
        from mesa_plugins.tracing.spans import Spans  # noqa: PLC0415 - it needs what may not be installed
    except ImportError:
        return None
    return Spans
