"""Files, symlinks and directories."""

from __future__ import annotations

from typing import Final

from mesa_core.converter import BYTES, Json
from mesa_core.endpoints import Endpoint
from mesa_core.models.content import Content
from mesa_core.operations import Operation, Resource, W_co, operation
from mesa_core.options import RequestOptions
from mesa_core.parameters import parameters

__all__ = ["Contents"]

_GET: Final[Endpoint[Content]] = Endpoint(
    name="content.get", method="GET", template="/{org}/{repo}/content", decode=Json(Content)
)
_READ: Final[Endpoint[bytes]] = Endpoint(
    name="content.read", method="GET", template="/{org}/{repo}/content", decode=BYTES
)


class Contents(Resource[W_co]):
    """Read what a repository holds at a ref."""

    __slots__ = ()

    @operation
    def get(
        self,
        *,
        org: str,
        repo: str,
        path: str | None = None,
        ref: str | None = None,
        depth: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> Operation[Content]:
        """Get a file, a symlink or a directory.

        `GET /{org}/{repo}/content`, scope `git:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            path: A path from the root, without a leading slash; the root directory when it is left out.
            ref: A branch name or a commit sha; the default branch when it is left out.
            depth: Levels of a directory to list, 1 or more; 1 when it is left out.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository, ref or path.

        Example:
            >>> client.content.get(org="my-org", repo="my-repo", path="README.md").text
            '# Hello'
            >>> [entry.name for entry in client.content.get(org="my-org", repo="my-repo").entries]
            ['README.md']
        """
        return _GET(
            path={"org": org, "repo": repo}, query=parameters(ref=ref, path=path, depth=depth), options=request_options
        )

    @operation
    def read(
        self,
        *,
        org: str,
        repo: str,
        path: str,
        ref: str | None = None,
        request_options: RequestOptions | None = None,
    ) -> Operation[bytes]:
        """Read a file's bytes.

        `GET /{org}/{repo}/content`, scope `git:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            path: A path from the root, without a leading slash.
            ref: A branch name or a commit sha; the default branch when it is left out.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository, ref or path.
            NotAcceptable: the path is a directory.

        Example:
            >>> client.content.read(org="my-org", repo="my-repo", path="README.md")
            b'# Hello'
        """
        return _READ(path={"org": org, "repo": repo}, query=parameters(ref=ref, path=path), options=request_options)
