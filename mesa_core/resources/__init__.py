"""The methods of the API, one module per area: each says what is called, never how.

`Resources` groups the areas for one world; a client and its raw view are such groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

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

if TYPE_CHECKING:
    from mesa_core.worlds import World

__all__ = ["Resources"]

W = TypeVar("W", bound="World")


class Resources(Generic[W]):
    """The eleven areas of the API in one world."""

    def __init__(self, world: W) -> None:
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
