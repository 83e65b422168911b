"""Webhooks: kept, listed, and told of pushes."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import pygit2

from mesa_transports.local.bodies.webhooks import WebhookRequest
from mesa_transports.local.clock import Clock, instant
from mesa_transports.local.deliveries import Deliveries, Delivery
from mesa_transports.local.git.heads import heads, moves
from mesa_transports.local.identities import Identities
from mesa_transports.local.pushes import Filter, Push
from mesa_transports.local.refusals import NotFound
from mesa_transports.local.repositories import Repository
from mesa_transports.local.store import Row, Store

__all__ = ["Webhooks"]

_logger: Final = logging.getLogger("mesa.local")


class Webhooks:
    """The webhooks of a Depot's repositories."""

    def __init__(self, store: Store, clock: Clock, identities: Identities, deliveries: Deliveries) -> None:
        self._store = store
        self._clock = clock
        self._identities = identities
        self._deliveries = deliveries

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

    @contextmanager
    def told(self, repository: Repository, git: pygit2.Repository, root: str) -> Generator[None]:
        """Tell a repository's webhooks of the branches that move inside; the caller holds the repository's lock.

        Nothing that goes wrong with that is the caller's concern: it is logged.
        """
        hooks = self._store.rows("SELECT id, branches, globs FROM webhooks WHERE repository = ?", repository.id)
        if not hooks:
            yield
            return
        before = heads(git)
        try:
            yield
        finally:
            try:
                self._queue(hooks, repository, git, root, before)
            except Exception:
                _logger.exception("webhooks of %s/%s: a push could not be told", repository.org, repository.name)

    def _queue(
        self, hooks: Sequence[Row], repository: Repository, git: pygit2.Repository, root: str, before: Mapping[str, str]
    ) -> None:
        now = instant(self._clock())
        url = f"{root}/{repository.org}/{repository.name}"
        for move in moves(before, heads(git)):
            push = Push(repository, Path(git.path), url, move, before, now)
            for hook in hooks:
                wanted = Filter(_unpacked(hook["branches"]), _unpacked(hook["globs"]))
                if wanted.wants(move):
                    self._deliveries.add(hook["id"], partial(self._prepared, hook["id"], push, wanted))

    def _prepared(self, identifier: str, push: Push, wanted: Filter) -> Delivery | None:
        row = self._store.row("SELECT url, secret FROM webhooks WHERE id = ?", identifier)
        if row is None:
            return None  # deleted meanwhile
        try:
            body = push.body(wanted)
        except (pygit2.GitError, KeyError):
            return None  # so was the repository
        return None if body is None else Delivery(identifier, row["url"], row["secret"], body)


def _packed(texts: list[str] | None) -> str | None:
    return None if texts is None else json.dumps(texts)


def _unpacked(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(json.loads(text))


def _shown(row: Row) -> dict[str, Any]:
    lists = {name: row[name] and json.loads(row[name]) for name in ("events", "branches", "globs")}
    return {name: row[name] for name in ("id", "url", "created_at", "updated_at")} | lists
