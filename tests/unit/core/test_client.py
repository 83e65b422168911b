"""A client's life, in both worlds: derived, closed, left open, pickled; and calls that no method covers."""

from __future__ import annotations

import asyncio
import enum
import gc
import pickle
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from mesa_core import Plugin, Request, Response
from mesa_core.operations import Resource
from mesa_sdk import AsyncMesa, ConfigurationError, InvalidRequest, Mesa, NotFound

ORG = {"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}


class Counts:
    """A transport that answers every request and counts what happens to it; it pickles."""

    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.requests: list[Request] = []
        self.closed = 0

    def send(self, request: Request, /) -> Response:
        self.requests.append(request)
        return Response(200, {}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')

    def close(self) -> None:
        self.closed += 1

    async def asend(self, request: Request, /) -> Response:
        return self.send(request)

    async def aclose(self) -> None:
        self.close()


class Offers(Plugin):
    def provide_transports(self) -> Mapping[str, Any]:
        return {"counts": Counts}


@pytest.fixture
def make(world: str) -> Callable[..., Any]:
    """Makes a client of either world whose transport is its own."""
    kind = Mesa if world == "blocking" else AsyncMesa

    def make(**options: Any) -> Any:
        return kind(api_key="key", transport="counts", plugins=[Offers()], **options)

    return make


def close(client: Any) -> None:
    if isinstance(client, AsyncMesa):
        asyncio.run(client.aclose())
    else:
        client.close()


class TestClosing:
    def test_closes_an_owned_transport_once_and_ends_the_client(self, make: Any, finish: Any) -> None:
        client = make()
        transport = client.transport
        close(client)
        close(client)
        assert transport.closed == 1
        for use in (lambda: finish(client.org.get(org="o")), lambda: finish(client.raw.org.get(org="o"))):
            with pytest.raises(InvalidRequest, match="the client is closed"):
                use()
        assert transport.requests == []

    def test_a_with_block_closes_it_whatever_happens(self, make: Any) -> None:
        client = make()
        transport = client.transport

        def blocking() -> None:
            with client as entered:
                assert entered is client
                raise KeyError

        async def nonblocking() -> None:
            async with client as entered:
                assert entered is client
                raise KeyError

        with pytest.raises(KeyError):
            blocking() if isinstance(client, Mesa) else asyncio.run(nonblocking())
        assert transport.closed == 1

    def test_leaves_an_object_to_its_owner(self, resources: Any) -> None:
        client, transport = resources(Response(404))
        close(client)
        assert transport.closed == 0
        with pytest.raises(InvalidRequest, match="the client is closed"):
            _ = client.transport

    def test_one_left_open_is_closed_with_a_warning(self, make: Any) -> None:
        client = make()
        transport = client.transport
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del client
            gc.collect()
        (warning,) = [each for each in caught if each.category is ResourceWarning]
        assert str(warning.message) == "a client was not closed: Counts"
        assert transport.closed == 1

    @pytest.mark.parametrize("end", [close, lambda client: None])
    def test_one_that_was_closed_or_owns_nothing_does_not_warn(self, make: Any, resources: Any, end: Any) -> None:
        client = make() if end is close else resources(Response(404))[0]
        end(client)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del client
            gc.collect()


class TestWithOptions:
    def test_shares_transport_and_plugins_and_changes_options(self, make: Any, finish: Any) -> None:
        client = make(headers={"X-A": "1"}, timeout_ms=5000)
        derived = client.with_options(timeout_ms=1500, headers={"X-B": "2"}, retry_config={"strategy": "none"})
        assert type(derived) is type(client)
        assert derived.transport is client.transport
        assert derived.plugins is client.plugins
        finish(derived.org.get(org="o"))
        finish(client.org.get(org="o"))
        one, other = client.transport.requests
        assert (one.timeout, one.headers["X-A"], one.headers["X-B"]) == (1.5, "1", "2")
        assert (other.timeout, "X-B" in other.headers) == (5.0, False)
        close(client)

    def test_a_derived_client_ends_alone_or_with_its_origin(self, make: Any, finish: Any) -> None:
        client = make()
        transport = client.transport
        one, other = client.with_options(), client.with_options(timeout_ms=5)
        close(one)
        assert transport.closed == 0
        with pytest.raises(InvalidRequest, match="the client is closed"):
            finish(one.org.get(org="o"))
        assert finish(other.org.get(org="o")).num_repos == 3
        close(client)
        with pytest.raises(InvalidRequest, match="the client is closed"):
            finish(other.org.get(org="o"))

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"timeout": 5}, "with_options: unknown option 'timeout'; did you mean 'timeout_ms'"),
            ({"timeout_ms": -5}, "with_options.timeout_ms: expected a positive number"),
            ({"headers": "x"}, "with_options.headers: expected a mapping"),
        ],
    )
    def test_a_wrong_option_is_named(self, make: Any, options: dict[str, Any], message: str) -> None:
        client = make()
        with pytest.raises(ConfigurationError, match=message):
            client.with_options(**options)
        close(client)


