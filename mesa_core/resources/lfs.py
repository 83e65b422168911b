"""Large files."""

from __future__ import annotations

from typing import Final

from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint
from mesa_core.models.lfs import LfsBody, LfsObjects
from mesa_core.operations import Operation, Resource, W_co, operation
from mesa_core.options import RequestOptions

__all__ = ["Lfs"]

_UPLOAD: Final[Endpoint[LfsObjects]] = Endpoint(
    name="lfs.upload",
    method="POST",
    template="/{org}/{repo}/lfs/objects",
    body=LfsBody,
    decode=Json(LfsObjects),
    repeatable=True,
)
_DOWNLOAD: Final[Endpoint[LfsObjects]] = Endpoint(
    name="lfs.download",
    method="POST",
    template="/{org}/{repo}/lfs/objects/download",
    body=LfsBody,
    decode=Json(LfsObjects),
    repeatable=True,
)


class Lfs(Resource[W_co]):
    """Get signed URLs to upload large files to and to download them from."""

    __slots__ = ()

    @operation
    def upload(
        self, *, org: str, repo: str, body: LfsBody, request_options: RequestOptions | None = None
    ) -> Operation[LfsObjects]:
        """Get URLs to PUT objects to; one that the server has already gets none.

        `POST /{org}/{repo}/lfs/objects`, scope `git:write`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            body: `objects`, 1 to 100 of them: `oid` (sha256 in lower-case hex) and `size` (bytes).
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository.
        """
        return _UPLOAD(path={"org": org, "repo": repo}, body=body, options=request_options)

    @operation
    def download(
        self, *, org: str, repo: str, body: LfsBody, request_options: RequestOptions | None = None
    ) -> Operation[LfsObjects]:
        """Get URLs to GET objects from; one that is missing has an `error` instead.

        `POST /{org}/{repo}/lfs/objects/download`, scope `git:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            body: `objects`, 1 to 100 of them: `oid` (sha256 in lower-case hex) and `size` (bytes).
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository.
        """
        return _DOWNLOAD(path={"org": org, "repo": repo}, body=body, options=request_options)
