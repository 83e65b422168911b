"""The methods of the API, one module per area: each says what is called, never how.

`Resources` groups the areas for one world; a client and its raw view are such groups. `ENDPOINTS`
lists what they call. An area is imported when it is first used, with its models: they are half of what there is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, TypeGuard, TypeVar

from mesa_core.endpoints import Endpoint
from mesa_core.errors import InvalidRequest
from mesa_core.operations import Operation, Resource, operation
from mesa_core.options import RequestOptions
from mesa_core.urls import QueryValue

if TYPE_CHECKING:
    from mesa_core.resources.admin import Admin
    from mesa_core.resources.agent_blame import AgentBlames
    from mesa_core.resources.branches import Branches
    from mesa_core.resources.commits import Commits
    from mesa_core.resources.content import Contents
    from mesa_core.resources.diffs import Diffs
    from mesa_core.resources.lfs import Lfs
    from mesa_core.resources.merge import Merges
    from mesa_core.resources.org import Org
    from mesa_core.resources.repos import Repos
    from mesa_core.resources.webhooks import Webhooks
    from mesa_core.worlds import World

    ENDPOINTS: tuple[Endpoint[Any], ...]
    """Every endpoint of the API, as declared in the modules of the areas. `Any`: they answer with every type."""

__all__ = ["ENDPOINTS", "Resources"]

W = TypeVar("W", bound="World")

_TEMPLATE: Final = re.compile(r"[!\"$-~]*")


_AREAS: Final = (
    "repos",
    "branches",
    "commits",
    "content",
    "diffs",
    "merge",
    "admin",
    "lfs",
    "org",
    "webhooks",
    "agent_blame",
)


def _is_endpoint(value: object) -> TypeGuard[Endpoint[Any]]:
    return isinstance(value, Endpoint)


@cache
def _endpoints() -> tuple[Endpoint[Any], ...]:
    areas = [import_module(f"{__name__}.{area}") for area in _AREAS]
    return tuple(each for area in areas for each in vars(area).values() if _is_endpoint(each))


def __getattr__(name: str) -> object:
    """Return `ENDPOINTS`, for which all areas are imported."""
    if name == "ENDPOINTS":
        return _endpoints()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class Resources(Resource[W], Generic[W]):
    """The eleven areas of the API in one world, and `request` for what is in none of them."""

    @cached_property
    def repos(self) -> Repos[W]:
        """Repositories and their synchronisation."""
        from mesa_core.resources.repos import Repos  # noqa: PLC0415 - an area is imported when it is used

        return Repos(self.world)

    @cached_property
    def branches(self) -> Branches[W]:
        """Branches."""
        from mesa_core.resources.branches import Branches  # noqa: PLC0415 - an area is imported when it is used

        return Branches(self.world)

    @cached_property
    def commits(self) -> Commits[W]:
        """Commits: list, read, make."""
        from mesa_core.resources.commits import Commits  # noqa: PLC0415 - an area is imported when it is used

        return Commits(self.world)

    @cached_property
    def content(self) -> Contents[W]:
        """Files, symlinks and directories at a ref."""
        from mesa_core.resources.content import Contents  # noqa: PLC0415 - an area is imported when it is used

        return Contents(self.world)

    @cached_property
    def diffs(self) -> Diffs[W]:
        """What differs between two refs."""
        from mesa_core.resources.diffs import Diffs  # noqa: PLC0415 - an area is imported when it is used

        return Diffs(self.world)

    @cached_property
    def merge(self) -> Merges[W]:
        """Merges."""
        from mesa_core.resources.merge import Merges  # noqa: PLC0415 - an area is imported when it is used

        return Merges(self.world)

    @cached_property
    def admin(self) -> Admin[W]:
        """API keys."""
        from mesa_core.resources.admin import Admin  # noqa: PLC0415 - an area is imported when it is used

        return Admin(self.world)

    @cached_property
    def lfs(self) -> Lfs[W]:
        """Signed URLs of large files."""
        from mesa_core.resources.lfs import Lfs  # noqa: PLC0415 - an area is imported when it is used

        return Lfs(self.world)

    @cached_property
    def org(self) -> Org[W]:
        """The organization."""
        from mesa_core.resources.org import Org  # noqa: PLC0415 - an area is imported when it is used

        return Org(self.world)

    @cached_property
    def webhooks(self) -> Webhooks[W]:
        """Webhooks, and what they deliver."""
        from mesa_core.resources.webhooks import Webhooks  # noqa: PLC0415 - an area is imported when it is used

        return Webhooks(self.world)

    @cached_property
    def agent_blame(self) -> AgentBlames[W]:
        """Which lines AI agents wrote."""
        from mesa_core.resources.agent_blame import AgentBlames  # noqa: PLC0415 - an area is imported when it is used

        return AgentBlames(self.world)

    @operation
    def request(
        self,
        method: str,
        template: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = None,
        request_options: RequestOptions | None = None,
    ) -> Operation[Any]:
        """Call an endpoint that this release does not know, with the same authentication, hooks, retries and errors.

        Args:
            method: The HTTP method. GET, HEAD, PUT and DELETE are repeated after failures, as any other is not.
            template: The path after the server's URL, such as "/{org}/{repo}/tags".
            path: Values for the template's parameters; each becomes one segment.
            query: Query parameters; a value of None is left out.
            body: What to send as JSON; None sends no body.
            request_options: Options for this call alone.

        Returns:
            The JSON of the response, or its bytes where it is not JSON. `Any`: nothing is known of its shape.

        Raises:
            InvalidRequest: a parameter is missing or is not what it may be, or the body is not JSON.
        """
        if not _TEMPLATE.fullmatch(template):
            raise InvalidRequest("template: expected a path of visible ASCII characters without #", field="template")
        from mesa_core.bodies import encode_json  # noqa: PLC0415 - as an area is imported when it is used
        from mesa_core.converter import ANYTHING  # noqa: PLC0415 - the same

        return Operation(
            name="request",
            method=method.upper(),
            template=template,
            path=path or {},
            query=query or {},
            body=None if body is None else encode_json(body),
            decode=ANYTHING,
            options=request_options and copy(request_options),
        )
