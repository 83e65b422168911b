"""Which endpoint an HTTP request is for: by method, path and Accept, whatever the server's base."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from mesa_core.config import DEFAULT_SERVER_URL
from mesa_core.endpoints import Endpoint
from mesa_core.resources import ENDPOINTS
from mesa_core.routing import find_endpoint
from mesa_sdk import Mesa, Request, Response


def found(method: str, path: str, accept: str = "application/json") -> str | None:
    endpoint = find_endpoint(method, path, accept)
    return endpoint.name if endpoint else None


def filled(template: str, value: str) -> str:
    return re.sub(r"{\w+}", lambda _: value, template)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.name)
class TestEveryEndpoint:
    @pytest.mark.parametrize("value", ["acme", "a%2Fb", "gr%C3%BCn%20%25", "%FF", "v1.2_x-y~"])
    @pytest.mark.parametrize("base", ["/api/v1", "", "/depot/api/v1", "/api/v1/api/v1"])
    def test_is_found_under_the_default_servers_base_and_without_one(
        self, endpoint: Endpoint[Any], base: str, value: str
    ) -> None:
        path = base + filled(endpoint.template, value)
        assert find_endpoint(endpoint.method, path, endpoint.decode.accept) is endpoint

    @pytest.mark.parametrize("base", ["/depot", "/api/v2", "/api/v1x", "/xapi/v1", "/api%2Fv1", "/a/b/c/d/e"])
    def test_is_found_under_a_foreign_base_by_the_end_of_its_path(self, endpoint: Endpoint[Any], base: str) -> None:
        asked = find_endpoint(endpoint.method, base + filled(endpoint.template, "acme"), endpoint.decode.accept)
        assert asked is not None
        # The base's last segment could be an organization, and that of the path its repository.
        assert asked.name == ("repos.get" if endpoint.name == "org.get" else endpoint.name)

    def test_is_not_found_by_a_method_that_is_none_of_the_apis(self, endpoint: Endpoint[Any]) -> None:
        path = filled(endpoint.template, "acme")
        for method in ("HEAD", "OPTIONS", "PUT", "TRACE", "get", ""):
            assert found(method, path) is None


def test_the_base_is_that_of_the_default_server() -> None:
    assert urlsplit(DEFAULT_SERVER_URL).path == "/api/v1"


@pytest.mark.parametrize("base", ["/api/v1", ""])
@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/acme/repos", "repos.list"),
        ("GET", "/acme/rep%6Fs", "repos.list"),
        ("GET", "/repos", "org.get"),
        ("GET", "/repos/repos", "repos.list"),
        ("POST", "/repos/repos", "repos.create"),
        ("GET", "/repos/app", "repos.get"),
        ("GET", "/repos/branches", "repos.get"),
        ("GET", "/acme/branches", "repos.get"),
        ("GET", "/acme/branches/branches", "branches.list"),
        ("DELETE", "/acme/branches/branches/branches", "branches.delete"),
        ("GET", "/commits/commits/commits/commits", "commits.get"),
        ("GET", "/acme/a%2Fbranches", "repos.get"),
        ("DELETE", "/acme/api-keys/api-keys", "admin.revoke_api_key"),
        ("GET", "/acme/api-keys/branches", "branches.list"),
        ("DELETE", "/acme/repos", "repos.delete"),
        ("POST", "/acme/app/merge/refresh", "merge.perform"),
        ("POST", "/acme/objects/lfs/objects", "lfs.upload"),
        ("GET", "/acme/.", "repos.get"),
    ],
)
def test_a_name_that_is_a_word_of_the_api_too_is_read_as_the_server_reads_it(
    base: str, method: str, path: str, name: str
) -> None:
    assert found(method, base + path) == name


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/v1/api/v1", "repos.get"),
        ("GET", "/api/v1/api/v1/branches", "branches.list"),
        ("POST", "/api/v1/api/v1/webhooks", "webhooks.create"),
        ("GET", "/proxy/api/v1/proxy/api/v1/branches", "org.get"),
    ],
)
def test_an_organization_and_its_repository_may_be_named_as_the_base_is(method: str, path: str, name: str) -> None:
    assert found(method, path) == name


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/acme/app/sync", "repos.get_sync_status"),
        ("GET", "/depot/acme/app/commits/branches", "commits.get"),
        ("DELETE", "/depot/acme/api-keys/k", "admin.revoke_api_key"),
        ("POST", "/depot/acme/app/lfs/objects/download", "lfs.download"),
        ("PATCH", "/depot/acme/repos", "repos.update"),
    ],
)
def test_of_several_ends_that_fit_the_one_that_tells_most_counts(method: str, path: str, name: str) -> None:
    assert found(method, path) == name


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/"),
        ("GET", "//"),
        ("GET", "/acme/"),
        ("GET", "/api/v1"),
        ("GET", "/api/v1/"),
        ("GET", "/api/v1/acme/app/tags"),
        ("GET", "/api/v1/acme//branches"),
        ("GET", "/api/v1/acme/app/branches/"),
        ("GET", "/api/v1/acme/app/branches/main"),
        ("DELETE", "/api/v1/acme/app/branches/feature/x"),
        ("POST", "/api/v1/acme/app"),
        ("PATCH", "/acme"),
        ("POST", "/acme/app/tags"),
        ("POST", "/depot/acme/app/Branches"),
        ("PUT", "/api/v1/acme/app/lfs/objects/" + "0" * 64),
    ],
)
def test_a_request_that_is_for_no_endpoint_has_none(method: str, path: str) -> None:
    assert found(method, path) is None


@pytest.mark.parametrize(
    ("accept", "content", "diff"),
    [
        ("application/json", "get", "get"),
        ("application/octet-stream", "read", "get"),
        ("text/plain", "get", "patch"),
        ("Application/Octet-Stream", "read", "get"),
        ("text/plain;charset=utf-8", "get", "patch"),
        ("application/json;q=1, application/octet-stream;q=0", "get", "get"),
        ("application/octet-stream;q=0, application/json;q=0", "get", "get"),
        ("application/json;q=0.5, application/octet-stream, text/plain;q=0.6", "read", "patch"),
        ("application/json;q=0.5,application/octet-stream;q=0.4,text/plain;q=0.501", "get", "patch"),
        ("application/json ; q=0.2 , application/octet-stream ; x=1 ; Q=0.3", "read", "get"),
        ("application/json;q=0, */*", "read", "patch"),
        ("application/json;q=0.1, */*;q=0.2, text/*;q=0", "read", "get"),
        ("application/*, text/plain;q=0.9", "get", "get"),
        ("application/*;q=0.3, text/*;q=0.4, application/octet-stream;q=0.5", "read", "patch"),
        ("application/json;q=0.1, application/octet-stream;q=high, text/plain;q=2", "get", "get"),
        ("application/json;q=0.1, application/octet-stream;q=nan, text/plain;q=-1", "get", "get"),
        ("*/*", "get", "get"),
        ("", "get", "get"),
        (" , ;q=1", "get", "get"),
        ("image/png", "get", "get"),
    ],
)
def test_the_media_type_asked_for_tells_endpoints_of_one_path_apart(accept: str, content: str, diff: str) -> None:
    assert found("GET", "/api/v1/acme/app/content", accept) == f"content.{content}"
    assert found("GET", "/api/v1/acme/app/diff", accept) == f"diffs.{diff}"
    assert found("GET", "/api/v1/acme/app", accept) == "repos.get"


def test_the_requests_of_a_client_are_read_back() -> None:
    class Noting:
        def send(self, request: Request, /) -> Response:
            path = urlsplit(request.url).path
            names.append(found(request.method, path, request.headers["Accept"]))
            return Response(200, {"Content-Type": "application/octet-stream"}, b"")

        def close(self) -> None: ...

    names: list[str | None] = []
    with Mesa(api_key="k", transport=Noting()) as mesa:
        mesa.content.read(org="a/c", repo="r ü", path="p")
        mesa.request("get", "/{org}/{repo}/tags", path={"org": "o", "repo": "r"})
    assert names == ["content.read", None]
