"""Pages, raw responses, derived clients and unknown endpoints, in both worlds, against the local Depot."""

from __future__ import annotations

import asyncio
import inspect
import tracemalloc

import pytest

from mesa_core import Call, MesaError, Plugin, Request, Response, Transport
from mesa_core.operations import Resource
from mesa_core.resources import Resources
from mesa_sdk import (
    AsyncMesa,
    ConfigurationError,
    ConnectionLost,
    InvalidRequest,
    Mesa,
    NotFound,
    RawResponse,
    Repo,
    RepoPage,
)


@pytest.fixture
def repos(client) -> list[str]:
    names = [f"repo-{number}" for number in range(7)]
    for name in names:
        client.repos.create(org="acme", body={"name": name})
    return names


def test_a_list_iterates_items_over_all_pages(client, repos):
    assert [repo.name for repo in client.repos.list(org="acme", limit=3)] == repos
    # The second time as well as the first.
    listing = client.repos.list(org="acme", limit=3)
    assert [repo.name for repo in listing] == [repo.name for repo in listing] == repos


def test_a_list_goes_page_by_page(client, repos):
    pages = list(client.repos.list(org="acme", limit=3).pages())
    assert [[repo.name for repo in page.items] for page in pages] == [repos[:3], repos[3:6], repos[6:]]
    assert [page.result.has_more for page in pages] == [True, True, False]
    assert pages[-1].result.next_cursor is None
    assert pages[-1].next() is None
    assert pages[0].next().result == pages[1].result


def test_a_list_is_taken_up_again_from_a_cursor(client, repos):
    first = client.repos.list(org="acme", limit=3)
    cursor = first.result.next_cursor
    assert [repo.name for repo in client.repos.list(org="acme", limit=3, cursor=cursor)] == repos[3:]


class Failing(Plugin):
    """Loses the connection for good once `after` requests were answered."""

    def __init__(self, after: int) -> None:
        self.left = after

    def before_request(self, request: Request, call: Call) -> None:
        if self.left == 0:
            raise ConnectionLost("cut")
        self.left -= 1


def test_a_failure_on_a_later_page_carries_the_cursor_it_failed_at(connect, client, repos):
    failing = connect(plugins=[Failing(after=2)])
    seen: list[str] = []
    with pytest.raises(MesaError) as failure:
        seen.extend(repo.name for repo in failing.repos.list(org="acme", limit=3))
    assert seen == repos[:6]
    rest = client.repos.list(org="acme", limit=3, cursor=failure.value.cursor)
    assert [repo.name for repo in rest] == repos[6:]


def test_a_failure_on_the_first_page_has_no_cursor(client):
    with pytest.raises(NotFound) as failure:
        client.branches.list(org="acme", repo="missing")
    assert failure.value.cursor is None


class Endless:
    """A server of 100,000 repositories that holds none of them."""

    total = 100_000

    def send(self, request: Request, /) -> Response:
        start = int(request.url.partition("cursor=")[2].partition("&")[0] or 0)
        end = start + 100
        one = (
            '{"id": "%d", "org": "acme", "name": "repo-%d", "default_branch": "main", "head_sha": null,'
            ' "size_bytes": 0, "created_at": "2026-01-01T00:00:00Z", "upstream": null}'
        )
        repos = ",".join(one % (number, number) for number in range(start, end))
        cursor = f'"{end}"' if end < self.total else "null"
        more = "true" if end < self.total else "false"
        body = f'{{"repos": [{repos}], "next_cursor": {cursor}, "has_more": {more}}}'
        return Response(200, {"Content-Type": "application/json"}, body.encode())

    async def asend(self, request: Request, /) -> Response:
        return self.send(request)

    def close(self) -> None: ...
    async def aclose(self) -> None: ...


class Watched:
    """Counts items, and the memory that they leave behind."""

    def __init__(self) -> None:
        self.count = self.early = 0

    def see(self, repo: object) -> None:
        assert isinstance(repo, Repo)
        self.count += 1
        if self.count == 5_000:
            tracemalloc.reset_peak()
            self.early = tracemalloc.get_traced_memory()[0]


def all_items(watched: Watched) -> None:
    for repo in Mesa(api_key="k", transport=Endless()).repos.list(org="acme", limit=100):
        watched.see(repo)


async def all_items_async(watched: Watched) -> None:
    async for repo in AsyncMesa(api_key="k", transport=Endless()).repos.list(org="acme", limit=100):
        watched.see(repo)


@pytest.mark.slow
@pytest.mark.parametrize("iterate", [all_items, lambda watched: asyncio.run(all_items_async(watched))])
def test_memory_does_not_grow_over_100_000_items(iterate):
    watched = Watched()
    tracemalloc.start()
    try:
        iterate(watched)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert watched.count == 100_000
    # A page decoded is about 100 KB; 95,000 more items are 1,000 times that, if they were kept.
    assert peak - watched.early < 1_000_000


