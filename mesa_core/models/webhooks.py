"""Webhooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, NotRequired, TypedDict

from attrs import field, frozen

from mesa_core.models.common import OpenEnum
from mesa_core.secrets import SECRET, hidden

__all__ = ["CreateWebhookBody", "CreatedWebhook", "Webhook", "WebhookEvent", "Webhooks"]


class WebhookEvent(OpenEnum):
    """What a webhook is told of."""

    PUSH = "push"


@frozen(kw_only=True)
class Webhook:
    """A webhook; `branches` and `globs` are None where it is told of every branch and path."""

    id: str
    url: str
    events: tuple[WebhookEvent, ...]
    branches: tuple[str, ...] | None
    globs: tuple[str, ...] | None
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class CreatedWebhook(Webhook):
    """A webhook that was just made; `secret` signs its deliveries and is never returned again."""

    secret: Annotated[str, SECRET] = field(repr=hidden)


@frozen(kw_only=True)
class Webhooks:
    """The webhooks of a repository."""

    webhooks: tuple[Webhook, ...]


class CreateWebhookBody(TypedDict):
    """A webhook to create; a `secret` is generated when it is empty or left out.

    `branches` and `globs` (of paths) say what it is told of; left out, it is told of everything.
    """

    url: str
    events: NotRequired[Sequence[WebhookEvent | Literal["push"]]]
    branches: NotRequired[Sequence[str]]
    globs: NotRequired[Sequence[str]]
    secret: NotRequired[Annotated[str, SECRET]]
