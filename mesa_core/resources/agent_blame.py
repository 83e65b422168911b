"""Which lines AI agents wrote."""

from __future__ import annotations

from typing import Final

from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint
from mesa_core.models.agent_blame import AgentBlame, AnalyticsReport, Period
from mesa_core.operations import Operation, Resource, W_co, operation
from mesa_core.options import RequestOptions
from mesa_core.parameters import parameters

__all__ = ["AgentBlames"]

_GET: Final[Endpoint[AgentBlame]] = Endpoint(
    name="agent_blame.get", method="GET", template="/{org}/{repo}/agentblame", decode=Json(AgentBlame)
)
_GET_ANALYTICS: Final[Endpoint[AnalyticsReport]] = Endpoint(
    name="agent_blame.get_analytics", method="GET", template="/{org}/{repo}/analytics", decode=Json(AnalyticsReport)
)
_REFRESH_ANALYTICS: Final[Endpoint[AnalyticsReport]] = Endpoint(
    name="agent_blame.refresh_analytics",
    method="POST",
    template="/{org}/{repo}/analytics/refresh",
    decode=Json(AnalyticsReport),
    repeatable=True,
)


class AgentBlames(Resource[W_co]):
    """Ask which lines AI agents wrote."""

    __slots__ = ()

    @operation
    def get(
        self, *, org: str, repo: str, base: str, head: str, request_options: RequestOptions | None = None
    ) -> Operation[AgentBlame]:
        """Tell which lines between two refs an AI agent wrote.

        `GET /{org}/{repo}/agentblame`, scope `git:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            base: A branch name or a commit sha.
            head: A branch name or a commit sha.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository or ref.
        """
        return _GET(path={"org": org, "repo": repo}, query=parameters(base=base, head=head), options=request_options)

    @operation
    def get_analytics(
        self, *, org: str, repo: str, period: Period | None = None, request_options: RequestOptions | None = None
    ) -> Operation[AnalyticsReport]:
        """Get AI attribution over the whole repository.

        `GET /{org}/{repo}/analytics`, scope `git:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            period: How far to look back; "all" when it is left out.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository.
        """
        return _GET_ANALYTICS(path={"org": org, "repo": repo}, query=parameters(period=period), options=request_options)

    @operation
    def refresh_analytics(
        self, *, org: str, repo: str, request_options: RequestOptions | None = None
    ) -> Operation[AnalyticsReport]:
        """Aggregate the repository's attribution again.

        `POST /{org}/{repo}/analytics/refresh`, scope `git:write`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository.
        """
        return _REFRESH_ANALYTICS(path={"org": org, "repo": repo}, options=request_options)
