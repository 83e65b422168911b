"""Webhooks."""

from __future__ import annotations

from werkzeug.wrappers import Response

from mesa_transports.local.bodies.webhooks import WebhookRequest
from mesa_transports.local.call import Call, json_response, success

__all__ = ["create", "delete", "list_"]


def list_(call: Call) -> Response:
    """Answer `webhooks.list`."""
    return json_response({"webhooks": call.services.webhooks.list(call.repository)})


def create(call: Call) -> Response:
    """Answer `webhooks.create`; the secret is in this answer and never again."""
    repository, asked = call.repository, WebhookRequest.read(call.body, call.root)
    return json_response(call.services.webhooks.create(repository, asked), 201)


def delete(call: Call) -> Response:
    """Answer `webhooks.delete`."""
    call.services.webhooks.delete(call.repository, call.parameters["webhook_id"])
    return success()
