"""Commits."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint, PagedEndpoint
from mesa_core.models.commits import Commit, CommitPage, CreateCommitBody, CreatedCommit
from mesa_core.operations import Operation, PagedOperation, Resource, W_co, operation, paginated
from mesa_core.options import RequestOptions
from mesa_core.parameters import parameters

__all__ = ["Commits"]

_LIST: Final[PagedEndpoint[CommitPage, Commit]] = PagedEndpoint(
    name="commits.list",
    method="GET",
    template="/{org}/{repo}/commits",
    decode=Json(CommitPage),
    items=attrgetter("commits"),
)
_GET: Final[Endpoint[Commit]] = Endpoint(
    name="commits.get", method="GET", template="/{org}/{repo}/commits/{sha}", decode=Json(Commit)
)
_CREATE: Final[Endpoint[CreatedCommit]] = Endpoint(
    name="commits.create",
    method="POST",
    template="/{org}/{repo}/commits",
    body=CreateCommitBody,
    decode=Json(CreatedCommit),
)


class Commits(Resource[W_co]):
    """List, read and make commits."""

    __slots__ = ()

    @paginated
    def list(
        self,
        *,
        org: str,
        repo: str,
        ref: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> PagedOperation[CommitPage, Commit]:
        """List commits, newest first: iterate over all of them, or look at one page's `result`.

        `GET /{org}/{repo}/commits`, scope `git:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            ref: A branch name or a commit sha; the default branch when it is left out.
            cursor: Where to go on, from an earlier page's `result.next_cursor`.
            limit: Items a page, 1 to 100; the server takes 50 when it is left out.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository or ref.
        """
        return _LIST(
            path={"org": org, "repo": repo},
            query=parameters(ref=ref, cursor=cursor, limit=limit),
            options=request_options,
        )

    @operation
    def get(self, *, org: str, repo: str, sha: str, request_options: RequestOptions | None = None) -> Operation[Commit]:
        """Get a commit.

        `GET /{org}/{repo}/commits/{sha}`, scope `git:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            sha: The commit's sha.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository or commit.
        """
        return _GET(path={"org": org, "repo": repo, "sha": sha}, options=request_options)

    @operation
    def create(
        self, *, org: str, repo: str, body: CreateCommitBody, request_options: RequestOptions | None = None
    ) -> Operation[CreatedCommit]:
        """Make a commit from file edits; the first commit of a repository creates its branch.

        `POST /{org}/{repo}/commits`, scope `git:write`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            body: `branch`, `message`, `author` and `edits` (or `files`). With `base_sha` the commit lands only if
                the branch still points there.
            request_options: Options for this call alone.

        Raises:
            BadRequest: a path or a person is not allowed.
            NotFound: there is no such repository or branch.
            Conflict: the branch does not point to `base_sha` (any more).

        Example:
            >>> commit = client.commits.create(
            ...     org="my-org",
            ...     repo="my-repo",
            ...     body={
            ...         "branch": "main",
            ...         "message": "Say hello",
            ...         "author": {"name": "Bot", "email": "bot@example.com"},
            ...         "edits": [
            ...             {"path": "hello.txt", "content": "Hello"},
            ...             {"path": "README.md", "action": "delete"},
            ...         ],
            ...     },
            ... )
            >>> commit.branch, len(commit.sha)
            ('main', 40)
        """
        return _CREATE(path={"org": org, "repo": repo}, body=body, options=request_options)
