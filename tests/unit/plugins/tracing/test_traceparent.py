"""The trace is handed on to the client's server, and to no other."""

from __future__ import annotations

from typing import Any

from opentelemetry import context, trace
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from traces import LOST, Script, Traces, finish

from mesa_core import Plugin, Request, Response, hookimpl
from mesa_sdk import Mesa


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
