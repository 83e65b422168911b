"""Webhooks."""

from __future__ import annotations

from mesa_core.bodies import encode
from mesa_core.converter import Json
from mesa_core.models.common import Success
from mesa_core.models.webhooks import CreatedWebhook, CreateWebhookBody
from mesa_core.models.webhooks import Webhooks as WebhookList
from mesa_core.operations import Operation, Resource, W_co, operation
from mesa_core.options import RequestOptions

__all__ = ["Webhooks"]


class Webhooks(Resource[W_co]):
    """List, create and delete the webhooks of a repository."""

    __slots__ = ()

    @operation
    def list(self, *, org: str, repo: str, request_options: RequestOptions | None = None) -> Operation[WebhookList]:
        """List webhooks, without their secrets.

        Raises:
            NotFound: there is no such repository.
        """
        return Operation(
            name="webhooks.list",
            method="GET",
            template="/{org}/{repo}/webhooks",
            path={"org": org, "repo": repo},
            decode=Json[WebhookList](WebhookList),
            options=request_options,
        )

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
        return Operation(
            name="webhooks.create",
            method="POST",
            template="/{org}/{repo}/webhooks",
            path={"org": org, "repo": repo},
            body=encode(body, CreateWebhookBody),
            decode=Json[CreatedWebhook](CreatedWebhook),
            options=request_options,
        )

    @operation
    def delete(
        self, *, org: str, repo: str, webhook_id: str, request_options: RequestOptions | None = None
    ) -> Operation[Success]:
        """Delete a webhook.

        Raises:
            NotFound: there is no such repository or webhook.
        """
        return Operation(
            name="webhooks.delete",
            method="DELETE",
            template="/{org}/{repo}/webhooks/{webhookId}",
            path={"org": org, "repo": repo, "webhookId": webhook_id},
            decode=Json[Success](Success),
            options=request_options,
        )
