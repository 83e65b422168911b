"""Which lines AI agents wrote."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from attrs import frozen

from mesa_core.models.common import OpenEnum
from mesa_core.wire import Wire

__all__ = [
    "AgentBlame",
    "Analytics",
    "AnalyticsCommit",
    "AnalyticsContributor",
    "AnalyticsMeta",
    "AnalyticsReport",
    "AnalyticsStatus",
    "AnalyticsSummary",
    "Attribution",
    "AttributionStats",
    "Period",
]

Period: TypeAlias = Literal["24h", "1w", "1m", "all"]
"""How far analytics look back: a day, a week, a month, or without an end."""


class AnalyticsStatus(OpenEnum):
    """How fresh analytics are."""

    CURRENT = "current"
    STALE = "stale"
    NONE = "none"


@frozen(kw_only=True)
class Attribution:
    """One line that an agent wrote; `confidence` is as the server rates it."""

    line_number: Annotated[int, Wire("lineNumber")]
    provider: str
    model: str | None
    confidence: float
    match_type: str


@frozen(kw_only=True)
class AttributionStats:
    """How many lines were written by whom; `ai_percentage` is as the server computes it."""

    total_lines: int
    ai_lines: int
    human_lines: int
    ai_percentage: float


@frozen(kw_only=True)
class AgentBlame:
    """The lines between two refs that agents wrote, by file path."""

    attributions: Mapping[str, tuple[Attribution, ...]]
    stats: AttributionStats


@frozen(kw_only=True)
class AnalyticsSummary:
    """Totals over a repository; `providers` and `models` count lines."""

    total_lines: Annotated[int, Wire("totalLines")]
    ai_lines: Annotated[int, Wire("aiLines")]
    human_lines: Annotated[int, Wire("humanLines")]
    providers: Mapping[str, int]
    models: Mapping[str, int]
    updated: str


@frozen(kw_only=True)
class AnalyticsContributor:
    """One contributor's totals."""

    total_lines: Annotated[int, Wire("totalLines")]
    ai_lines: Annotated[int, Wire("aiLines")]
    providers: Mapping[str, int]
    models: Mapping[str, int]
    commit_count: Annotated[int, Wire("commitCount")]


@frozen(kw_only=True)
class AnalyticsCommit:
    """One commit's lines."""

    date: str
    sha: str
    author: str
    added: int
    removed: int
    ai_lines: Annotated[int, Wire("aiLines")]
    message: str | None = None
    providers: Mapping[str, int] | None = None
    models: Mapping[str, int] | None = None


@frozen(kw_only=True)
class AnalyticsMeta:
    """When the analytics were last computed."""

    last_attempt: Annotated[str, Wire("lastAttempt")]
    last_success: Annotated[str | None, Wire("lastSuccess")]
    last_error: Annotated[str | None, Wire("lastError")]


@frozen(kw_only=True)
class Analytics:
    """AI attribution over a repository, contributors by name."""

    version: int
    summary: AnalyticsSummary
    contributors: Mapping[str, AnalyticsContributor]
    history: tuple[AnalyticsCommit, ...]
    meta: Annotated[AnalyticsMeta | None, Wire("_meta")] = None


@frozen(kw_only=True)
class AnalyticsReport:
    """Analytics, where there are any, and how fresh they are."""

    analytics: Analytics | None
    status: AnalyticsStatus
