"""OpenTelemetry costs nothing where it is not installed, and little where nobody listens."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry.metrics import Histogram, Meter
from traces import Traces

from mesa_core import Response
from mesa_plugins.tracing import _spans_kind
from mesa_sdk import Mesa

Client = Callable[..., Mesa]

TRANSPORT = """
import logging, sys
from mesa_sdk import Mesa, Response
class Transport:
    def send(self, request, /):
        self.request = request
        return Response(200, {}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')
    def close(self): ...
def call(client): return client.org.get(org="o").num_repos, client.transport.request.headers.get("traceparent")
def loaded(): return [name for name in sys.modules if name.startswith("opentelemetry")]
"""


def run(program: str) -> str:
    tests = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-W", "error", "-c", TRANSPORT + program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_not_imported_before_a_client_is_built() -> None:
    assert not run("assert not loaded(); Mesa(api_key='k', transport=Transport()); assert loaded()")


def test_without_it_there_are_log_records_alone() -> None:
    assert (
        run(
            "sys.modules['opentelemetry'] = None\n"
            "logging.basicConfig(level='INFO', stream=sys.stdout, format='%(message)s')\n"
            "assert call(Mesa(api_key='k', transport=Transport())) == (3, None)\n"
            "assert loaded() == ['opentelemetry']"
        ).count("org.get: GET /api/v1/o -> 200")
        == 1
    )


def test_without_it_only_the_first_client_looks_for_it() -> None:
    assert not run(
        "import builtins\n"
        "sys.modules['opentelemetry'] = None\n"
        "importing, asked = builtins.__import__, []\n"
        "def watched(name, *rest):\n"
        "    asked.append(name)\n"
        "    return importing(name, *rest)\n"
        "builtins.__import__ = watched\n"
        "for _ in range(3): Mesa(api_key='k', transport=Transport())\n"
        "assert asked.count('opentelemetry') == asked.count('mesa_plugins.tracing.spans') == 1, asked"
    )


def test_a_provider_that_is_set_later_is_heard_from_then_on() -> None:
    assert not run(
        "from opentelemetry import metrics, trace\n"
        "from traces import Traces\n"
        "client = Mesa(api_key='k', transport=Transport())\n"
        "assert call(client) == (3, None)\n"
        "traces = Traces()\n"
        "metrics.set_meter_provider(traces.meters)\n"
        "assert call(client) == call(Mesa(api_key='k', transport=Transport())) == (3, None)\n"
        "assert [point.count for point in traces.durations] == [2]\n"
        "trace.set_tracer_provider(traces.provider)\n"
        "assert call(client)[1]\n"
        "assert [span.name for span in traces.spans] == ['GET /{org}', 'org.get']"
    )


def test_an_older_one_that_another_package_brought_is_left_alone(
    client: Client, good: Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    def before_1_30(self: Meter, name: str, unit: str = "", description: str = "") -> Histogram:
        raise AssertionError

    monkeypatch.delitem(sys.modules, "mesa_plugins.tracing.spans", raising=False)
    monkeypatch.setattr(Meter, "create_histogram", before_1_30)
    monkeypatch.setattr("mesa_plugins.tracing._spans_kind", _spans_kind.__wrapped__)  # which remembers nothing
    traces = Traces()
    assert client(good, **traces.options()).org.get(org="o").num_repos == 3
    assert traces.spans == []
    with pytest.raises(ImportError, match=r"older than 1\.30"):
        importlib.import_module("mesa_plugins.tracing.spans")
