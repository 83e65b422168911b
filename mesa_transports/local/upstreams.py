"""Upstreams: where a repository is synchronised from, with what credential, and how the last sync went.

A credential goes in and is used, and never comes out in an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen

from mesa_core.urls import origin_of
from mesa_transports.local.bodies.repos import UpstreamRequest
from mesa_transports.local.clock import Clock, instant, parsed_instant
from mesa_transports.local.refusals import Conflict
from mesa_transports.local.repositories import Repository
from mesa_transports.local.store import Store

__all__ = ["Upstream", "Upstreams"]


@frozen
class Upstream:
    """The record of a repository's upstream; `period` is that of its autosync, in seconds."""

    repository: str
    uri: str
    period: int | None
    token: str | None = field(repr=False)
    token_username: str
    last_sync_attempt: str | None
    last_sync_success: str | None
    last_sync_error: str | None

    def shown(self) -> dict[str, Any]:
        """Return it as the contract shows it."""
        return {
            "uri": self.uri,
            "autosync": self.period and {"type": "poll", "period": self.period, "resolution_strategy": "none"},
            "last_sync_attempt": self.last_sync_attempt,
            "last_sync_success": self.last_sync_success,
            "last_sync_error": self.last_sync_error,
            "has_credential": self.token is not None,
            "credential_host": None if self.token is None else host_of(self.uri),
        }


def host_of(uri: str) -> str | None:
    """Return the host of a URL; None for a path."""
    return urlsplit(uri).hostname


def _same_origin(uri: str, other: str) -> bool:
    """Tell whether a credential for one URI may be sent to the other: over another scheme, it could be read."""
    origin = origin_of(uri)
    return uri == other or (origin != "" and origin == origin_of(other))


def _is_due(attempt: str | None, period: int, now: datetime) -> bool:
    last = None if attempt is None else parsed_instant(attempt)
    return last is None or (now - last).total_seconds() >= period


def _nothing() -> None: ...


class Upstreams:
    """The upstreams of a Depot's repositories, and which of them are being synchronised now."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._running: set[str] = set()
        self._running_lock = Lock()
        self.on_period: Callable[[], None] = _nothing
        """Called when there is an upstream to be polled."""

    def find(self, repository: Repository) -> Upstream | None:
        """Return a repository's upstream, or None."""
        row = self._store.row("SELECT * FROM upstreams WHERE repository = ?", repository.id)
        return None if row is None else Upstream(**{key: row[key] for key in row.keys()})  # noqa: SIM118 -- a Row

    def put(self, repository: Repository, asked: UpstreamRequest) -> None:
        """Set or replace an upstream.

        A token that is not mentioned stays while the origin does: it was meant for no other one.
        """
        old = self.find(repository)
        token = asked.token
        if old is not None and not asked.token_given and _same_origin(old.uri, asked.uri):
            token = old.token
        same = old is not None and old.uri == asked.uri
        self._store.change(
            "INSERT INTO upstreams (repository, uri, period, token, token_username) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET uri = excluded.uri, period = excluded.period, token = excluded.token,"
            " token_username = excluded.token_username",
            repository.id, asked.uri, asked.period, token, asked.token_username,
        )  # fmt: skip
        if asked.period is not None:
            self.on_period()
        if not same:
            self._record(repository.id, "last_sync_attempt = NULL, last_sync_success = NULL, last_sync_error = NULL")

    def is_any_polled(self) -> bool:
        """Tell whether there is an upstream to be polled."""
        return self._store.row("SELECT 1 FROM upstreams WHERE period IS NOT NULL LIMIT 1") is not None

    def due(self) -> list[str]:
        """Return the ids of the repositories whose period has passed since the last attempt, or that had none yet."""
        now = self._clock()
        rows = self._store.rows(
            "SELECT repository, period, last_sync_attempt FROM upstreams WHERE period IS NOT NULL"
            " ORDER BY last_sync_attempt"
        )
        return [row["repository"] for row in rows if _is_due(row["last_sync_attempt"], row["period"], now)]

    def remove(self, repository: Repository) -> None:
        """Remove an upstream and its credential."""
        self._store.change("DELETE FROM upstreams WHERE repository = ?", repository.id)

    def is_syncing(self, repository: Repository) -> bool:
        """Tell whether a sync of the repository is running."""
        return repository.id in self._running

    @contextmanager
    def syncing(self, repository: Repository) -> Generator[None]:
        """Mark the repository as being synchronised; Conflict when it is already."""
        with self._running_lock:
            if repository.id in self._running:
                raise Conflict("a sync of this repository is running already")
            self._running.add(repository.id)
        try:
            self._record(repository.id, "last_sync_attempt = ?", instant(self._clock()))
            yield
        finally:
            self._running.discard(repository.id)

    def succeeded(self, repository: Repository) -> None:
        """Record a sync that went well."""
        self._record(repository.id, "last_sync_success = ?, last_sync_error = NULL", instant(self._clock()))

    def failed(self, repository: Repository, message: str) -> None:
        """Record a sync that did not."""
        self._record(repository.id, "last_sync_error = ?", message)

    def _record(self, repository: str, assignments: str, *values: str) -> None:
        self._store.change(f"UPDATE upstreams SET {assignments} WHERE repository = ?", *values, repository)  # noqa: S608 -- the assignments are this module's own
