"""Webhooks."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from attrs import field, frozen

from mesa_core.urls import is_loopback
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
    def read(cls, fields: Fields, root: str) -> WebhookRequest:
        """Read and check a webhook; the Depot at `root` is no listener."""
        events = fields.optional("events", lambda name: fields.texts(name, ("push",)))
        return cls(
            _read_webhook_url(fields, root),
            ["push"] if events is None else list(dict.fromkeys(events)),
            fields.optional("branches", fields.texts),
            fields.optional("globs", fields.texts),
            fields.optional("secret", lambda name: fields.text(name, least=0)) or "",
        )


def _read_webhook_url(fields: Fields, root: str) -> str:
    url, path = fields.text("url"), fields.path("url")
    parts = checked_url(url, path)
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        raise BadRequest(f"{path}: expected an http or https URL with a host, got another string")
    if _is_at(parts, urlsplit(root)):
        raise BadRequest(f"{path}: expected the URL of a listener, got one of the Depot itself")
    return url


def _is_at(parts: SplitResult, own: SplitResult) -> bool:
    """Tell whether a URL leads to our own port, by whatever name this machine has for itself."""
    host, own_host = parts.hostname or "", own.hostname or ""
    same_host = host == own_host or (is_loopback(host) and is_loopback(own_host))
    return same_host and _port(parts) == _port(own)


def _port(parts: SplitResult) -> int:
    return parts.port or {"https": 443}.get(parts.scheme.lower(), 80)
