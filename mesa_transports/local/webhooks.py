"""Webhooks: kept and listed. They are not delivered yet."""

from __future__ import annotations

import json
from typing import Any

from mesa_transports.local.bodies.webhooks import WebhookRequest
from mesa_transports.local.clock import Clock, instant
from mesa_transports.local.identities import Identities
from mesa_transports.local.refusals import NotFound
from mesa_transports.local.repositories import Repository
from mesa_transports.local.store import Row, Store

__all__ = ["Webhooks"]


class Webhooks:
    """The webhooks of a Depot's repositories."""

    def __init__(self, store: Store, clock: Clock, identities: Identities) -> None:
        self._store = store
        self._clock = clock
        self._identities = identities

    def create(self, repository: Repository, asked: WebhookRequest) -> dict[str, Any]:
        """Keep a webhook and return it, with its secret, as the contract shows it."""
        identifier = self._identities.new("wh")
        now = instant(self._clock())
        self._store.change(
            "INSERT INTO webhooks (id, repository, url, events, branches, globs, secret, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            identifier, repository.id, asked.url, json.dumps(asked.events), _packed(asked.branches),
            _packed(asked.globs), asked.secret or self._identities.secret("whsec"), now, now,
        )  # fmt: skip
        (row,) = self._store.rows("SELECT * FROM webhooks WHERE id = ?", identifier)
        return _shown(row) | {"secret": row["secret"]}

    def list(self, repository: Repository) -> list[dict[str, Any]]:
        """Return a repository's webhooks, oldest first, without their secrets."""
        rows = self._store.rows("SELECT * FROM webhooks WHERE repository = ? ORDER BY sequence", repository.id)
        return [_shown(row) for row in rows]

    def delete(self, repository: Repository, identifier: str) -> None:
        """Delete a webhook; NotFound when the repository has none of this id."""
        if not self._store.change("DELETE FROM webhooks WHERE repository = ? AND id = ?", repository.id, identifier):
            raise NotFound("Webhook not found")


def _packed(texts: list[str] | None) -> str | None:
    return None if texts is None else json.dumps(texts)


def _shown(row: Row) -> dict[str, Any]:
    lists = {name: row[name] and json.loads(row[name]) for name in ("events", "branches", "globs")}
    return {name: row[name] for name in ("id", "url", "created_at", "updated_at")} | lists
