"""Never run, only checked: the types that an editor infers, by mypy --strict and pyright strict alike.

An `assert_type` that does not hold is an error. So is a marked line that should be wrong and is not: both
checkers report an ignore comment that ignores nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, assert_type

from mesa_core import Operation, PagedOperation
from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint, PagedEndpoint
from mesa_core.models.content import DirectoryEntry, FileEntry, SymlinkEntry
from mesa_core.routing import find_endpoint
from mesa_sdk import (
    AgentBlame,
    AnalyticsReport,
    ApiKeys,
    AsyncMesa,
    AsyncPage,
    AsyncPages,
    Branch,
    BranchPage,
    Call,
    Commit,
    CommitPage,
    CreatedApiKey,
    CreatedCommit,
    CreatedWebhook,
    CreateWebhookBody,
    Diff,
    Directory,
    File,
    LfsObjects,
    Merge,
    Mesa,
    Organization,
    Page,
    Plugin,
    PushEvent,
    RawResponse,
    Repo,
    RepoPage,
    Request,
    Response,
    Retry,
    Scope,
    Success,
    Symlink,
    SyncingRepo,
    SyncStatus,
    Unknown,
    UnknownEvent,
    WebhookEvent,
    Webhooks,
)


def each_method(client: Mesa) -> None:
    assert_type(client.repos.create(org="o", body={"name": "r"}), Repo)
    assert_type(client.repos.list(org="o"), Page[RepoPage, Repo])
    assert_type(client.repos.get(org="o", repo="r"), Repo | SyncingRepo)
    assert_type(client.repos.update(org="o", repo="r", body={"upstream": None}), Repo)
    assert_type(client.repos.delete(org="o", repo="r"), Success)
    assert_type(client.repos.sync(org="o", repo="r"), Success)
    assert_type(client.repos.get_sync_status(org="o", repo="r"), SyncStatus)
    assert_type(client.branches.list(org="o", repo="r"), Page[BranchPage, Branch])
    assert_type(client.branches.create(org="o", repo="r", body={"name": "b", "head_sha": "s"}), Branch)
    assert_type(client.branches.create(org="o", repo="r", body={"name": "b", "from": "s"}), Branch)
    assert_type(client.branches.delete(org="o", repo="r", branch="b"), Success)
    assert_type(client.commits.list(org="o", repo="r", ref="main"), Page[CommitPage, Commit])
    assert_type(client.commits.get(org="o", repo="r", sha="s"), Commit)
    assert_type(client.content.read(org="o", repo="r", path="p"), bytes)
    assert_type(client.diffs.get(org="o", repo="r", base="a", head="b"), Diff)
    assert_type(client.diffs.patch(org="o", repo="r", base="a", head="b"), str)
    assert_type(client.admin.create_api_key(org="o", body={"scopes": ["git:read"]}), CreatedApiKey)
    assert_type(client.admin.create_api_key(org="o", body={"scopes": [Scope.GIT_READ, "git:write"]}), CreatedApiKey)
    assert_type(client.admin.list_api_keys(org="o"), ApiKeys)
    assert_type(client.admin.revoke_api_key(org="o", id="k"), Success)
    assert_type(client.lfs.upload(org="o", repo="r", body={"objects": [{"oid": "x", "size": 1}]}), LfsObjects)
    assert_type(client.lfs.download(org="o", repo="r", body={"objects": [{"oid": "x", "size": 1}]}), LfsObjects)
    assert_type(client.org.get(org="o"), Organization)
    assert_type(client.webhooks.list(org="o", repo="r"), Webhooks)
    assert_type(client.webhooks.create(org="o", repo="r", body={"url": "https://example.com"}), CreatedWebhook)
    event_body: CreateWebhookBody = {"url": "https://example.com", "events": [WebhookEvent.PUSH]}
    assert_type(client.webhooks.create(org="o", repo="r", body=event_body), CreatedWebhook)
    assert_type(client.webhooks.delete(org="o", repo="r", webhook_id="w"), Success)
    assert_type(client.webhooks.verify(b"", {}, secret=["old", "new"], tolerance=60), PushEvent | UnknownEvent)
    assert_type(client.agent_blame.get(org="o", repo="r", base="a", head="b"), AgentBlame)
    assert_type(client.agent_blame.get_analytics(org="o", repo="r", period="1w"), AnalyticsReport)
    assert_type(client.agent_blame.refresh_analytics(org="o", repo="r"), AnalyticsReport)


def bodies(client: Mesa, commit: Commit) -> None:
    made = client.commits.create(
        org="o",
        repo="r",
        body={
            "branch": "main",
            "message": "m",
            "author": commit.author,
            "edits": [
                {"path": "a", "action": "create", "content": "x"},
                {"path": "b", "action": "delete"},
                {"path": "c", "lfs": {"oid": "x", "size": 1}},
            ],
        },
    )
    assert_type(made, CreatedCommit)
    merged = client.merge.perform(
        org="o", repo="r", base="main", body={"head": "f", "author": {"name": "n", "email": "e"}, "delete_branch": True}
    )
    assert_type(merged, Merge)


def wrong_bodies(client: Mesa) -> None:
    client.repos.create(org="o", body={"nmae": "r"})  # type: ignore[typeddict-item,typeddict-unknown-key]  # pyright: ignore[reportArgumentType]
    client.repos.create(org="o", body={"name": 1})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    client.branches.create(org="o", repo="r", body={"name": "b"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.admin.create_api_key(org="o", body={"scopes": ["git:raed"]})  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    client.repos.get("o", "r")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.repos.get(org="o", repo="r", request_options={"timeout": 1})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def pages(client: Mesa) -> None:
    page = client.repos.list(org="o", limit=50)
    assert_type(page.result.repos, tuple[Repo, ...])
    assert_type(page.result.next_cursor, str | None)
    assert_type(page.next(), Page[RepoPage, Repo] | None)
    for repo in page:
        assert_type(repo, Repo)
    for each in page.pages():
        assert_type(each, Page[RepoPage, Repo])


def content(client: Mesa) -> None:
    found = client.content.get(org="o", repo="r", path="p")
    assert_type(found, File | Symlink | Directory | Unknown)
    if isinstance(found, File):
        assert_type(found.data, bytes)
        assert_type(found.text, str)
    if isinstance(found, Directory):
        assert_type(found.entries, tuple[FileEntry | SymlinkEntry | DirectoryEntry | Unknown, ...])


def raw(client: Mesa) -> None:
    response = client.raw.repos.get(org="o", repo="r")
    assert_type(response, RawResponse[Repo | SyncingRepo])
    assert_type(response.parsed, Repo | SyncingRepo)
    assert_type(client.raw.repos.list(org="o"), RawResponse[RepoPage])


def endpoints(items: Callable[[RepoPage], tuple[Repo, ...]]) -> None:
    get = Endpoint(name="x.get", method="GET", template="/x", decode=Json[Repo](Repo))
    assert_type(get(path={}), Operation[Repo])
    listed = PagedEndpoint(name="x.list", method="GET", template="/x", decode=Json[RepoPage](RepoPage), items=items)
    assert_type(listed(path={}), PagedOperation[RepoPage, Repo])
    assert_type(find_endpoint("GET", "/x", ""), Endpoint[Any] | None)


def derived(client: Mesa, other: AsyncMesa) -> None:
    assert_type(client.with_options(timeout_ms=1), Mesa)
    assert_type(other.with_options(headers={}), AsyncMesa)
    client.with_options(timeout=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def coroutines(client: AsyncMesa) -> None:
    """The same definitions, a type parameter away."""
    _ = assert_type(client.repos.delete(org="o", repo="r"), Coroutine[Any, Any, Success])
    assert_type(client.repos.list(org="o"), AsyncPages[RepoPage, Repo])
    _ = assert_type(client.raw.repos.delete(org="o", repo="r"), Coroutine[Any, Any, RawResponse[Success]])
    _ = assert_type(client.raw.repos.list(org="o"), Coroutine[Any, Any, RawResponse[RepoPage]])


async def awaited(client: AsyncMesa) -> None:
    assert_type(await client.org.get(org="o"), Organization)
    assert_type(await client.repos.get(org="o", repo="r"), Repo | SyncingRepo)
    assert_type(await client.content.read(org="o", repo="r", path="p"), bytes)
    async for repo in client.repos.list(org="o"):
        assert_type(repo, Repo)
    page = await client.branches.list(org="o", repo="r")
    assert_type(page, AsyncPage[BranchPage, Branch])
    assert_type(page.result.branches, tuple[Branch, ...])
    assert_type(await page.next(), AsyncPage[BranchPage, Branch] | None)
    async for branch in page:
        assert_type(branch, Branch)
    async for each in client.commits.list(org="o", repo="r").pages():
        assert_type(each, AsyncPage[CommitPage, Commit])
    raw = await client.raw.repos.get(org="o", repo="r")
    assert_type(raw.parsed, Repo | SyncingRepo)
    async with client as same:
        assert_type(same, AsyncMesa)


class BlockingOnly:
    def send(self, request: Request, /) -> Response:
        return Response(200)

    def close(self) -> None: ...


def wrong_worlds() -> None:
    Mesa(transport=BlockingOnly())
    AsyncMesa(transport=BlockingOnly())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class Audit(Plugin):
    """A plugin's hooks are checked against the base class."""

    def before_request(self, request: Request, call: Call) -> Response | None:
        assert_type(call.operation.name, str)
        request.headers["X-Audit"] = call.operation.name
        return None

    def after_response(self, response: Response, call: Call) -> Retry | None:
        return Retry(after=1.0) if response.status_code == 202 else None


class WrongAudit(Plugin):
    def before_request(self, request: str, call: Call) -> None: ...  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
