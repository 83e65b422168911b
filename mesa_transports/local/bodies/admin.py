"""API keys."""

from __future__ import annotations

from attrs import frozen

from mesa_transports.local.fields import Fields
from mesa_transports.local.keys import DEFAULT_SCOPES, SCOPES

__all__ = ["KeyRequest"]


@frozen
class KeyRequest:
    """A key to make."""

    name: str | None
    scopes: list[str]

    @classmethod
    def read(cls, fields: Fields) -> KeyRequest:
        """Read and check a key to make."""
        scopes = fields.optional("scopes", lambda name: fields.texts(name, SCOPES))
        return cls(fields.optional("name", fields.text), list(DEFAULT_SCOPES) if scopes is None else scopes)
