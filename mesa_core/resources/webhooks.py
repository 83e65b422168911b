"""Webhooks."""

from __future__ import annotations

from typing import Final

from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint
from mesa_core.models.common import Success
from mesa_core.models.webhooks import CreatedWebhook, CreateWebhookBody
from mesa_core.models.webhooks import Webhooks as WebhookList
from mesa_core.operations import Operation, Resource, W_co, operation
from mesa_core.options import RequestOptions

__all__ = ["Webhooks"]

_LIST: Final[Endpoint[WebhookList]] = Endpoint(
    name="webhooks.list", method="GET", template="/{org}/{repo}/webhooks", decode=Json(WebhookList)
)
_CREATE: Final[Endpoint[CreatedWebhook]] = Endpoint(
    name="webhooks.create",
    method="POST",
    template="/{org}/{repo}/webhooks",
    body=CreateWebhookBody,
    decode=Json(CreatedWebhook),
)
_DELETE: Final[Endpoint[Success]] = Endpoint(
    name="webhooks.delete", method="DELETE", template="/{org}/{repo}/webhooks/{webhookId}", decode=Json(Success)
)


class Webhooks(Resource[W_co]):
    """List, create and delete the webhooks of a repository."""

    __slots__ = ()

    @operation
    def list(self, *, org: str, repo: str, request_options: RequestOptions | None = None) -> Operation[WebhookList]:
        """List webhooks, without their secrets.

        Raises:
            NotFound: there is no such repository.
        """
        return _LIST(path={"org": org, "repo": repo}, options=request_options)

    @operation
    def create(
        self, *, org: str, repo: str, body: CreateWebhookBody, request_options: RequestOptions | None = None
    ) -> Operation[CreatedWebhook]:
        """Create a webhook; `secret` of the result signs its deliveries and is never returned again.

        Args:
            org: The organization's name.
            repo: The repository's name.
            body: `url`, and optionally `events`, `branches`, `globs` and `secret`.
            request_options: Options for this call alone.

        Raises:
            BadRequest: the URL is not allowed.
            NotFound: there is no such repository.
        """
        return _CREATE(path={"org": org, "repo": repo}, body=body, options=request_options)

    @operation
    def delete(
        self, *, org: str, repo: str, webhook_id: str, request_options: RequestOptions | None = None
    ) -> Operation[Success]:
        """Delete a webhook.

        Raises:
            NotFound: there is no such repository or webhook.
        """
        return _DELETE(path={"org": org, "repo": repo, "webhookId": webhook_id}, options=request_options)
