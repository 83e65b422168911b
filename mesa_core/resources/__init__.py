"""The methods of the API, one module per area: each says what is called, never how.

`Resources` groups the areas for one world; a client and its raw view are such groups. `ENDPOINTS`
lists what they call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, TypeGuard, TypeVar

from mesa_core.bodies import encode_json
from mesa_core.converter import ANYTHING
from mesa_core.endpoints import Endpoint
from mesa_core.operations import Operation, Resource, operation
from mesa_core.options import RequestOptions
from mesa_core.resources import (
    admin,
    agent_blame,
    branches,
    commits,
    content,
    diffs,
    lfs,
    merge,
    org,
    repos,
    webhooks,
)
from mesa_core.urls import QueryValue

if TYPE_CHECKING:
    from mesa_core.worlds import World

__all__ = ["ENDPOINTS", "Resources"]

W = TypeVar("W", bound="World")


def _is_endpoint(value: object) -> TypeGuard[Endpoint[Any]]:
    return isinstance(value, Endpoint)


_AREAS = (repos, branches, commits, content, diffs, merge, admin, lfs, org, webhooks, agent_blame)

ENDPOINTS: Final[tuple[Endpoint[Any], ...]] = tuple(
    each for area in _AREAS for each in vars(area).values() if _is_endpoint(each)
)
"""Every endpoint of the API, as declared in the modules of the areas. `Any`: they answer with every type."""


class Resources(Resource[W], Generic[W]):
    """The eleven areas of the API in one world, and `request` for what is in none of them."""

    def __init__(self, world: W) -> None:
        super().__init__(world)
        self.repos: repos.Repos[W] = repos.Repos(world)
        """Repositories and their synchronisation."""
        self.branches: branches.Branches[W] = branches.Branches(world)
        """Branches."""
        self.commits: commits.Commits[W] = commits.Commits(world)
        """Commits: list, read, make."""
        self.content: content.Contents[W] = content.Contents(world)
        """Files, symlinks and directories at a ref."""
        self.diffs: diffs.Diffs[W] = diffs.Diffs(world)
        """What differs between two refs."""
        self.merge: merge.Merges[W] = merge.Merges(world)
        """Merges."""
        self.admin: admin.Admin[W] = admin.Admin(world)
        """API keys."""
        self.lfs: lfs.Lfs[W] = lfs.Lfs(world)
        """Signed URLs of large files."""
        self.org: org.Org[W] = org.Org(world)
        """The organization."""
        self.webhooks: webhooks.Webhooks[W] = webhooks.Webhooks(world)
        """Webhooks, and what they deliver."""
        self.agent_blame: agent_blame.AgentBlames[W] = agent_blame.AgentBlames(world)
        """Which lines AI agents wrote."""

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
