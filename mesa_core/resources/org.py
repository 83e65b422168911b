"""Organizations."""

from __future__ import annotations

from mesa_core.converter import Json
from mesa_core.models.org import Organization
from mesa_core.operations import Operation, Resource, W_co, operation
from mesa_core.options import RequestOptions

__all__ = ["Org"]


class Org(Resource[W_co]):
    """Look at an organization."""

    __slots__ = ()

    @operation
    def get(self, *, org: str, request_options: RequestOptions | None = None) -> Operation[Organization]:
        """Get an organization's summary.

        Raises:
            NotFound: there is no such organization, or the key is not one of its.
        """
        return Operation(
            name="org.get",
            method="GET",
            template="/{org}",
            path={"org": org},
            decode=Json[Organization](Organization),
            options=request_options,
        )
