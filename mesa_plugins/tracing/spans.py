"""OpenTelemetry: a span for each call, one for each attempt, and a histogram of how long attempts take.

Follows the semantic conventions for HTTP clients, https://opentelemetry.io/docs/specs/semconv/http/. Contexts are
handed on and never attached: a call is a generator, which may end in another context than it began in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache, lru_cache, wraps
from http import HTTPStatus
from inspect import signature
from typing import TYPE_CHECKING, Final, ParamSpec, TypeAlias, TypeVar
from urllib.parse import urlsplit

from attrs import frozen
from opentelemetry import context, metrics, propagate, trace
from opentelemetry.trace import SpanKind, StatusCode

from mesa_core import Call, Headers, Request, Response, TransportError, __version__, without_secrets
from mesa_plugins.tracing.outcomes import CANCELLED, was_cancelled
from mesa_plugins.tracing.records import LOGGER

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import Histogram, MeterProvider
    from opentelemetry.trace import Span, TracerProvider

__all__ = ["AttemptSpan", "CallSpan", "Spans"]

if "explicit_bucket_boundaries_advisory" not in signature(metrics.Meter.create_histogram).parameters:
    # Another package may have brought it; a client is then built as if it were not there.
    raise ImportError("opentelemetry-api is older than 1.30")

_Attributes: TypeAlias = dict[str, str | int]
P = ParamSpec("P")
T = TypeVar("T")

_SCOPE: Final = "mesa_sdk"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.37.0"
_PORTS: Final = {"http": 80, "https": 443}
_OTHER: Final = "_OTHER"
_METHODS: Final = "CONNECT,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,TRACE"
_UNUSUAL: Final = re.compile("[?;#]")
_BOUNDARIES: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


def _harmless(step: Callable[P, T]) -> Callable[P, T | None]:
    """Let a call go on when a step of telling of it fails, as in an exporter: it was carried out all the same."""

    @wraps(step)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return step(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever a processor or propagator raises
            _tell_once(type(error).__qualname__)
            return None

    return guarded


@cache
def _tell_once(kind: str) -> None:
    LOGGER.warning("OpenTelemetry raised %s; calls go on, and some are not told of", kind)


class Spans:
    """Begins the spans of calls."""

    def __init__(self, tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None) -> None:
        self.tracer: Final = trace.get_tracer(_SCOPE, __version__, tracer_provider, _SCHEMA)
        self.durations: Final = _durations(meter_provider) if meter_provider else _global_durations()
        self._measures = meter_provider is not None
        known = os.environ.get("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS") or _METHODS
        self._methods = frozenset(map(str.strip, known.split(",")))

    @_harmless
    def begin(self, call: Call) -> CallSpan | None:
        """Begin the span of a call, under the caller's current span; None where it would go nowhere."""
        parent = context.get_current()
        span = self.tracer.start_span(call.operation.name, parent)
        if not (span.get_span_context().is_valid or self._measures or _is_measured()):
            return None
        return CallSpan(self, span, trace.set_span_in_context(span, parent))

    def asked(self, request: Request) -> _Attributes:
        """Return what both the span and the histogram tell of a request; a method is one of few."""
        method = request.method if request.method in self._methods else _OTHER
        return {"http.request.method": method, **_server(request.origin)}


@frozen
class CallSpan:
    """The span of a call under way."""

    spans: Spans
    span: Span
    context: Context
    """The caller's, with the span in it."""

    @_harmless
    def begin_attempt(self, request: Request, call: Call) -> AttemptSpan:
        """Begin the span of an attempt, and send its context along: to the client's server alone, as the key is."""
        asked = self.spans.asked(request)
        template, foreign = _template(call), not call.config.is_own(request.url)
        url = without_secrets(request.url, foreign=foreign)
        told: _Attributes = {**asked, "url.full": url, "url.template": template}
        if call.attempt > 1:
            told["http.request.resend_count"] = call.attempt - 1
        method = asked["http.request.method"]
        if method == _OTHER:
            method, told["http.request.method_original"] = "HTTP", request.method
        span = self.spans.tracer.start_span(f"{method} {template}", self.context, SpanKind.CLIENT, told)
        inner = trace.set_span_in_context(span, self.context)
        if not foreign:
            _inject(request.headers, inner)
        return AttemptSpan(self.spans.durations, span, inner, asked)

    def end(self, error: BaseException | None) -> None:
        """End it; `error` is what the call ended with, if with one."""
        if error is not None:
            _mark(self.span, {"error.type": _error_type(error)})
        _end(self.span)


@frozen
class AttemptSpan:
    """The span of an attempt under way."""

    durations: Histogram
    span: Span
    context: Context
    """The call's, with the span in it."""
    asked: _Attributes

    def end(self, outcome: Response | BaseException, seconds: float) -> None:
        """End it `seconds` after it began, with a response or an error."""
        answered = _answered(outcome)
        _mark(self.span, answered)
        _end(self.span)
        if _was_sent(outcome):
            _record(self.durations, seconds, {**self.asked, **answered}, self.context)


@_harmless
def _inject(headers: Headers, inner: Context) -> None:
    propagate.inject(headers, inner)


@_harmless
def _mark(span: Span, outcome: _Attributes) -> None:
    span.set_attributes(outcome)
    if "error.type" in outcome:
        span.set_status(StatusCode.ERROR)  # not described: a text may repeat what a server said


@_harmless
def _end(span: Span) -> None:
    span.end()


@_harmless
def _record(durations: Histogram, seconds: float, attributes: _Attributes, inner: Context) -> None:
    durations.record(seconds, attributes, inner)


def _was_sent(outcome: Response | BaseException) -> bool:
    """Tell whether there was a request at all: a cache needs none, and any but a transport's error refused it."""
    return not outcome.from_cache if isinstance(outcome, Response) else isinstance(outcome, TransportError)


def _answered(outcome: Response | BaseException) -> _Attributes:
    if not isinstance(outcome, Response):
        return {"error.type": _error_type(outcome)}
    status = outcome.status_code
    failed = status >= HTTPStatus.BAD_REQUEST
    return {"http.response.status_code": status, **({"error.type": str(status)} if failed else {})}


def _error_type(error: BaseException) -> str:
    if was_cancelled(error):
        return CANCELLED
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _template(call: Call) -> str:
    template = call.operation.template
    # `client.request` takes any; most are plain, and need no look.
    return without_secrets(template) if _UNUSUAL.search(template) else template


@lru_cache(maxsize=64)
def _server(origin: str) -> _Attributes:
    """Return the attributes of an origin; none, when a plugin has made the URL unreadable."""
    parts = urlsplit(origin)
    if parts.hostname is None:
        return {}
    return {"server.address": parts.hostname, "server.port": parts.port or _PORTS[parts.scheme]}


def _is_measured() -> bool:
    """Tell whether durations go anywhere: the API alone, which another package may have brought, keeps none."""
    return not type(metrics.get_meter_provider()).__module__.startswith("opentelemetry.metrics")


def _durations(provider: MeterProvider) -> Histogram:
    return provider.get_meter(_SCOPE, __version__, _SCHEMA).create_histogram(
        "http.client.request.duration",
        unit="s",
        description="Duration of HTTP client requests.",
        explicit_bucket_boundaries_advisory=_BOUNDARIES,
    )


@cache
def _global_durations() -> Histogram:
    """Return the histogram of the global provider, once: until one is set, the API keeps all that it was asked for."""
    return _durations(metrics.get_meter_provider())
