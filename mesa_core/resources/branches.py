"""Branches."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint, PagedEndpoint
from mesa_core.models.branches import Branch, BranchPage, CreateBranchBody
from mesa_core.models.common import Success
from mesa_core.operations import Operation, PagedOperation, Resource, W_co, operation, paginated
from mesa_core.options import RequestOptions
from mesa_core.parameters import parameters

__all__ = ["Branches"]

_LIST: Final[PagedEndpoint[BranchPage, Branch]] = PagedEndpoint(
    name="branches.list",
    method="GET",
    template="/{org}/{repo}/branches",
    decode=Json(BranchPage),
    items=attrgetter("branches"),
)
_CREATE: Final[Endpoint[Branch]] = Endpoint(
    name="branches.create", method="POST", template="/{org}/{repo}/branches", body=CreateBranchBody, decode=Json(Branch)
)
_DELETE: Final[Endpoint[Success]] = Endpoint(
    name="branches.delete", method="DELETE", template="/{org}/{repo}/branches/{branch}", decode=Json(Success)
)


class Branches(Resource[W_co]):
    """List, create and delete branches."""

    __slots__ = ()

    @paginated
    def list(
        self,
        *,
        org: str,
        repo: str,
        cursor: str | None = None,
        limit: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> PagedOperation[BranchPage, Branch]:
        """List branches: iterate over all of them, or look at one page's `result`.

        `GET /{org}/{repo}/branches`, scope `git:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            cursor: Where to go on, from an earlier page's `result.next_cursor`.
            limit: Items a page, 1 to 100; the server takes 50 when it is left out.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository.
        """
        return _LIST(
            path={"org": org, "repo": repo}, query=parameters(cursor=cursor, limit=limit), options=request_options
        )

    @operation
    def create(
        self, *, org: str, repo: str, body: CreateBranchBody, request_options: RequestOptions | None = None
    ) -> Operation[Branch]:
        """Create a branch.

        `POST /{org}/{repo}/branches`, scope `git:write`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            body: `name`, and `head_sha` (or `from`): the commit sha or the branch to start at.
            request_options: Options for this call alone.

        Raises:
            BadRequest: git does not allow the name.
            NotFound: there is no such repository, or nothing to start at.
            Conflict: there is a branch of that name.

        Example:
            >>> branch = client.branches.create(org="my-org", repo="my-repo", body={"name": "draft", "from": "main"})
            >>> branch.name, branch.is_default
            ('draft', False)
        """
        return _CREATE(path={"org": org, "repo": repo}, body=body, options=request_options)

    @operation
    def delete(
        self, *, org: str, repo: str, branch: str, request_options: RequestOptions | None = None
    ) -> Operation[Success]:
        """Delete a branch; a slash in its name needs no escaping.

        `DELETE /{org}/{repo}/branches/{branch}`, scope `git:write`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            branch: The branch's name.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository or branch.
            Conflict: it is the default branch.
        """
        return _DELETE(path={"org": org, "repo": repo, "branch": branch}, options=request_options)
