"""Organizations."""

from __future__ import annotations

from typing import Final

from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint
from mesa_core.models.org import Organization
from mesa_core.operations import Operation, Resource, W_co, operation
from mesa_core.options import RequestOptions

__all__ = ["Org"]

_GET: Final[Endpoint[Organization]] = Endpoint(
    name="org.get", method="GET", template="/{org}", decode=Json(Organization)
)


class Org(Resource[W_co]):
    """Look at an organization."""

    __slots__ = ()

    @operation
    def get(self, *, org: str, request_options: RequestOptions | None = None) -> Operation[Organization]:
        """Get an organization's summary.

        `GET /{org}`, scope `repo:read`.

        Args:
            org: The organization's name.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such organization, or the key is not one of its.
        """
        return _GET(path={"org": org}, options=request_options)