class TestPickling:
    def test_a_client_travels_as_its_configuration(self, make: Any, finish: Any) -> None:
        client = make(headers={"X-A": "1"}, timeout_ms=1500, retry_config={"strategy": "none"})
        twin = pickle.loads(pickle.dumps(client))
        assert type(twin) is type(client)
        assert twin.transport is not client.transport
        finish(twin.org.get(org="o"))
        (request,) = twin.transport.requests
        assert (request.timeout, request.headers["X-A"]) == (1.5, "1")
        assert request.headers["Authorization"] == "Bearer key"
        assert [info.name for info in twin.plugins] == [info.name for info in client.plugins]
        assert client.transport.requests == []
        close(twin)
        close(client)

    def test_a_derived_client_travels_with_its_own_options(self, make: Any, finish: Any) -> None:
        client = make()
        twin = pickle.loads(pickle.dumps(client.with_options(timeout_ms=2500)))
        finish(twin.org.get(org="o"))
        assert twin.transport.requests[0].timeout == 2.5
        close(twin)
        close(client)

    def test_a_page_travels_and_leads_on(self, resources: Any, answer: Any, finish: Any, world: str) -> None:
        def page(name: str, cursor: str | None) -> Response:
            branch = {"name": name, "head_sha": "s", "is_default": False}
            return answer({"branches": [branch], "next_cursor": cursor, "has_more": cursor is not None})

        class Keeps(Plugin):
            def before_request(self, call: Any) -> None:
                call.state["unpicklable"] = lambda: None

        async def first(pages: Any) -> Any:
            return await pages

        client, _ = resources(page("a", "c"), page("b", None))
        listed = client.with_options().branches.list(org="o", repo="r")
        listed = asyncio.run(first(listed)) if world == "async" else listed
        listed._ended.call.state["unpicklable"] = lambda: None
        twin = pickle.loads(pickle.dumps(listed))
        assert [each.name for each in twin.items] == ["a"]
        assert [each.name for each in finish(twin.next()).items] == ["b"]


