"""Repositories."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint, PagedEndpoint
from mesa_core.models.common import Success
from mesa_core.models.repos import (
    CreateRepoBody,
    Repo,
    RepoPage,
    SyncingRepo,
    SyncStatus,
    UpdateRepoBody,
)
from mesa_core.operations import Operation, PagedOperation, Resource, W_co, operation, paginated
from mesa_core.options import RequestOptions
from mesa_core.parameters import parameters

__all__ = ["Repos"]

_CREATE: Final[Endpoint[Repo]] = Endpoint(
    name="repos.create", method="POST", template="/{org}/repos", body=CreateRepoBody, decode=Json(Repo)
)
_LIST: Final[PagedEndpoint[RepoPage, Repo]] = PagedEndpoint(
    name="repos.list", method="GET", template="/{org}/repos", decode=Json(RepoPage), items=attrgetter("repos")
)
_GET: Final[Endpoint[Repo | SyncingRepo]] = Endpoint(
    name="repos.get", method="GET", template="/{org}/{repo}", decode=Json(Repo, {202: SyncingRepo})
)
_UPDATE: Final[Endpoint[Repo]] = Endpoint(
    name="repos.update", method="PATCH", template="/{org}/{repo}", body=UpdateRepoBody, decode=Json(Repo)
)
_DELETE: Final[Endpoint[Success]] = Endpoint(
    name="repos.delete", method="DELETE", template="/{org}/{repo}", decode=Json(Success)
)
_SYNC: Final[Endpoint[Success]] = Endpoint(
    name="repos.sync", method="POST", template="/{org}/{repo}/sync", decode=Json(Success), repeatable=True
)
_GET_SYNC_STATUS: Final[Endpoint[SyncStatus]] = Endpoint(
    name="repos.get_sync_status", method="GET", template="/{org}/{repo}/sync", decode=Json(SyncStatus)
)


class Repos(Resource[W_co]):
    """Create, find, change, delete and synchronise repositories."""

    __slots__ = ()

    @operation
    def create(
        self, *, org: str, body: CreateRepoBody, request_options: RequestOptions | None = None
    ) -> Operation[Repo]:
        """Create a repository.

        `POST /{org}/repos`, scope `repo:create`.

        Args:
            org: The organization's name.
            body: `name` (up to 100 of letters, digits, `.`, `_`, `-`), and optionally `default_branch` and `upstream`.
            request_options: Options for this call alone.

        Raises:
            BadRequest: the name is not allowed.
            Conflict: there is a repository of that name.

        Example:
            >>> client.repos.create(org="my-org", body={"name": "new", "default_branch": "trunk"}).head_sha is None
            True
        """
        return _CREATE(path={"org": org}, body=body, options=request_options)

    @paginated
    def list(
        self,
        *,
        org: str,
        cursor: str | None = None,
        limit: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> PagedOperation[RepoPage, Repo]:
        """List repositories: iterate over all of them, or look at one page's `result`.

        `GET /{org}/repos`, scope `repo:read`.

        Args:
            org: The organization's name.
            cursor: Where to go on, from an earlier page's `result.next_cursor`.
            limit: Items a page, 1 to 100; the server takes 50 when it is left out.
            request_options: Options for this call alone.

        Example:
            >>> [repo.name for repo in client.repos.list(org="my-org")]
            ['my-repo']
            >>> page = client.repos.list(org="my-org", limit=1)
            >>> page.result.has_more, page.next()
            (False, None)
        """
        return _LIST(path={"org": org}, query=parameters(cursor=cursor, limit=limit), options=request_options)

    @operation
    def get(
        self, *, org: str, repo: str, request_options: RequestOptions | None = None
    ) -> Operation[Repo | SyncingRepo]:
        """Get a repository; a `SyncingRepo` while it is being synchronised from its upstream.

        `GET /{org}/{repo}`, scope `repo:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            request_options: Options for this call alone: `timeout_ms`, `headers`, `retry_config`.

        Returns:
            Its `name`, `default_branch`, `head_sha` (None while it has no commit), `size_bytes`, `upstream` and more.

        Raises:
            NotFound: there is no such repository.

        Example:
            >>> repo = client.repos.get(org="my-org", repo="my-repo")
            >>> repo.default_branch, repo.created_at.tzinfo
            ('main', datetime.timezone.utc)
        """
        return _GET(path={"org": org, "repo": repo}, options=request_options)

    @operation
    def update(
        self, *, org: str, repo: str, body: UpdateRepoBody, request_options: RequestOptions | None = None
    ) -> Operation[Repo]:
        """Change a repository's name, default branch or upstream.

        `PATCH /{org}/{repo}`, scope `repo:create`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            body: What to change. `upstream`: None removes it, leaving it out keeps it.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository.
            Conflict: there is another repository of the new name.
        """
        return _UPDATE(path={"org": org, "repo": repo}, body=body, options=request_options)

    @operation
    def delete(self, *, org: str, repo: str, request_options: RequestOptions | None = None) -> Operation[Success]:
        """Delete a repository and all that it holds.

        `DELETE /{org}/{repo}`, scope `repo:delete`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository.
        """
        return _DELETE(path={"org": org, "repo": repo}, options=request_options)

    @operation
    def sync(self, *, org: str, repo: str, request_options: RequestOptions | None = None) -> Operation[Success]:
        """Synchronise a repository from its upstream now; answers when that has ended.

        `POST /{org}/{repo}/sync`, scope `git:write`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            request_options: Options for this call alone.

        Raises:
            BadRequest: the repository has no upstream (code NO_UPSTREAM).
            NotFound: there is no such repository.
        """
        return _SYNC(path={"org": org, "repo": repo}, options=request_options)

    @operation
    def get_sync_status(
        self, *, org: str, repo: str, request_options: RequestOptions | None = None
    ) -> Operation[SyncStatus]:
        """Tell when a repository was last synchronised from its upstream, and how that went.

        `GET /{org}/{repo}/sync`, scope `repo:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository.
        """
        return _GET_SYNC_STATUS(path={"org": org, "repo": repo}, options=request_options)
