"""Commits."""

from __future__ import annotations

from operator import attrgetter

from mesa_core.bodies import encode
from mesa_core.converter import Json
from mesa_core.models.commits import Commit, CommitPage, CreateCommitBody, CreatedCommit
from mesa_core.operations import Operation, PagedOperation, Resource, W_co, operation, paginated
from mesa_core.options import RequestOptions
from mesa_core.parameters import parameters

__all__ = ["Commits"]


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
        return PagedOperation(
            name="commits.list",
            method="GET",
            template="/{org}/{repo}/commits",
            path={"org": org, "repo": repo},
            query=parameters(ref=ref, cursor=cursor, limit=limit),
            decode=Json[CommitPage](CommitPage),
            items=attrgetter("commits"),
            options=request_options,
        )

    @operation
    def get(self, *, org: str, repo: str, sha: str, request_options: RequestOptions | None = None) -> Operation[Commit]:
        """Get a commit.

        Raises:
            NotFound: there is no such repository or commit.
        """
        return Operation(
            name="commits.get",
            method="GET",
            template="/{org}/{repo}/commits/{sha}",
            path={"org": org, "repo": repo, "sha": sha},
            decode=Json[Commit](Commit),
            options=request_options,
        )

    @operation
    def create(
        self, *, org: str, repo: str, body: CreateCommitBody, request_options: RequestOptions | None = None
    ) -> Operation[CreatedCommit]:
        """Make a commit from file edits; the first commit of a repository creates its branch.

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
        """
        return Operation(
            name="commits.create",
            method="POST",
            template="/{org}/{repo}/commits",
            path={"org": org, "repo": repo},
            body=encode(body, CreateCommitBody),
            decode=Json[CreatedCommit](CreatedCommit),
            options=request_options,
        )
