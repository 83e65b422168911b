"""Syncs: a repository brought up to its upstream, when somebody asks for it or when its time has come."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from threading import Event, Lock, Thread
from typing import Final

from mesa_transports.local.git import sync as git_sync
from mesa_transports.local.git.repository import open_repository
from mesa_transports.local.refusals import BadRequest, Conflict, NotFound, NoUpstream, Refusal
from mesa_transports.local.repositories import Repository
from mesa_transports.local.services import Services

__all__ = ["Autosync", "sync"]

_logger: Final = logging.getLogger("mesa.local")
_LOOK: Final = 1.0
"""Seconds between looks at the Depot's clock, which need not run as this machine's does."""


def sync(services: Services, repository: Repository, root: str) -> None:
    """Bring a repository up to its upstream; what came of it is kept with the upstream.

    Raises:
        NoUpstream: it has none.
        Conflict: a sync of it is running, or branches have diverged; those that have not, moved.
        BadRequest: git could not fetch.
    """
    upstream = services.upstreams.find(repository)
    if upstream is None:
        raise NoUpstream("the repository has no upstream to sync from")
    source = git_sync.Source(upstream.uri, upstream.token, upstream.token_username)
    with services.upstreams.syncing(repository):
        refused: type[BadRequest | Conflict] = BadRequest
        try:
            git_sync.fetch(services.repositories.path(repository), source, services.sync_timeout)
            refused = Conflict
            with services.repositories.lock(repository):
                git = open_repository(services.repositories.path(repository))
                with services.webhooks.told(repository, git, root):
                    git_sync.fast_forward(git)
        except git_sync.SyncFailed as error:
            services.upstreams.failed(repository, str(error))
            raise refused(f"sync failed: {error}") from None
        services.upstreams.succeeded(repository)


class Autosync:
    """Syncs the repositories whose upstream is to be polled, each when its period has passed since the last attempt.

    Args:
        services: Those of the Depot.
        inside: Keeps the Depot open while a sync runs; raises when it is closed.
        root: Returns the URL that the API is mounted at.
    """

    def __init__(
        self, services: Services, inside: Callable[[], AbstractContextManager[None]], root: Callable[[], str]
    ) -> None:
        self._services = services
        self._inside = inside
        self._root = root
        self._process = 0
        self._ended = Event()
        self._running = Lock()

    def watch(self) -> None:
        """Look from now on, in a thread, whether a sync is due; a second call does nothing more."""
        if self._process != os.getpid():  # a forked child has no thread of its parent's
            self._process = os.getpid()
            Thread(target=self._work, name="mesa-autosync", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._ended.set()

    def run_due(self) -> None:
        """Sync what is due by the Depot's clock, one after the other; what is being synced already is waited for."""
        with self._running:
            with self._inside():
                due = self._services.upstreams.due()
            for identifier in due:
                with self._inside(), suppress(NotFound):
                    self._run(self._services.repositories.by_id(identifier))

    def _run(self, repository: Repository) -> None:
        try:
            sync(self._services, repository, self._root())
        except Refusal as refusal:  # kept with the upstream, too
            _logger.warning("autosync of %s/%s: %s", repository.org, repository.name, refusal.message)

    def _work(self) -> None:
        while not self._ended.wait(_LOOK):
            try:
                self.run_due()
            except Exception:
                if not self._ended.is_set():
                    _logger.exception("autosync failed")
