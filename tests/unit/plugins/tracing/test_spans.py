"""OpenTelemetry: a span for each call and each attempt, in both worlds, on every way that a call can end."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from opentelemetry import context
from opentelemetry.trace import SpanKind, StatusCode
from traces import LOST, SECRET, Script, Traces, finish

from mesa_core import Plugin, Request, Response
from mesa_sdk import AsyncMesa, ConnectError, InvalidRequest, Mesa, MesaError, __version__


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
