"""What a plugin may put in the place of a transport's answer, and what the others see of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import (
    Call,
    ConnectError,
    ConnectionLost,
    Instead,
    InvalidRequest,
    Plugin,
    PluginError,
    Request,
    RequestTimeout,
    Response,
    Retry,
)

GOOD = Response(200, {"Content-Type": "application/json"}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')
BUSY = Response(503, {}, b"")
Resources = Callable[..., Any]
Finish = Callable[[Any], Any]


def first(decision: object) -> Callable[[Call], object]:
    """Decide about the first attempt of a call, and leave the others alone."""
    return lambda call: decision if call.attempt == 1 else None


def test_an_error_fails_as_the_transports_would(resources: Resources, finish: Finish, seen_plugin: Any) -> None:
    seen = seen_plugin(before_request=Instead(ConnectionLost("cut")), on_error=None)
    client, transport = resources(GOOD, plugins=[seen], retry_config={"strategy": "none"})
    with pytest.raises(ConnectionLost, match="cut") as raised:
        finish(client.org.get(org="o"))
    assert seen.events == ["before_request 1", "on_error 1"]
    assert (raised.value.operation, raised.value.attempts[0].error) == ("org.get", "ConnectionLost: cut")
    assert transport.requests == []


def test_it_is_retried_as_the_transports_would_be(resources: Resources, finish: Finish, seen_plugin: Any) -> None:
    seen = seen_plugin(before_request=first(Instead(ConnectError("refused"))))
    client, transport = resources(GOOD, plugins=[seen])
    raw = finish(client.raw.org.get(org="o"))
    assert [(each.status_code, each.error) for each in raw.attempts] == [(None, "ConnectError: refused"), (200, None)]
    assert len(transport.requests) == 1


def test_a_response_is_told_to_all_as_if_it_had_come(resources: Resources, finish: Finish, seen_plugin: Any) -> None:
    seen = seen_plugin(before_request=first(Instead(BUSY)), on_error=Retry())
    client, transport = resources(GOOD, plugins=[seen])
    raw = finish(client.raw.org.get(org="o"))
    assert [each.status_code for each in raw.attempts] == [503, 200]
    assert seen.events == ["before_request 1", "after_response 1", "on_error 1", "before_request 2", "after_response 2"]
    assert len(transport.requests) == 1


@pytest.mark.parametrize("answer", [GOOD, Response(409)])
def test_an_answer_that_is_lost_is_seen_by_nobody(
    resources: Resources, finish: Finish, seen_plugin: Any, answer: Response
) -> None:
    seen = seen_plugin(before_request=Instead(ConnectionLost("cut"), send=True), on_error=None)
    client, transport = resources(answer, plugins=[seen], retry_config={"strategy": "none"})
    with pytest.raises(ConnectionLost, match="cut"):
        finish(client.org.get(org="o"))
    assert seen.events == ["before_request 1", "on_error 1"]
    assert len(transport.requests) == 1


def test_an_error_that_comes_instead_of_an_answer_stands(
    resources: Resources, finish: Finish, seen_plugin: Any
) -> None:
    seen = seen_plugin(before_request=Instead(BUSY, send=True), on_error=None)
    client, _ = resources(ConnectError("really refused"), plugins=[seen], retry_config={"strategy": "none"})
    with pytest.raises(ConnectError, match="really refused"):
        finish(client.org.get(org="o"))


def test_what_is_to_be_sent_is_checked_though_its_answer_is_to_be_lost(
    resources: Resources, finish: Finish, seen_plugin: Any
) -> None:
    seen = seen_plugin(before_request=Instead(GOOD, send=True))
    client, transport = resources(GOOD, plugins=[seen])
    with pytest.raises(InvalidRequest):
        finish(client.org.get(org="o", request_options={"headers": {"X-Bad": "a\nb"}}))
    assert transport.requests == []


class TestDelay:
    def test_passes_on_the_clients_clock_and_counts_towards_the_attempt(
        self, resources: Resources, finish: Finish, seen_plugin: Any, clock: Any
    ) -> None:
        client, transport = resources(GOOD, plugins=[seen_plugin(before_request=Instead(delay=2.5))])
        raw = finish(client.raw.org.get(org="o", request_options={"timeout_ms": 10_000}))
        assert (clock.waits, raw.elapsed) == ([2.5], 2.5)
        assert [(each.wait, each.elapsed) for each in raw.attempts] == [(0.0, 2.5)]
        assert transport.requests[0].timeout == 7.5

    @pytest.mark.parametrize("slow", [Instead(delay=10), Instead(GOOD, delay=10), Instead(GOOD, delay=3600, send=True)])
    def test_is_cut_off_by_the_timeout(
        self, resources: Resources, finish: Finish, seen_plugin: Any, clock: Any, slow: Instead
    ) -> None:
        seen = seen_plugin(before_request=slow)
        client, transport = resources(GOOD, plugins=[seen], retry_config={"strategy": "none"}, timeout_ms=10_000)
        with pytest.raises(RequestTimeout, match="no response within 10 s") as raised:
            finish(client.org.get(org="o"))
        assert raised.value.sent
        assert (clock.waits, transport.requests) == ([10], [])

    def test_has_no_end_but_its_own_without_a_timeout(
        self, resources: Resources, finish: Finish, seen_plugin: Any, clock: Any
    ) -> None:
        class Patient(Plugin):
            def before_request(self, request: Request, call: Call) -> None:
                request.timeout = None

        plugins = [Patient(), seen_plugin(before_request=Instead(delay=3600))]
        client, transport = resources(GOOD, plugins=plugins, retry_config={"strategy": "none"})
        assert finish(client.org.get(org="o")).num_repos == 3
        assert (clock.waits, transport.requests[0].timeout) == ([3600], None)

    def test_is_cut_off_by_what_is_left_of_the_call_without_a_timeout(
        self, resources: Resources, finish: Finish, seen_plugin: Any, clock: Any
    ) -> None:
        class Patient(Plugin):
            def before_request(self, request: Request, call: Call) -> None:
                request.timeout = None

        plugins = [Patient(), seen_plugin(before_request=Instead(delay=3600))]
        client, transport = resources(GOOD, plugins=plugins, retry_config={"backoff": {"max_elapsed_time": 1000}})
        with pytest.raises(RequestTimeout, match="no response within 1 s"):
            finish(client.org.get(org="o"))
        assert (clock.waits, transport.requests) == ([1], [])

    def test_may_be_broken_off(self, start: Any, seen_plugin: Any) -> None:
        seen = seen_plugin(before_request=Instead(delay=2.5))
        flow = start(seen)
        next(flow)
        flow.close()
        assert seen.events == ["before_request 1", "on_error 1"]


@pytest.mark.parametrize(
    ("outcome", "delay"), [("text", 0), (InvalidRequest("no"), 0), (None, -1), (None, float("nan")), (None, "1")]
)
def test_what_it_cannot_be_is_refused_in_the_hook_that_made_it(
    resources: Resources, finish: Finish, outcome: Any, delay: Any
) -> None:
    class Odd(Plugin):
        def before_request(self, request: Request, call: Call) -> Instead:
            return Instead(outcome, delay=delay)

    client, _ = resources(GOOD, plugins=[Odd()])
    with pytest.raises(PluginError, match=r"'Odd' raised (TypeError|ValueError) in before_request"):
        finish(client.org.get(org="o"))


@pytest.mark.parametrize("answer", [GOOD, None])
def test_what_is_made_or_sent_is_from_no_cache(
    resources: Resources, finish: Finish, seen_plugin: Any, answer: Any
) -> None:
    client, _ = resources(GOOD, plugins=[seen_plugin(before_request=answer)])
    assert finish(client.raw.org.get(org="o")).from_cache is False


def test_raw_tells_that_a_plugin_kept_the_response(resources: Resources, finish: Finish, seen_plugin: Any) -> None:
    kept = Response(200, GOOD.headers, GOOD.content, from_cache=True)
    client, _ = resources(GOOD, plugins=[seen_plugin(before_request=kept)])
    assert finish(client.raw.org.get(org="o")).from_cache is True
