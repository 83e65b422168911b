"""Real calls of the local Depot, traced: over HTTP by either library and in process, blocking and not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import anyio
import pytest
from opentelemetry import context
from opentelemetry.trace import StatusCode
from traces import Traces

from mesa_core import Call, Plugin, Request
from mesa_sdk import AsyncMesa, Mesa, NotFound

ROOT_KEY = "mesa_root_key_of_the_tests"


class Sent(Plugin):
    """Keeps the request of each operation, as it was when the transport had sent it."""

    def __init__(self) -> None:
        self.requests: dict[str, Request] = {}

    def before_request(self, request: Request, call: Call) -> None:
        self.requests[call.operation.name] = request


@pytest.fixture
def traces() -> Traces:
    return Traces()


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def client(connect: Callable[..., Mesa], traces: Traces, sent: Sent) -> Mesa:
    return connect(**traces.options(sent))


def test_a_program_is_a_trace_of_calls_and_attempts(client: Mesa, traces: Traces) -> None:
    with traces.provider.get_tracer("app").start_as_current_span("app") as app:
        before = context.get_current()
        client.repos.create(org="acme", body={"name": "widgets"})
        client.repos.get(org="acme", repo="widgets")
        with pytest.raises(NotFound):
            client.repos.get(org="acme", repo="missing")
        assert [repo.name for repo in client.repos.list(org="acme", limit=1)] == ["widgets"]
        assert context.get_current() is before
    calls, attempts = traces.calls[:-1], traces.attempts
    assert [call.name for call in calls] == ["repos.create", "repos.get", "repos.get", "repos.list"]
    assert [call.parent for call in calls] == [app.get_span_context()] * 4
    names = ["POST /{org}/repos", "GET /{org}/{repo}", "GET /{org}/{repo}", "GET /{org}/repos"]
    assert [attempt.name for attempt in attempts] == names
    assert [attempt.parent for attempt in attempts] == [call.context for call in calls]
    assert [attempt.attributes["http.response.status_code"] for attempt in attempts] == [201, 200, 404, 200]
    failed = [call.status.status_code is StatusCode.ERROR for call in calls]
    assert failed == [False, False, True, False]
    assert sum(point.count for point in traces.durations) == 4


def test_the_server_is_told_the_context_of_the_attempt(client: Mesa, traces: Traces, sent: Sent) -> None:
    client.repos.create(org="acme", body={"name": "widgets"})
    request, (attempt,) = sent.requests["repos.create"], traces.attempts
    url = urlsplit(request.url)
    assert request.headers["traceparent"].split("-")[2] == f"{attempt.context.span_id:016x}"
    assert attempt.attributes["url.full"] == request.url
    assert (attempt.attributes["server.address"], attempt.attributes["server.port"]) == (url.hostname, url.port or 443)


class TestConcurrency:
    """Each app's span has a call, and that call the attempt for the app's own organization."""

    def assert_apart(self, traces: Traces, count: int) -> None:
        spans = {span.context.span_id: span for span in traces.calls}
        assert len(traces.attempts) == count
        for attempt in traces.attempts:
            app = spans[spans[attempt.parent.span_id].parent.span_id]
            assert f"/{app.name}/" in attempt.attributes["url.full"]

    @pytest.mark.parametrize("transport", ["httpx", "requests"])
    def test_of_threads(self, server, traces: Traces, transport: str) -> None:
        options = traces.options()
        with Mesa(api_key=ROOT_KEY, server_url=server.url, transport=transport, **options) as client:

            def work(number: int) -> None:
                with traces.provider.get_tracer("app").start_as_current_span(f"app-{number}"), pytest.raises(NotFound):
                    client.repos.get(org=f"app-{number}", repo="missing")

            with ThreadPoolExecutor(8) as pool:
                list(pool.map(work, range(40)))
        self.assert_apart(traces, 40)

    @pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
    def test_of_tasks(self, server, traces: Traces, transport: str) -> None:
        async def main() -> None:
            options = traces.options()
            async with AsyncMesa(api_key=ROOT_KEY, server_url=server.url, transport=transport, **options) as client:

                async def work(number: int) -> None:
                    tracer = traces.provider.get_tracer("app")
                    with tracer.start_as_current_span(f"app-{number}"), pytest.raises(NotFound):
                        await client.repos.get(org=f"app-{number}", repo="missing")

                await asyncio.gather(*map(work, range(40)))

        asyncio.run(main())
        self.assert_apart(traces, 40)

    def test_of_tasks_that_are_cancelled_at_any_time(self, server, traces: Traces) -> None:
        chance = random.Random(7)

        async def main() -> None:
            async with AsyncMesa(api_key=ROOT_KEY, server_url=server.url, **traces.options()) as client:

                async def work(_: int) -> None:
                    with anyio.move_on_after(chance.uniform(0, 0.02)):
                        await client.org.get(org="acme")

                await asyncio.gather(*map(work, range(100)))

        asyncio.run(main())
        kinds = {call.attributes.get("error.type") for call in traces.calls}  # and all of them have ended
        assert "cancelled" in kinds
        assert kinds <= {"cancelled", None}
