"""What a webhook delivers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from attrs import field, frozen

from mesa_core.models.common import Person

__all__ = ["Event", "PushEvent", "PushedCommit", "PushedRepository", "UnknownEvent"]


@frozen(kw_only=True)
class PushedRepository:
    """The repository that was pushed to."""

    id: str
    org: str
    name: str
    url: str


@frozen(kw_only=True)
class PushedCommit:
    """A commit that a branch gained; `author` is None where the server knows of none."""

    id: str
    sha: str
    message: str
    author: Person | None


@frozen(kw_only=True)
class PushEvent:
    """A branch was created, moved or deleted, by a push or by the API.

    `before` and `after` are the shas that it pointed to: 40 zeros before it was created, and after it was deleted.
    """

    event: str
    repository: PushedRepository
    ref: str
    """The branch's full name, such as "refs/heads/main"."""
    branch: str
    before: str
    after: str
    commits: tuple[PushedCommit, ...]
    pushed_at: datetime


@frozen(kw_only=True)
class UnknownEvent:
    """An event of a kind that this version of the SDK does not know."""

    event: str
    raw: Mapping[str, Any] = field(repr=lambda raw: f"<{len(raw)} members>")
    """All that was delivered, as JSON. `Any`: JSON of any shape."""


Event: TypeAlias = PushEvent | UnknownEvent
"""What a webhook may deliver; `UnknownEvent` is of a kind that came after this release."""
