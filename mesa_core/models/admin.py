"""API keys and their scopes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeAlias, TypedDict

from attrs import field, frozen

from mesa_core.models.common import OpenEnum
from mesa_core.secrets import SECRET, hidden

__all__ = ["ApiKey", "ApiKeys", "CreateApiKeyBody", "CreatedApiKey", "Scope", "ScopeName"]


class Scope(OpenEnum):
    """What a key may do."""

    GIT_READ = "git:read"
    GIT_WRITE = "git:write"
    REPO_READ = "repo:read"
    REPO_CREATE = "repo:create"
    REPO_DELETE = "repo:delete"
    WEBHOOK_READ = "webhook:read"
    WEBHOOK_WRITE = "webhook:write"
    ADMIN = "admin"


@frozen(kw_only=True)
class ApiKey:
    """An API key, without its secret; a revoked one is still listed, with `revoked_at`."""

    id: str
    name: str | None
    scopes: tuple[Scope, ...]
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


@frozen(kw_only=True)
class ApiKeys:
    """The API keys of an organization."""

    api_keys: tuple[ApiKey, ...]


@frozen(kw_only=True)
class CreatedApiKey:
    """An API key that was just made; `key` is the secret, which is never returned again."""

    id: str
    key: Annotated[str, SECRET] = field(repr=hidden)
    name: str | None
    scopes: tuple[Scope, ...]
    created_at: datetime


ScopeName: TypeAlias = Literal[
    "git:read", "git:write", "repo:read", "repo:create", "repo:delete", "webhook:read", "webhook:write", "admin"
]
"""A scope in a request: what an API key may do; `admin` is to manage API keys."""


class CreateApiKeyBody(TypedDict, total=False):
    """An API key to create."""

    name: str
    scopes: Sequence[Scope | ScopeName]
