"""Repositories, their upstreams and the state of their synchronisation."""

from datetime import datetime
from typing import Annotated, Literal, NotRequired, TypeAlias, TypedDict

from attrs import field, frozen

from mesa_core.models.common import OpenEnum, Unknown
from mesa_core.secrets import SECRET, without_secrets

__all__ = [
    "Autosync",
    "AutosyncBody",
    "CreateRepoBody",
    "Repo",
    "RepoPage",
    "RepoState",
    "SyncFailed",
    "SyncOk",
    "SyncRunning",
    "SyncState",
    "SyncStatus",
    "SyncingRepo",
    "UpdateRepoBody",
    "Upstream",
    "UpstreamBody",
]


def _shown(uri: str) -> str:
    return repr(without_secrets(uri))


class RepoState(OpenEnum):
    """What a repository that is not ready is doing."""

    SYNCING = "syncing"


@frozen(kw_only=True)
class Autosync:
    """How often a repository is synchronised from its upstream; `period` is in seconds."""

    type: str
    period: float
    resolution_strategy: str


@frozen(kw_only=True)
class Upstream:
    """Where a repository is synchronised from. Its credential is never returned, only whether there is one.

    `autosync` is None where it is synchronised on demand alone, an instant where there was none yet, `last_sync_error`
    after a success, and `credential_host` where there is no credential.
    """

    uri: str = field(repr=_shown)
    autosync: Autosync | None
    last_sync_attempt: datetime | None
    last_sync_success: datetime | None
    last_sync_error: str | None
    has_credential: bool
    credential_host: str | None


@frozen(kw_only=True)
class Repo:
    """A repository. `size_bytes` is in bytes.

    `head_sha` is the commit of its default branch, None while it has none; `upstream` is None where it is synchronised
    from nowhere.
    """

    id: str
    org: str
    name: str
    default_branch: str
    head_sha: str | None
    size_bytes: int
    created_at: datetime
    upstream: Upstream | None


@frozen(kw_only=True)
class SyncingRepo(Repo):
    """A repository that is being synchronised from its upstream just now (status 202)."""

    status: RepoState


@frozen(kw_only=True)
class RepoPage:
    """One page of repositories; `next_cursor` is None on the last page."""

    repos: tuple[Repo, ...]
    next_cursor: str | None
    has_more: bool


@frozen(kw_only=True)
class SyncOk:
    """The last synchronisation succeeded, or none has run yet."""

    type: Literal["ok"]


@frozen(kw_only=True)
class SyncRunning:
    """A synchronisation is under way."""

    type: Literal["syncing"]


@frozen(kw_only=True)
class SyncFailed:
    """The last synchronisation failed; `message` says why."""

    type: Literal["error"]
    message: str


SyncState: TypeAlias = SyncOk | SyncRunning | SyncFailed | Unknown
"""How synchronisation stands; `Unknown` is of a `type` that came after this release."""


@frozen(kw_only=True)
class SyncStatus:
    """When a repository was last synchronised, and how it went; an instant is None where there was none yet."""

    last_sync_attempt: datetime | None
    last_sync_success: datetime | None
    status: SyncState


class AutosyncBody(TypedDict):
    """How often to synchronise; `period` is in seconds, 60 or more."""

    type: Literal["poll"]
    period: int
    resolution_strategy: NotRequired[Literal["none"]]


class UpstreamBody(TypedDict):
    """Where to synchronise from. `token` is write-only; None unlinks the credential."""

    uri: str
    autosync: NotRequired[AutosyncBody]
    token: NotRequired[Annotated[str | None, SECRET]]
    token_username: NotRequired[str]


class CreateRepoBody(TypedDict):
    """A repository to create; `default_branch` is "main" when left out."""

    name: str
    default_branch: NotRequired[str]
    upstream: NotRequired[UpstreamBody]


class UpdateRepoBody(TypedDict, total=False):
    """What to change of a repository. `upstream`: None removes it, leaving it out keeps it."""

    name: str
    default_branch: str
    upstream: UpstreamBody | None
