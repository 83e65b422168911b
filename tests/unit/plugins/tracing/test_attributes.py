"""What a span says of a request's URL and method, and what it must not say."""

from __future__ import annotations

from typing import Any

import pytest
from traces import SECRET, Traces, finish

from mesa_core import Plugin, Request, Response
from mesa_sdk import InvalidRequest


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

    @pytest.mark.parametrize("path", ["a b", "caf\xe9", "a\n", "\x7f"])
    def test_with_what_belongs_encoded_is_refused(self, make: Any, good: Response, traces: Traces, path: str) -> None:
        with pytest.raises(InvalidRequest, match="visible ASCII"):
            self.sent(make, f"https://api.example/{path}", traces, good)

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
