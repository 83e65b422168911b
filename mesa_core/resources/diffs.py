"""Differences between refs."""

from __future__ import annotations

from typing import Final

from mesa_core.converter import TEXT, Json
from mesa_core.endpoints import Endpoint
from mesa_core.models.diffs import Diff
from mesa_core.operations import Operation, Resource, W_co, operation
from mesa_core.options import RequestOptions
from mesa_core.parameters import parameters

__all__ = ["Diffs"]

_GET: Final[Endpoint[Diff]] = Endpoint(name="diffs.get", method="GET", template="/{org}/{repo}/diff", decode=Json(Diff))
_PATCH: Final[Endpoint[str]] = Endpoint(name="diffs.patch", method="GET", template="/{org}/{repo}/diff", decode=TEXT)


class Diffs(Resource[W_co]):
    """Compare two refs."""

    __slots__ = ()

    @operation
    def get(
        self, *, org: str, repo: str, base: str, head: str, request_options: RequestOptions | None = None
    ) -> Operation[Diff]:
        """Get the difference between two refs, file by file.

        `GET /{org}/{repo}/diff`, scope `git:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            base: A branch name or a commit sha.
            head: A branch name or a commit sha.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository or ref.

        Example:
            >>> diff = client.diffs.get(org="my-org", repo="my-repo", base="main", head="feature")
            >>> diff.stats.additions, [file.path for file in diff.files]
            (1, ['notes.md'])
        """
        return _GET(path={"org": org, "repo": repo}, query=parameters(base=base, head=head), options=request_options)

    @operation
    def patch(
        self, *, org: str, repo: str, base: str, head: str, request_options: RequestOptions | None = None
    ) -> Operation[str]:
        """Get the difference between two refs as a unified diff.

        Bytes that are no UTF-8 are kept as surrogate escapes: encode with `errors="surrogateescape"` to get them back.

        `GET /{org}/{repo}/diff`, scope `git:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            base: A branch name or a commit sha.
            head: A branch name or a commit sha.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository or ref.
        """
        return _PATCH(path={"org": org, "repo": repo}, query=parameters(base=base, head=head), options=request_options)
