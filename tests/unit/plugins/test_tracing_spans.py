"""OpenTelemetry: a span for each call and each attempt, in both worlds, on every way that a call can end."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from opentelemetry import context, propagate, trace
from opentelemetry.sdk.metrics import Histogram
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode
from traces import Traces

from mesa_core import Clock, Plugin, Request, Response, hookimpl
from mesa_plugins.tracing import Tracing
from mesa_plugins.tracing.spans import _tell_once
from mesa_sdk import AsyncMesa, ConnectError, InvalidRequest, Mesa, MesaError, __version__

LOST = ConnectError("refused")
SECRET = "s3cr3t-Xy"


class Script:
    """A transport of both worlds that answers in order, each answer after `took` seconds."""

    def __init__(self, answers: tuple[Any, ...], clock: Clock, took: float = 0.25) -> None:
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


def finish(result: Any) -> Any:
    """Return what a method of either world returns: a coroutine is run to its end."""
    return asyncio.run(result) if isinstance(result, Coroutine) else result


def breaks(hook: str, error: BaseException) -> Plugin:
    def fail(self: object) -> None:
        raise error

    return type("Broken", (Plugin,), {hook: fail})()


def test_a_call_is_an_internal_span_and_its_attempt_a_client_span_within(
    make: Any, good: Response, traces: Traces
) -> None:
    finish(make(good).org.get(org="my org"))
    attempt, call = traces.spans
    assert (call.name, call.kind, call.parent, dict(call.attributes or {})) == ("org.get", SpanKind.INTERNAL, None, {})
    assert (attempt.name, attempt.kind) == ("GET /{org}", SpanKind.CLIENT)
    assert attempt.parent == call.context
    assert attempt.attributes == {
        "http.request.method": "GET",
        "url.template": "/{org}",
        "url.full": "https://depot.mesa.dev/api/v1/my%20org",
        "server.address": "depot.mesa.dev",
        "server.port": 443,
        "http.response.status_code": 200,
    }
    assert call.status.status_code is attempt.status.status_code is StatusCode.UNSET
    assert call.start_time <= attempt.start_time <= attempt.end_time <= call.end_time
    scope = attempt.instrumentation_scope
    assert scope is not None
    assert (scope.name, scope.version) == ("mesa_sdk", __version__)
    assert scope.schema_url.startswith("https://opentelemetry.io/schemas/")


def test_a_call_is_a_child_of_the_callers_span_and_leaves_the_callers_context_as_it_was(
    make: Any, good: Response, traces: Traces
) -> None:
    tracer = traces.provider.get_tracer("app")
    with tracer.start_as_current_span("app") as app:
        before = context.get_current()
        finish(make(good).org.get(org="o"))
        with pytest.raises(MesaError):
            finish(make(Response(404)).org.get(org="o"))
        assert context.get_current() is before
    assert [call.parent for call in traces.calls if call.name == "org.get"] == [app.get_span_context()] * 2


def test_every_attempt_is_a_span_and_only_repeated_ones_tell_their_number(
    make: Any, good: Response, traces: Traces
) -> None:
    finish(make(LOST, Response(503), good).org.get(org="o"))
    (call,) = traces.calls
    assert [attempt.parent for attempt in traces.attempts] == [call.context] * 3
    told = ("http.request.resend_count", "http.response.status_code", "error.type")
    assert [tuple(attempt.attributes.get(name) for name in told) for attempt in traces.attempts] == [
        (None, None, "mesa_core.errors.ConnectError"),
        (1, 503, "503"),
        (2, 200, None),
    ]
    statuses = [attempt.status.status_code for attempt in traces.attempts]
    assert statuses == [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET]
    assert (call.status.status_code, dict(call.attributes)) == (StatusCode.UNSET, {})


@pytest.mark.parametrize(
    ("answer", "attempted", "called"),
    [
        (LOST, "mesa_core.errors.ConnectError", "mesa_core.errors.ConnectError"),
        (LookupError(SECRET), "mesa_core.errors.TransportError", "mesa_core.errors.TransportError"),
        (Response(404), "404", "mesa_core.errors.NotFound"),
        (Response(429), "429", "mesa_core.errors.RateLimited"),
        (Response(500), "500", "mesa_core.errors.ServerError"),
        (Response(302), None, "mesa_core.errors.APIError"),
        (Response(200, {}, b"{"), None, "mesa_core.errors.ResponseValidationError"),
    ],
    ids=["no answer", "foreign", "404", "429", "500", "302", "unreadable"],
)
def test_a_failure_is_an_error_with_its_type_and_no_text(
    make: Any, traces: Traces, answer: Any, attempted: str | None, called: str
) -> None:
    with pytest.raises(MesaError):
        finish(make(answer, retry_config={"strategy": "none"}).org.get(org="o"))
    (attempt,), (call,) = traces.attempts, traces.calls
    assert (attempt.attributes.get("error.type"), call.attributes["error.type"]) == (attempted, called)
    assert attempt.status.status_code is (StatusCode.ERROR if attempted else StatusCode.UNSET)
    assert call.status.status_code is StatusCode.ERROR
    for span in (attempt, call):
        assert (span.status.description, span.events) == (None, ())


def test_a_call_refused_before_its_first_attempt_is_a_span_alone(make: Any, traces: Traces) -> None:
    with pytest.raises(InvalidRequest):
        finish(make().org.get(org=".."))
    (call,) = traces.spans
    assert (call.name, call.attributes["error.type"]) == ("org.get", "mesa_core.errors.InvalidRequest")


@pytest.mark.parametrize("hook", ["before_call", "before_request", "after_response", "on_error", "after_call"])
@pytest.mark.parametrize("stop", [LookupError(SECRET), KeyboardInterrupt()], ids=["broken", "interrupted"])
@pytest.mark.parametrize("answer", [LOST, Response(404)], ids=["no answer", "404"])
def test_spans_end_when_another_plugin_breaks(
    make: Any, traces: Traces, hook: str, stop: BaseException, answer: Any
) -> None:
    client = make(answer, plugins=(breaks(hook, stop),), retry_config={"strategy": "none"})
    with pytest.raises((MesaError, KeyboardInterrupt)):
        finish(client.org.get(org="o"))
    assert [call.status.status_code for call in traces.calls] == [StatusCode.ERROR]
    assert SECRET not in "".join(span.to_json() for span in traces.spans)


def test_an_attempt_that_is_interrupted_after_it_began_ends(make: Any, traces: Traces) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finish(make(api_key=interrupted).org.get(org="o"))
    assert [span.attributes["error.type"] for span in traces.spans] == ["KeyboardInterrupt"] * 2


class TestCancellation:
    @pytest.fixture(params=["attempt", "wait"])
    def place(self, request: pytest.FixtureRequest) -> str:
        return request.param

    def assert_ended(self, traces: Traces, place: str) -> None:
        (attempt,), (call,) = traces.attempts, traces.calls
        expected = "cancelled" if place == "attempt" else "mesa_core.errors.ConnectError"
        assert (attempt.attributes["error.type"], call.attributes["error.type"]) == (expected, "cancelled")
        assert attempt.status.status_code is call.status.status_code is StatusCode.ERROR

    def test_of_a_blocking_call(self, clock: Any, traces: Traces, place: str) -> None:
        def interrupted(_: float) -> None:
            raise KeyboardInterrupt

        clock.sleep = interrupted
        transport = Script((KeyboardInterrupt() if place == "attempt" else LOST,), clock)
        before = context.get_current()
        with pytest.raises(KeyboardInterrupt):
            Mesa(api_key="key", transport=transport, clock=clock, **traces.options()).org.get(org="o")
        assert context.get_current() is before
        self.assert_ended(traces, place)

    def test_of_a_task(self, clock: Any, traces: Traces, place: str) -> None:
        reached = asyncio.Event()

        async def hang(_: object) -> Response:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError

        clock.asleep = hang
        transport = Script((LOST,), clock)
        if place == "attempt":
            transport.asend = hang

        async def main() -> None:
            client = AsyncMesa(api_key="key", transport=transport, clock=clock, **traces.options())
            task = asyncio.create_task(client.org.get(org="o"))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(main())
        self.assert_ended(traces, place)


class TestConcurrency:
    def assert_apart(self, traces: Traces, count: int) -> None:
        apps = {span.context.span_id: span for span in traces.calls if span.name.startswith("app")}
        calls = {span.context.span_id: span for span in traces.calls if span.name == "org.get"}
        assert len(apps) == len(calls) == count
        assert len(traces.attempts) == 2 * count
        for attempt in traces.attempts:
            app = apps[calls[attempt.parent.span_id].parent.span_id]
            assert attempt.attributes["url.full"].endswith("/" + app.name)

    def test_of_threads(self, clock: Any, good: Response, traces: Traces) -> None:
        answers = Flaky(good)
        client = Mesa(api_key="key", transport=answers, clock=clock, **traces.options())

        def work(number: int) -> None:
            with traces.provider.get_tracer("app").start_as_current_span(f"app-{number}"):
                client.org.get(org=f"app-{number}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assert_apart(traces, 20)

    def test_of_tasks(self, clock: Any, good: Response, traces: Traces) -> None:
        client = AsyncMesa(api_key="key", transport=Flaky(good), clock=clock, **traces.options())

        async def work(number: int) -> None:
            with traces.provider.get_tracer("app").start_as_current_span(f"app-{number}"):
                await client.org.get(org=f"app-{number}")

        async def main() -> None:
            await asyncio.gather(*map(work, range(50)))

        asyncio.run(main())
        self.assert_apart(traces, 50)


class Flaky:
    """A transport of both worlds that loses the first request for each URL, and lets others in between."""

    def __init__(self, good: Response) -> None:
        self.good = good
        self.seen: set[str] = set()

    def send(self, request: Request, /) -> Response:
        if request.url not in self.seen:
            self.seen.add(request.url)
            raise ConnectError("refused")
        return self.good

    def close(self) -> None: ...

    async def asend(self, request: Request, /) -> Response:
        await asyncio.sleep(0)
        return self.send(request)

    async def aclose(self) -> None: ...


class TestUrl:
    def sent(self, make: Any, url: str, traces: Traces, good: Response) -> dict[str, Any]:
        class Moves(Plugin):
            def before_request(self, request: Request) -> None:
                request.url = url

        finish(make(good, plugins=(Moves(),)).org.get(org="o"))
        return dict(traces.attempts[0].attributes)

    def test_shows_no_secret(self, make: Any, good: Response, traces: Traces) -> None:
        url = f"https://user:{SECRET}@bucket.example:8443/object?X-Signature={SECRET}&limit=5#{SECRET}"
        sent = self.sent(make, url, traces, good)
        assert sent["url.full"] == "https://bucket.example:8443/object?X-Signature=***&limit=***"
        assert (sent["server.address"], sent["server.port"]) == ("bucket.example", 8443)

    def test_of_the_clients_server_shows_parameters_of_the_contract(
        self, make: Any, good: Response, traces: Traces
    ) -> None:
        sent = self.sent(make, f"https://depot.mesa.dev/o;{SECRET}?limit=5;{SECRET}", traces, good)
        assert sent["url.full"] == "https://depot.mesa.dev/o;***?limit=5&***"

    @pytest.mark.parametrize(
        ("url", "server"),
        [
            ("http://localhost/x", ("localhost", 80)),
            ("https://HOST.example/x", ("host.example", 443)),
            ("http://[::1]:8080/x", ("::1", 8080)),
        ],
    )
    def test_tells_the_server(
        self, make: Any, good: Response, traces: Traces, url: str, server: tuple[str, int]
    ) -> None:
        sent = self.sent(make, url, traces, good)
        assert (sent["server.address"], sent["server.port"]) == server

    def test_that_a_plugin_has_made_unreadable_is_refused_all_the_same(
        self, make: Any, good: Response, traces: Traces
    ) -> None:
        with pytest.raises(InvalidRequest):
            self.sent(make, "https://[x/", traces, good)
        assert "server.address" not in traces.attempts[0].attributes

    def test_in_a_template_of_the_callers_own_shows_no_secret(self, make: Any, good: Response, traces: Traces) -> None:
        finish(make(good).request("GET", f"/{{org}}?token={SECRET}", path={"org": "o"}))
        finish(make(good).request("GET", f"/{{org}};{SECRET}", path={"org": "o"}))
        shown = [(attempt.name, attempt.attributes["url.template"]) for attempt in traces.attempts]
        templates = ["/{org}?token=***", "/{org};***"]
        assert shown == [(f"GET {template}", template) for template in templates]


class TestMethod:
    def test_of_its_own_is_no_name_of_its_own(self, make: Any, good: Response, traces: Traces) -> None:
        finish(make(good).request("PURGE", "/{org}", path={"org": "o"}))
        (attempt,), (point,) = traces.attempts, traces.durations
        assert attempt.name == "HTTP /{org}"
        assert attempt.attributes["http.request.method"] == point.attributes["http.request.method"] == "_OTHER"
        assert attempt.attributes["http.request.method_original"] == "PURGE"
        assert "http.request.method_original" not in point.attributes

    def test_may_be_made_known(
        self, make: Any, good: Response, traces: Traces, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "GET, PURGE")
        finish(make(good).request("PURGE", "/{org}", path={"org": "o"}))
        assert traces.attempts[0].name == "PURGE /{org}"


class TestTraceparent:
    def test_is_sent_with_each_attempt_and_is_that_attempts(self, make: Any, good: Response, traces: Traces) -> None:
        client = make(LOST, good, headers={"Traceparent": "the caller's own"})
        finish(client.org.get(org="o"))
        for request, span in zip(client.transport.requests, traces.attempts, strict=True):
            version, trace_id, span_id, flags = request.headers["traceparent"].split("-")
            assert (int(trace_id, 16), int(span_id, 16)) == (span.context.trace_id, span.context.span_id)
            assert (version, int(flags, 16) & trace.TraceFlags.SAMPLED) == ("00", 1)

    def test_is_sent_to_the_clients_server_alone(self, make: Any, good: Response, traces: Traces) -> None:
        class Moves(Plugin):
            @hookimpl(trylast=True)
            def before_request(self, request: Request) -> None:
                request.url = "https://bucket.example/signed?X-Signature=1"

        client = make(good, plugins=(Moves(),))
        finish(client.org.get(org="o"))
        assert "traceparent" not in client.transport.requests[0].headers
        assert len(traces.attempts) == 1

    def test_says_so_when_a_trace_is_not_sampled(self, make: Any, good: Response) -> None:
        client = make(good, to=Traces(ALWAYS_OFF))
        finish(client.org.get(org="o"))
        flags = client.transport.requests[0].headers["traceparent"].split("-")[3]
        assert not int(flags, 16) & trace.TraceFlags.SAMPLED

    def test_is_handed_on_without_an_sdk(self, clock: Any, good: Response) -> None:
        client = Mesa(api_key="key", transport=Script((good, good), clock), clock=clock)
        client.org.get(org="o")
        remote = trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(1))
        token = context.attach(trace.set_span_in_context(trace.NonRecordingSpan(remote)))
        client.org.get(org="o")
        context.detach(token)
        first, second = client.transport.requests
        assert "traceparent" not in first.headers
        assert second.headers["traceparent"] == f"00-{1:032x}-{2:016x}-01"


class TestDurations:
    def test_are_seconds_of_each_attempt_by_server_method_and_outcome(
        self, make: Any, good: Response, traces: Traces
    ) -> None:
        finish(make(LOST, Response(503), good).org.get(org="o"))
        (metric,) = traces.metrics
        assert (metric.name, metric.unit) == ("http.client.request.duration", "s")
        asked = {"http.request.method": "GET", "server.address": "depot.mesa.dev", "server.port": 443}
        outcomes = [
            {"error.type": "mesa_core.errors.ConnectError"},
            {"http.response.status_code": 503, "error.type": "503"},
            {"http.response.status_code": 200},
        ]
        assert [point.attributes for point in traces.durations] == [asked | outcome for outcome in outcomes]
        assert [(point.count, point.sum) for point in traces.durations] == [(1, pytest.approx(0.25))] * 3

    def test_have_the_boundaries_that_the_conventions_advise(self, make: Any, good: Response, traces: Traces) -> None:
        finish(make(good).org.get(org="o"))
        advised = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
        assert traces.durations[0].explicit_bounds == advised

    def test_are_not_those_of_what_was_never_sent(self, make: Any, good: Response, traces: Traces) -> None:
        class Cache(Plugin):
            def before_request(self, request: Request) -> Response:
                good.from_cache = True
                return good

        finish(make(plugins=(Cache(),)).org.get(org="o"))
        with pytest.raises(InvalidRequest):
            finish(make().org.get(org="o", request_options={"headers": {"X-Bad": "a\nb"}}))
        assert len(traces.attempts) == 2
        assert traces.durations == []

    def test_of_many_clients_are_one_histogram(self, make: Any, good: Response, traces: Traces) -> None:
        for _ in range(3):
            finish(make(good).org.get(org="o"))
        assert [point.count for point in traces.durations] == [3]

    def test_are_kept_without_spans(self, clock: Any, good: Response, traces: Traces) -> None:
        plugins = {"plugins": [Tracing(meter_provider=traces.meters)], "disable_plugins": ["tracing"]}
        Mesa(api_key="key", transport=Script((good,), clock), clock=clock, **plugins).org.get(org="o")
        assert [point.count for point in traces.durations] == [1]


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
