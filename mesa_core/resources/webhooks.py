"""Webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint
from mesa_core.http import HeaderTypes
from mesa_core.models.common import Success
from mesa_core.models.events import Event
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
    """List, create and delete the webhooks of a repository, and verify what they deliver."""

    __slots__ = ()

    @operation
    def list(self, *, org: str, repo: str, request_options: RequestOptions | None = None) -> Operation[WebhookList]:
        """List webhooks, without their secrets.

        `GET /{org}/{repo}/webhooks`, scope `webhook:read`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository.
        """
        return _LIST(path={"org": org, "repo": repo}, options=request_options)

    @operation
    def create(
        self, *, org: str, repo: str, body: CreateWebhookBody, request_options: RequestOptions | None = None
    ) -> Operation[CreatedWebhook]:
        """Create a webhook; `secret` of the result signs its deliveries and is never returned again.

        `POST /{org}/{repo}/webhooks`, scope `webhook:write`.

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

        `DELETE /{org}/{repo}/webhooks/{webhookId}`, scope `webhook:write`.

        Args:
            org: The organization's name.
            repo: The repository's name.
            webhook_id: The webhook's `id`, which its creation and `list` tell.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such repository or webhook.
        """
        return _DELETE(path={"org": org, "repo": repo, "webhookId": webhook_id}, options=request_options)

    def verify(
        self, body: bytes, headers: HeaderTypes, *, secret: str | Sequence[str], tolerance: float = 300
    ) -> Event:
        """Return what a delivery tells, once it is certain that the server sent it just now. Sends nothing.

        Args:
            body: The request's body as it came, to the byte: JSON that was read and written again is another.
            headers: All headers of the request, as a mapping or pairs; their case does not count.
            secret: The `secret` that the webhook was created with, or several, as while one takes another's place.
            tolerance: Seconds that the time of its signature may be off, so that nobody can send it again later.

        Raises:
            WebhookSignatureError: it is not signed, not by one of the secrets, or not just now.
            EventValidationError: it is genuine, and does not have the documented shape.
            InvalidRequest: an argument is not what it must be; `field` says which.
        """
        from mesa_core.deliveries import verify_delivery  # noqa: PLC0415 - few clients receive any

        return verify_delivery(body, headers, secret=secret, now=self.world.clock.time(), tolerance=tolerance)