def test_raw_shows_the_response_and_the_result(client, repos):
    raw = client.raw.repos.get(org="acme", repo="repo-0")
    assert isinstance(raw, RawResponse)
    assert raw.status_code == 200
    assert raw.headers["content-type"] == "application/json"
    assert raw.request_id == raw.headers["X-Request-Id"]
    assert raw.parsed == client.repos.get(org="acme", repo="repo-0")
    assert b'"repo-0"' in raw.content
    (attempt,) = raw.attempts
    assert (attempt.status_code, attempt.error, attempt.wait) == (200, None, 0.0)
    assert 0 < attempt.elapsed <= raw.elapsed
    page = client.raw.repos.list(org="acme", limit=2).parsed
    assert isinstance(page, RepoPage)
    assert len(page.repos) == 2


class Unavailable(Plugin):
    """Answers the first attempt of each call itself: 503."""

    def before_request(self, request: Request, call: Call) -> Response | None:
        return Response(503, {"Retry-After": "0"}) if call.attempt == 1 else None


def test_raw_shows_each_attempt(connect, client, repos):
    options = {"retry_config": {"backoff": {"initial_interval": 0}}}
    raw = connect(plugins=[Unavailable()], **options).raw.org.get(org="acme")
    assert [attempt.status_code for attempt in raw.attempts] == [503, 200]


def test_with_options_derives_a_client_on_the_same_transport(connect, repos):
    sent: list[Request] = []

    class Watch(Plugin):
        def before_request(self, request: Request, call: Call) -> None:
            sent.append(request)

    client = connect(plugins=[Watch()], headers={"X-Team": "red", "X-Kept": "yes"})
    derived = client.with_options(timeout_ms=1_500, headers={"x-team": "blue"}, retry_config={"strategy": "none"})
    derived.repos.get(org="acme", repo="repo-0")
    client.repos.get(org="acme", repo="repo-0")
    of_derived, of_client = sent
    assert (of_derived.timeout, of_derived.headers["X-Team"], of_derived.headers["X-Kept"]) == (1.5, "blue", "yes")
    assert (of_client.timeout, of_client.headers["X-Team"]) == (30.0, "red")
    with pytest.raises(ConfigurationError, match="did you mean 'timeout_ms'"):
        client.with_options(timeout=1)


def test_an_unknown_endpoint_is_called_like_a_known_one(client, repos):
    answer = client.request("GET", "/{org}/{repo}", path={"org": "acme", "repo": "repo-0"})
    assert answer["name"] == "repo-0"
    page = client.request("GET", "/{org}/repos", path={"org": "acme"}, query={"limit": 2, "cursor": None})
    assert len(page["repos"]) == 2
    made = client.raw.request("POST", "/{org}/repos", path={"org": "acme"}, body={"name": "made"})
    assert (made.status_code, made.parsed["name"]) == (201, "made")
    with pytest.raises(NotFound):
        client.request("GET", "/{org}/{repo}", path={"org": "acme", "repo": "missing"})


@pytest.mark.parametrize(
    ("arguments", "options", "field"),
    [
        (("GET", "/{org}/x"), {}, "org"),
        (("GET", "/{org}"), {"path": {"org": "a", "repo": "b"}}, "repo"),
        (("GET", "https://elsewhere.example/x"), {}, "template"),
        (("GET", "/{org}"), {"path": {"org": ".."}}, "org"),
        (("POST", "/x"), {"body": {1, 2}}, "body"),
        (("POST", "/x"), {"body": float("nan")}, "body"),
    ],
)
def test_an_unknown_endpoint_is_refused_for_what_cannot_be_sent(client, arguments, options, field):
    with pytest.raises(InvalidRequest) as refused:
        client.request(*arguments, **options)
    assert refused.value.field == field


def methods(resource: Resource) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(getattr(resource, name))
        for name in dir(type(resource))
        if not name.startswith("_") and callable(getattr(resource, name))
    }


def test_the_two_worlds_have_the_same_surface():
    transport = Endless()
    assert isinstance(transport, Transport)
    blocking, nonblocking = Mesa(api_key="k", transport=transport), AsyncMesa(api_key="k", transport=transport)
    areas = [name for name in vars(Resources) if isinstance(getattr(blocking, name), Resource)]
    assert len(areas) == 11
    for area in areas:
        surfaces = [methods(getattr(view, area)) for view in (blocking, nonblocking, blocking.raw, nonblocking.raw)]
        assert surfaces[0]
        assert all(surface == surfaces[0] for surface in surfaces)
    own = [
        {name for name in dir(client) if not name.startswith("_")} - {"close", "aclose"}
        for client in (blocking, nonblocking)
    ]
    assert own[0] == own[1]
