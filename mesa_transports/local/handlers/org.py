"""Organizations."""

from __future__ import annotations

from werkzeug.wrappers import Response

from mesa_transports.local.call import Call, json_response

__all__ = ["get"]


def get(call: Call) -> Response:
    """Answer `org.get`."""
    services = call.services
    return json_response(
        {
            "created_at": services.organizations.created_at(call.org),
            "num_repos": services.repositories.count(call.org),
        }
    )
