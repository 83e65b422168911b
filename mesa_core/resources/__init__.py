"""The methods of the API, one module per area: each says what is called, never how.

`Resources` groups the areas for one world; a client and its raw view are such groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mesa_core.bodies import encode_json
from mesa_core.converter import ANYTHING
from mesa_core.operations import Operation, Resource, operation
from mesa_core.options import RequestOptions
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
from mesa_core.urls import QueryValue

if TYPE_CHECKING:
    from mesa_core.worlds import World

__all__ = ["Resources"]

W = TypeVar("W", bound="World")


class Resources(Resource[W], Generic[W]):
    """The eleven areas of the API in one world, and `request` for what is in none of them."""

    def __init__(self, world: W) -> None:
        super().__init__(world)
        self.repos: Repos[W] = Repos(world)
        self.branches: Branches[W] = Branches(world)
        self.commits: Commits[W] = Commits(world)
        self.content: Contents[W] = Contents(world)
        self.diffs: Diffs[W] = Diffs(world)
        self.merge: Merges[W] = Merges(world)
        self.admin: Admin[W] = Admin(world)
        self.lfs: Lfs[W] = Lfs(world)
        self.org: Org[W] = Org(world)
        self.webhooks: Webhooks[W] = Webhooks(world)
        self.agent_blame: AgentBlames[W] = AgentBlames(world)

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
        return Operation(
            name="request",
            method=method.upper(),
            template=template,
            path=path or {},
            query=query or {},
            body=None if body is None else encode_json(body),
            decode=ANYTHING,
            options=request_options,
        )
