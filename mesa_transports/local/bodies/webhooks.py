"""Webhooks."""

from __future__ import annotations

from attrs import field, frozen

from mesa_transports.local.bodies.urls import checked_url
from mesa_transports.local.fields import Fields
from mesa_transports.local.refusals import BadRequest

__all__ = ["WebhookRequest"]


@frozen
class WebhookRequest:
    """A webhook to keep; an empty secret asks for a new one."""

    url: str
    events: list[str]
    branches: list[str] | None
    globs: list[str] | None
    secret: str = field(repr=False)

    @classmethod
    def read(cls, fields: Fields) -> WebhookRequest:
        """Read and check a webhook."""
        events = fields.optional("events", lambda name: fields.texts(name, ("push",)))
        return cls(
            _read_webhook_url(fields),
            ["push"] if events is None else list(dict.fromkeys(events)),
            fields.optional("branches", fields.texts),
            fields.optional("globs", fields.texts),
            fields.optional("secret", lambda name: fields.text(name, least=0)) or "",
        )


def _read_webhook_url(fields: Fields) -> str:
    url, path = fields.text("url"), fields.path("url")
    parts = checked_url(url, path)
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        raise BadRequest(f"{path}: expected an http or https URL with a host, got another string")
    return url
