"""Merges."""

from __future__ import annotations

from typing import Final

from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint
from mesa_core.models.merge import Merge, MergeBody
from mesa_core.operations import Operation, Resource, W_co, operation
from mesa_core.options import RequestOptions

__all__ = ["Merges"]

_PERFORM: Final[Endpoint[Merge]] = Endpoint(
    name="merge.perform", method="POST", template="/{org}/{repo}/merge/{base}", body=MergeBody, decode=Json(Merge)
)


class Merges(Resource[W_co]):
    """Merge branches."""

    __slots__ = ()

    @operation
    def perform(
        self, *, org: str, repo: str, base: str, body: MergeBody, request_options: RequestOptions | None = None
    ) -> Operation[Merge]:
        """Merge a branch into another, fast-forward when possible.

        `POST /{org}/{repo}/merge/{base}`, scope `git:write`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            base: The branch to merge into.
            body: `head` (the branch to merge) and `author`; optionally `message` and `delete_branch`.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository or branch.
            MergeConflict: the changes cannot be combined; the branches stay as they were.

        Example:
            >>> you = {"name": "You", "email": "you@example.com"}
            >>> merge = client.merge.perform(
            ...     org="my-org", repo="my-repo", base="main", body={"head": "feature", "author": you}
            ... )
            >>> merge.merge_type == "fast_forward"
            True
        """
        return _PERFORM(path={"org": org, "repo": repo, "base": base}, body=body, options=request_options)
