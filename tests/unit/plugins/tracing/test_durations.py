"""How long attempts took, as a histogram of the semantic conventions."""

from __future__ import annotations

from typing import Any

import pytest
from traces import LOST, Script, Traces, finish

from mesa_core import Plugin, Request, Response
from mesa_plugins.tracing import Tracing
from mesa_sdk import InvalidRequest, Mesa


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
