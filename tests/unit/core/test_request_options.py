"""What a call adds to the client's options, and the headers that are refused before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import (
    Call,
    ConfigurationError,
    InvalidRequest,
    Plugin,
    Request,
)
from mesa_core.exchange import Ended, Flow
from mesa_core.models.org import Organization
from mesa_plugins.testing import Script

Start = Callable[..., Flow[Ended[Organization]]]


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("X-A", "a\r\nX-B: b", "headers.X-A"),
        ("X-A", "a\0", "headers.X-A"),
        ("X-A", "a\x7f", "headers.X-A"),
        ("X-A", "snow ☃", "headers.X-A"),
        ("X-A", 5, "headers.X-A"),
        ("X A", "a", "headers"),
        ("X-A:", "a", "headers"),
        ("", "a", "headers"),
        ("X-Ä", "a", "headers"),
    ],
)
def test_a_header_that_would_break_out_is_refused_before_anything_is_sent(
    start: Start, name: str, value: Any, field: str
) -> None:
    class Sets(Plugin):
        def before_request(self, request: Request) -> None:
            request.headers[name] = value

    with pytest.raises(InvalidRequest) as caught:
        next(start(Sets()))
    assert caught.value.field == field
    assert caught.value.operation == "org.get"
    if isinstance(value, str) and field != "headers":
        assert value not in str(caught.value)


@pytest.mark.parametrize("value", ["", "a\tb", "Grüße", "!~"])
def test_a_header_that_http_allows_is_sent(start: Start, value: str) -> None:
    assert next(start(headers={"X-A": value})).request.headers["X-A"] == value


def test_users_headers_with_a_line_break_are_refused_too(start: Start) -> None:
    with pytest.raises(InvalidRequest, match=r"headers\.X-A"):
        next(start(headers={"X-A": "a\nb"}))


class TestRequestOptions:
    def test_are_merged_over_the_clients(self, start: Start, make_operation: Any) -> None:
        options = {
            "timeout_ms": 1500,
            "headers": {"x-shared": "call", "X-Call": "1"},
            "retry_config": {"strategy": "none"},
        }
        seen: list[Call] = []

        class Looks(Plugin):
            def before_request(self, call: Call) -> None:
                seen.append(call)

        mine = {"X-Shared": "client", "X-Client": "1"}
        request = next(start(Looks(), asked=make_operation(options=options), headers=mine)).request
        assert request.timeout == 1.5
        assert request.headers.get_all("X-Shared") == ["call"]
        assert (request.headers["X-Client"], request.headers["X-Call"]) == ("1", "1")
        assert seen[0].options.retries.strategy == "none"

    def test_replace_a_header_however_it_was_spelt_before(self) -> None:
        script = Script({"created_at": "2026-01-02T03:04:05Z", "num_repos": 3})
        mesa = script.client(headers={"X-A": "client", "X-B": "client"}).with_options(headers={"x-a": "derived"})
        mesa.org.get(org="o", request_options={"headers": {"X-A": "call"}})
        (request,) = script.requests
        assert (request.headers.get_all("X-A"), request.headers.get_all("X-B")) == (["call"], ["client"])

    @pytest.mark.parametrize("options", [None, {}])
    def test_leave_the_clients_where_there_are_none(self, start: Start, options: Any, make_operation: Any) -> None:
        asked = make_operation(options=options)
        assert next(start(asked=asked, timeout_ms=7000)).request.timeout == 7.0

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"timeout": 5}, "unknown option 'timeout'; did you mean 'timeout_ms'"),
            ({"timeout_ms": 0}, r"request_options\.timeout_ms: expected a positive number"),
            ({"headers": ["X"]}, r"request_options\.headers: expected a mapping"),
            ({"headers": {"X": 1}}, r"request_options\.headers: expected str for 'X', got int"),
            ({"headers": {1: "X"}}, r"request_options\.headers: expected str for 1, got int"),
            ({"retry_config": {"strateg": "none"}}, "did you mean 'strategy'"),
            (["timeout_ms"], "request_options: expected a mapping, got list"),
        ],
    )
    def test_that_are_wrong_are_named_before_anything_is_sent(
        self, start: Start, options: Any, message: str, make_operation: Any
    ) -> None:
        with pytest.raises(ConfigurationError, match=message) as caught:
            next(start(asked=make_operation(options=options)))
        assert caught.value.operation == "org.get"