class TestRequest:
    def test_calls_what_no_method_covers(self, resources: Any, finish: Any, answer: Any) -> None:
        client, transport = resources(answer({"tags": ["v1"]}))
        body = {"name": "v1"}
        got = finish(
            client.request(
                "post", "/{org}/{repo}/tags", path={"org": "o", "repo": "a/b"}, query={"limit": 5, "x": None}, body=body
            )
        )
        assert got == {"tags": ["v1"]}
        (request,) = transport.requests
        assert (request.method, request.content) == ("POST", b'{"name":"v1"}')
        assert request.url == "https://depot.mesa.dev/api/v1/o/a%2Fb/tags?limit=5"
        assert request.headers["Authorization"] == "Bearer key"
        assert request.headers["Content-Type"] == "application/json"

    def test_is_repeated_by_its_method_and_fails_as_any_call(
        self, resources: Any, finish: Any, refusal: Any, answer: Any
    ) -> None:
        client, transport = resources(refusal(502), answer([1]), refusal(502), refusal(404, "NOT_FOUND"))
        assert finish(client.request("GET", "/o")) == [1]
        assert len(transport.requests) == 2
        with pytest.raises(Exception, match=r"502 .* \(request\)"):
            finish(client.request("POST", "/o"))
        with pytest.raises(NotFound):
            finish(client.request("GET", "/o"))

    def test_gives_bytes_where_the_response_is_no_json(self, resources: Any, finish: Any) -> None:
        client, _ = resources(Response(200, {"Content-Type": "text/plain"}, b"text"))
        assert finish(client.request("GET", "/o")) == b"text"

    @pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("DELETE", 200)])
    def test_gives_none_where_the_response_has_no_body(
        self, resources: Any, finish: Any, method: str, status: int
    ) -> None:
        client, _ = resources(Response(status, {"Content-Type": "application/json"}))
        assert finish(client.request(method, "/o")) is None

    def test_adds_the_query_to_that_of_the_template(self, resources: Any, finish: Any, answer: Any) -> None:
        client, transport = resources(answer([]))
        finish(client.request("GET", "/o?a=1", query={"b": 2, "c": "x&y"}))
        assert transport.requests[0].url.endswith("/o?a=1&b=2&c=x%26y")

    def test_sends_the_value_of_a_member_of_an_enumeration_of_numbers(
        self, resources: Any, finish: Any, answer: Any
    ) -> None:
        class Most(int, enum.Enum):
            FEW = 5

        client, transport = resources(answer([]))
        finish(client.request("GET", "/o", query={"limit": Most.FEW}))
        assert transport.requests[0].url.endswith("/o?limit=5")

    @pytest.mark.parametrize(
        ("arguments", "options", "field"),
        [
            (("GET\r\nX-Evil: y", "/o"), {}, "method"),
            (("GE T", "/o"), {}, "method"),
            (("", "/o"), {}, "method"),
            (("GET", "/o#x"), {"query": {"a": "1"}}, "template"),
            (("GET", "/o\r\nX-Evil: y"), {}, "template"),
            (("GET", "/\u00e9"), {}, "template"),
            (("GET", "/{org}"), {}, "org"),
            (("GET", "/o"), {"path": {"org": "o"}}, "org"),
            (("GET", "/{org}"), {"path": {"org": ".."}}, "org"),
            (("GET", "o"), {}, "template"),
            (("GET", "https://elsewhere/"), {}, "template"),
        ],
    )
    def test_a_template_that_does_not_fit_is_refused(
        self, resources: Any, finish: Any, arguments: Any, options: Any, field: str
    ) -> None:
        client, transport = resources(Response(404))
        with pytest.raises(InvalidRequest) as caught:
            finish(client.request(*arguments, **options))
        assert caught.value.field == field
        assert transport.requests == []

    @pytest.mark.parametrize("body", [object(), {"x": {1, 2}}, {"x": "\ud800"}, float("nan")])
    def test_a_body_that_is_no_json_is_refused(self, resources: Any, finish: Any, body: object) -> None:
        client, transport = resources(Response(404))
        with pytest.raises(InvalidRequest, match="body"):
            finish(client.request("POST", "/o", body=body))
        assert transport.requests == []


def test_both_worlds_have_the_same_surface() -> None:
    def public(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(Mesa) - {"close"} == public(AsyncMesa) - {"aclose"}
    made: tuple[Any, Any] = (
        Mesa(api_key="k", transport=Counts()),
        AsyncMesa(api_key="k", transport=Counts()),
    )
    found = [{name: getattr(client, name) for name in public(type(client))} for client in made]
    resources = [{name: type(each) for name, each in one.items() if isinstance(each, Resource)} for one in found]
    for both in resources:
        del both["raw"]
    assert resources[0] == resources[1]
    assert len(resources[0]) == 11


def test_a_repr_names_the_server_and_the_transport(make: Any, world: str) -> None:
    client = make(server_url="https://host/v1")
    kind = "Mesa" if world == "blocking" else "AsyncMesa"
    assert repr(client) == f"<{kind} https://host/v1 via Counts>"
    close(client)
