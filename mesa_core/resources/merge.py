"""Merges."""

from __future__ import annotations

from mesa_core.bodies import encode
from mesa_core.converter import Json
from mesa_core.models.merge import Merge, MergeBody
from mesa_core.operations import Operation, Resource, W_co, operation
from mesa_core.options import RequestOptions

__all__ = ["Merges"]


class Merges(Resource[W_co]):
    """Merge branches."""

    __slots__ = ()

    @operation
    def perform(
        self, *, org: str, repo: str, base: str, body: MergeBody, request_options: RequestOptions | None = None
    ) -> Operation[Merge]:
        """Merge a branch into another, fast-forward when possible.

        Args:
            org: The organization's name.
            repo: The repository's name.
            base: The branch to merge into.
            body: `head` (the branch to merge) and `author`; optionally `message` and `delete_branch`.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository or branch.
            MergeConflict: the changes cannot be combined; the branches stay as they were.
        """
        return Operation(
            name="merge.perform",
            method="POST",
            template="/{org}/{repo}/merge/{base}",
            path={"org": org, "repo": repo, "base": base},
            body=encode(body, MergeBody),
            decode=Json[Merge](Merge),
            options=request_options,
        )
