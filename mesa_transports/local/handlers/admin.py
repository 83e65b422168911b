"""API keys."""

from __future__ import annotations

from werkzeug.wrappers import Response

from mesa_transports.local.bodies.admin import KeyRequest
from mesa_transports.local.call import Call, json_response, success

__all__ = ["create_api_key", "list_api_keys", "revoke_api_key"]


def create_api_key(call: Call) -> Response:
    """Answer `admin.create_api_key`; the secret is in this answer and never again."""
    asked = KeyRequest.read(call.body)
    return json_response(call.services.keys.create(call.org, asked.name, asked.scopes), 201)


def list_api_keys(call: Call) -> Response:
    """Answer `admin.list_api_keys`."""
    return json_response({"api_keys": call.services.keys.list(call.org)})


def revoke_api_key(call: Call) -> Response:
    """Answer `admin.revoke_api_key`; revoking a revoked key changes nothing and succeeds."""
    call.services.keys.revoke(call.org, call.parameters["id"])
    return success()
