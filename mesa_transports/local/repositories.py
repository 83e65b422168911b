"""Repositories: their records, their directories and the lock of each.

A directory is named by the repository's id, so neither renaming nor odd names touch the disk.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from attrs import frozen

from mesa_transports.local.clock import Clock, instant
from mesa_transports.local.git.repository import init_repository
from mesa_transports.local.identities import Identities
from mesa_transports.local.refusals import Conflict, NotFound
from mesa_transports.local.store import Row, Store

__all__ = ["Repositories", "Repository"]


@frozen
class Repository:
    """The record of a repository."""

    sequence: int
    id: str
    org: str
    name: str
    default_branch: str
    created_at: str


class Repositories:
    """The repositories of a Depot."""

    def __init__(self, store: Store, directory: Path, clock: Clock, identities: Identities) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._identities = identities
        self._locks: dict[str, RLock] = {}

    @contextmanager
    def created(self, org: str, name: str, default_branch: str) -> Generator[Repository]:
        """Make an empty repository, with what is written inside, or nothing at all; Conflict when the name is taken."""
        identifier = self._identities.new("repo")
        try:
            # First the directory, then the record: what is listed can be opened, whenever the process dies.
            init_repository(self._path(identifier), default_branch)
            with self._store.transaction():
                self._insert(identifier, org, name, default_branch)
                yield self.find(org, name)
        except BaseException:
            shutil.rmtree(self._path(identifier), ignore_errors=True)
            raise

    def _insert(self, identifier: str, org: str, name: str, default_branch: str) -> None:
        try:
            self._store.change(
                "INSERT INTO repositories (id, org, name, default_branch, created_at) VALUES (?, ?, ?, ?, ?)",
                identifier, org, name, default_branch, instant(self._clock()),
            )  # fmt: skip
        except sqlite3.IntegrityError:
            raise _taken(name) from None

    def find(self, org: str, name: str) -> Repository:
        """Return a repository by name; NotFound when there is none."""
        row = self._store.row("SELECT * FROM repositories WHERE org = ? AND name = ?", org, name)
        if row is None:
            raise NotFound("Repository not found")
        return _repository(row)

    def current(self, repository: Repository) -> Repository:
        """Return the record as it is now; NotFound when the repository was deleted."""
        return self.by_id(repository.id)

    def by_id(self, identifier: str) -> Repository:
        """Return a repository by its id; NotFound when there is none."""
        row = self._store.row("SELECT * FROM repositories WHERE id = ?", identifier)
        if row is None:
            raise NotFound("Repository not found")
        return _repository(row)

    def after(self, org: str, sequence: int, limit: int) -> list[Repository]:
        """Return up to `limit` repositories made after the one of this sequence number, oldest first."""
        rows = self._store.rows(
            "SELECT * FROM repositories WHERE org = ? AND sequence > ? ORDER BY sequence LIMIT ?", org, sequence, limit
        )
        return [_repository(row) for row in rows]

    def count(self, org: str) -> int:
        """Return how many repositories an organization has."""
        (row,) = self._store.rows("SELECT count(*) AS number FROM repositories WHERE org = ?", org)
        return int(row["number"])

    def change(self, repository: Repository, name: str, default_branch: str) -> Repository:
        """Write a new name and default branch; Conflict when the name is taken."""
        try:
            self._store.change(
                "UPDATE repositories SET name = ?, default_branch = ? WHERE id = ?", name, default_branch, repository.id
            )
        except sqlite3.IntegrityError:
            raise _taken(name) from None
        return self.current(repository)

    def delete(self, repository: Repository) -> None:
        """Delete a repository and all that it holds."""
        with self.lock(repository):
            self._store.change("DELETE FROM repositories WHERE id = ?", repository.id)
            shutil.rmtree(self.path(repository), ignore_errors=True)
        self._locks.pop(repository.id, None)

    def path(self, repository: Repository) -> Path:
        """Return the repository's bare git directory."""
        return self._path(repository.id)

    def lock(self, repository: Repository) -> RLock:
        """Return the lock that every change of the repository holds."""
        return self._locks.setdefault(repository.id, RLock())

    def _path(self, identifier: str) -> Path:
        return self._directory / f"{identifier}.git"


def _repository(row: Row) -> Repository:
    return Repository(**{key: row[key] for key in row.keys()})  # noqa: SIM118 -- iterating a Row gives its values


def _taken(name: str) -> Conflict:
    return Conflict(f"a repository named {name!r} exists already")
