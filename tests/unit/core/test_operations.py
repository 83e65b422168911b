"""One definition of each method, served in four worlds; and every operation of the contract has one."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import yaml

from mesa_core import Operation, PagedOperation, RawResponse, Response
from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint, PagedEndpoint
from mesa_core.models.repos import CreateRepoBody
from mesa_core.operations import Resource
from mesa_core.pages import AsyncPages, Page
from mesa_core.resources import ENDPOINTS, Resources
from mesa_core.wire import wire_name
from mesa_sdk import InvalidRequest, Mesa, Repo, RepoPage

CONTRACT = yaml.safe_load((Path(__file__).parents[3] / "docs" / "contract" / "openapi.yaml").read_text())
IN_OTHER_MEDIA_TYPES = {"content.read": "content.get", "diffs.patch": "diffs.get"}
SEND_NOTHING = {"webhooks.verify"}
BODIES: dict[str, Any] = {
    "repos.create": {"name": "n"},
    "branches.create": {"name": "b", "from": "main"},
    "commits.create": {"branch": "b", "message": "m", "author": {"name": "n", "email": "e"}, "files": []},
    "merge.perform": {"head": "h", "author": {"name": "n", "email": "e"}},
    "lfs.upload": {"objects": []},
    "lfs.download": {"objects": []},
    "webhooks.create": {"url": "https://host"},
}


class Building:
    """A world that gives back the operation itself."""

    def call(self, operation: Operation[Any]) -> Operation[Any]:
        return operation

    def pages(self, operation: PagedOperation[Any, Any]) -> PagedOperation[Any, Any]:
        return operation


def methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    resources = Resources(Building())
    for area in vars(Resources):
        resource = getattr(resources, area)
        if not isinstance(resource, Resource):
            continue
        for name in vars(type(resource)):
            if not name.startswith("_") and f"{area}.{name}" not in SEND_NOTHING:
                yield f"{area}.{name}", getattr(resource, name)


METHODS = dict(methods())
OPERATIONS = {
    operation["x-sdk"]: (method.upper(), path, {**item, **operation})
    for path, item in CONTRACT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}


def build(name: str, **more: Any) -> Operation[Any]:
    method = METHODS[name]
    values = {"body": BODIES.get(name, {}), **more}
    arguments = {
        key: values.get(key, f"<{key}>")
        for key, parameter in inspect.signature(method).parameters.items()
        if parameter.default is parameter.empty or key in more
    }
    return method(**arguments)


def resolved(part: Any) -> Any:
    while "$ref" in part:
        _, _, kind, name = part["$ref"].split("/")
        part = CONTRACT["components"][kind][name]
    return part


def parameters(name: str, where: str) -> set[str]:
    _, path, operation = OPERATIONS[name]
    given = [*CONTRACT["paths"][path].get("parameters", []), *operation.get("parameters", [])]
    return {each["name"] for each in map(resolved, given) if each["in"] == where}


def test_the_methods_are_those_of_the_contract_and_no_others() -> None:
    assert len(OPERATIONS) == 28
    assert set(METHODS) == set(OPERATIONS) | set(IN_OTHER_MEDIA_TYPES)


@pytest.mark.parametrize("name", METHODS)
class TestEveryMethod:
    def test_sends_the_contracts_method_path_and_parameters(self, name: str) -> None:
        built = build(name)
        asked = IN_OTHER_MEDIA_TYPES.get(name, name)
        method, path, _ = OPERATIONS[asked]
        assert (built.name, built.method, built.template) == (name, method, path)
        assert set(built.path) == parameters(asked, "path")
        assert set(built.query) <= parameters(asked, "query")
        if name == asked:
            assert set(built.query) == parameters(asked, "query")

    def test_has_a_body_where_the_contract_has_one(self, name: str) -> None:
        operation = OPERATIONS[IN_OTHER_MEDIA_TYPES.get(name, name)][2]
        assert (build(name).body is not None) == ("requestBody" in operation)

    def test_builds_what_its_endpoint_says(self, name: str) -> None:
        built, (endpoint,) = build(name), [each for each in ENDPOINTS if each.name == name]
        for fact in ("method", "template", "repeatable"):
            assert getattr(built, fact) == getattr(endpoint, fact)
        assert built.decode is endpoint.decode
        assert isinstance(built, PagedOperation) == isinstance(endpoint, PagedEndpoint)

    def test_is_paginated_where_the_contract_says_so(self, name: str) -> None:
        items = OPERATIONS[IN_OTHER_MEDIA_TYPES.get(name, name)][2].get("x-paginated")
        built = build(name)
        assert isinstance(built, PagedOperation) == (items is not None)
        if isinstance(built, PagedOperation):
            assert "cursor" in built.query
            assert built.items(type("Result", (), {items: ["x"]})()) == ["x"]

    def test_may_be_repeated_where_the_server_is_the_same_after_two(self, name: str) -> None:
        never = {
            "repos.create",
            "repos.update",
            "branches.create",
            "commits.create",
            "merge.perform",
            "admin.create_api_key",
            "webhooks.create",
        }
        assert build(name).repeatable == (name not in never)

    def test_hands_the_options_of_a_call_on(self, name: str) -> None:
        options = {"timeout_ms": 5}
        operation = build(name, request_options=options)
        options["timeout_ms"] = 6  # for the next call
        assert operation.options == {"timeout_ms": 5}

    def test_takes_arguments_by_name_alone_and_says_what_it_does(self, name: str) -> None:
        method = METHODS[name]
        kinds = {parameter.kind for parameter in inspect.signature(method).parameters.values()}
        assert kinds == {inspect.Parameter.KEYWORD_ONLY}
        with pytest.raises(TypeError, match="positional"):
            method("o", "r")
        assert method.__doc__
        assert method.__name__ == name.partition(".")[2]

    def test_refuses_an_unknown_argument(self, name: str) -> None:
        with pytest.raises(TypeError, match="unexpected keyword argument 'orgg'"):
            METHODS[name](orgg="o")


class TestEndpoints:
    def test_are_those_of_the_methods_each_once(self) -> None:
        names = [endpoint.name for endpoint in ENDPOINTS]
        assert len(names) == len(set(names)) == 30
        assert set(names) == set(METHODS)

    def test_read_every_media_type_that_the_contract_answers_with_and_json_first(self) -> None:
        read: dict[str, list[str]] = {}
        for endpoint in ENDPOINTS:
            asked = IN_OTHER_MEDIA_TYPES.get(endpoint.name, endpoint.name)
            read.setdefault(asked, []).append(endpoint.decode.accept)
        answered = {
            name: {
                media_type
                for status, response in operation["responses"].items()
                if status != "default"
                for media_type in resolved(response)["content"]
            }
            for name, (_, _, operation) in OPERATIONS.items()
        }
        assert {name: set(media_types) for name, media_types in read.items()} == answered
        assert {media_types[0] for media_types in read.values()} == {"application/json"}

    @pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.body], ids=lambda each: each.name)
    def test_take_the_keys_of_the_contracts_bodies(self, endpoint: Endpoint[Any]) -> None:
        body = resolved(OPERATIONS[endpoint.name][2]["requestBody"])
        schema = body["content"]["application/json"]["schema"]
        for kind in get_args(endpoint.body) or (endpoint.body,):
            assert {wire_name(kind, key) for key in get_type_hints(kind)} == set(schema["properties"])
            assert {wire_name(kind, key) for key in kind.__required_keys__} == set(schema.get("required", []))

    def test_that_answer_pages_may_take_a_body(self) -> None:
        search = PagedEndpoint[RepoPage, Repo](
            name="repos.search",
            method="POST",
            template="/{org}/search",
            body=CreateRepoBody,
            decode=Json(RepoPage),
            items=attrgetter("repos"),
        )
        assert search(path={"org": "o"}, body={"name": "n"}).body == b'{"name":"n"}'
        with pytest.raises(InvalidRequest):
            search(path={"org": "o"}, body={"nmae": "n"})

    def test_are_shown_in_a_line(self) -> None:
        assert [repr(each) for each in ENDPOINTS if each.name.startswith("repos.") and each.method == "GET"] == [
            "<PagedEndpoint repos.list: GET /{org}/repos>",
            "<Endpoint repos.get: GET /{org}/{repo}>",
            "<Endpoint repos.get_sync_status: GET /{org}/{repo}/sync>",
        ]


def test_a_signature_tells_the_result_and_no_operation(client: Callable[..., Mesa]) -> None:
    mesa = client()
    assert str(inspect.signature(mesa.repos.get)) == (
        "(*, org: 'str', repo: 'str', request_options: 'RequestOptions | None' = None) -> 'Repo | SyncingRepo'"
    )
    assert inspect.signature(mesa.repos.list).return_annotation == "Page[RepoPage, Repo]"
    assert (mesa.repos.get.__doc__ or "").startswith("Get a repository;")
    assert type(mesa.repos).get.__doc__ == mesa.repos.get.__doc__
    assert next(iter(inspect.signature(type(mesa.repos).get).parameters)) == "self"
    assert next(iter(inspect.signature(type(mesa.repos).list).parameters)) == "self"


class TestWorlds:
    @pytest.fixture
    def page(self, repo: dict[str, Any]) -> dict[str, Any]:
        return {"repos": [repo], "next_cursor": None, "has_more": False}

    def test_a_blocking_client_returns_results_and_pages(
        self, client: Callable[..., Mesa], answer: Any, repo: dict[str, Any], page: dict[str, Any]
    ) -> None:
        mesa = client(answer(repo), answer(page))
        assert isinstance(mesa.repos.get(org="o", repo="n"), Repo)
        assert isinstance(mesa.repos.list(org="o"), Page)

    def test_its_raw_view_returns_raw_responses(
        self, client: Callable[..., Mesa], answer: Any, repo: dict[str, Any], page: dict[str, Any], clock: Any
    ) -> None:
        def slow(_: object) -> Response:
            clock.now += 2
            return answer(repo, X_Request_Id="req-1")

        mesa = client(Response(503, {"Retry-After": "4"}), slow, answer(page))
        raw = mesa.raw.repos.get(org="o", repo="n")
        assert isinstance(raw, RawResponse)
        assert (raw.status_code, raw.request_id) == (200, "req-1")
        assert raw.headers["content-type"] == "application/json"
        assert raw.content == answer(repo).content
        assert [(record.status_code, record.wait) for record in raw.attempts] == [(503, 0.0), (200, 4.0)]
        assert raw.elapsed == 6.0
        assert isinstance(raw.parsed, Repo)
        listed = mesa.raw.repos.list(org="o")
        assert isinstance(listed, RawResponse)
        assert isinstance(listed.parsed, RepoPage)

    @pytest.mark.parametrize("world", ["async"], indirect=True)
    def test_an_async_client_returns_coroutines_and_async_pages(
        self, resources: Any, answer: Any, repo: dict[str, Any], page: dict[str, Any]
    ) -> None:
        calls, _ = resources(answer(repo), answer(repo), answer(page))
        got = calls.repos.get(org="o", repo="n")
        assert inspect.iscoroutine(got)
        assert got.__qualname__ == "repos.get"  # under which Python shows one that is never awaited
        assert isinstance(asyncio.run(got), Repo)
        assert isinstance(calls.repos.list(org="o"), AsyncPages)
        raw = calls.raw.repos.get(org="o", repo="n")
        assert raw.__qualname__ == "repos.get"
        single = asyncio.run(raw)
        listed = asyncio.run(calls.raw.repos.list(org="o"))
        assert isinstance(single.parsed, Repo)
        assert isinstance(listed.parsed, RepoPage)


def test_following_replaces_some_of_the_query_and_keeps_the_rest() -> None:
    first = build("repos.list", limit=5)
    second = first.following(query={"cursor": "c"}, context={"plugin": 1})
    third = second.following(query={"cursor": "d"})
    assert second.query == {"cursor": "c", "limit": 5}
    assert (third.context, first.context) == ({"plugin": 1}, {})
    assert first.query["cursor"] is None
    assert type(third) is type(first)


def test_a_body_is_not_shown_in_an_operations_repr() -> None:
    assert "body=<12 bytes>" in repr(build("repos.create"))
    assert "body=None" in repr(build("repos.get"))


@pytest.mark.parametrize(
    ("call", "field", "came"),
    [
        (lambda mesa: mesa.repos.list(org="o", limit="3"), "limit", "str"),
        (lambda mesa: mesa.repos.list(org="o", limit=True), "limit", "bool"),
        (lambda mesa: mesa.repos.list(org="o", cursor=5), "cursor", "int"),
        (lambda mesa: mesa.content.get(org="o", repo="r", depth="x"), "depth", "str"),
        (lambda mesa: mesa.content.get(org="o", repo="r", ref=3), "ref", "int"),
        (lambda mesa: mesa.diffs.get(org="o", repo="r", base=b"a", head="b"), "base", "bytes"),
    ],
)
def test_a_query_parameter_of_the_wrong_type_is_refused(call: Callable[[Mesa], object], field: str, came: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^{field}: expected (str|int), got {came}$") as refused:
        call(Mesa(api_key="k", transport=NoTransport()))
    assert refused.value.field == field


class NoTransport:
    """Must not be reached."""

    def send(self, request: object, /) -> Response:
        raise AssertionError(request)

    def close(self) -> None: ...
