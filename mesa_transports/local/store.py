"""SQLite: what the Depot keeps besides git, in one file and through one connection.

It knows tables and transactions, not what the rows mean.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Final, TypeAlias

__all__ = ["Row", "Store", "Value"]

Value: TypeAlias = str | int | None
Row: TypeAlias = sqlite3.Row

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS organizations (name TEXT PRIMARY KEY, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS api_keys (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, org TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
    name TEXT, scopes TEXT NOT NULL, created_at TEXT NOT NULL, last_used_at TEXT, expires_at TEXT, revoked_at TEXT);
CREATE TABLE IF NOT EXISTS repositories (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, org TEXT NOT NULL, name TEXT NOT NULL,
    default_branch TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (org, name));
CREATE TABLE IF NOT EXISTS upstreams (
    repository TEXT PRIMARY KEY REFERENCES repositories (id) ON DELETE CASCADE, uri TEXT NOT NULL, period INTEGER,
    token TEXT, token_username TEXT NOT NULL, last_sync_attempt TEXT, last_sync_success TEXT, last_sync_error TEXT);
CREATE TABLE IF NOT EXISTS webhooks (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    repository TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE, url TEXT NOT NULL, events TEXT NOT NULL,
    branches TEXT, globs TEXT, secret TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS commit_ranks (
    repository INTEGER NOT NULL REFERENCES repositories (sequence) ON DELETE CASCADE, commit_sha TEXT NOT NULL,
    time INTEGER NOT NULL, level INTEGER NOT NULL, PRIMARY KEY (repository, commit_sha)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS last_changes (
    repository INTEGER NOT NULL REFERENCES repositories (sequence) ON DELETE CASCADE, commit_sha TEXT NOT NULL,
    path TEXT NOT NULL, time INTEGER, reached TEXT, PRIMARY KEY (repository, commit_sha, path)) WITHOUT ROWID;
"""


class Store:
    """The Depot's database; safe to share among threads, which take turns."""

    def __init__(self, path: Path) -> None:
        # It holds upstream tokens and webhook secrets, so nobody else may read it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._lock = RLock()
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        try:
            # What is deleted may be a secret, so it is overwritten.
            for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error:  # the file is no database, or a locked one
            self._connection.close()
            raise

    def rows(self, statement: str, *values: Value) -> list[Row]:
        """Return all rows of a query."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Value) -> Row | None:
        """Return the first row of a query, or None."""
        return next(iter(self.rows(statement, *values)), None)

    def change(self, statement: str, *values: Value) -> int:
        """Run a statement that changes rows and return how many it changed."""
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Make the changes inside land together or not at all."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # On a full disk SQLite may have rolled back by itself, or have failed to commit.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def setting(self, name: str, make: Callable[[], str]) -> str:
        """Return a setting, made when it is asked for the first time."""
        self.change("INSERT OR IGNORE INTO settings VALUES (?, ?)", name, make())
        (row,) = self.rows("SELECT value FROM settings WHERE name = ?", name)
        return str(row["value"])

    def counted(self, name: str) -> int:
        """Return how often this was asked for, this time included."""
        (row,) = self.rows(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET number = number + 1 RETURNING number", name
        )
        return int(row["number"])

    def copy(self) -> sqlite3.Connection:
        """Return a copy of the database as it is now, in memory."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with self._lock:
            self._connection.backup(copy)
        return copy

    def restore(self, copy: sqlite3.Connection) -> None:
        """Make the database what a copy of it is."""
        with self._lock:
            copy.backup(self._connection)

    def close(self) -> None:
        """Close the database; a second call does nothing."""
        with self._lock:
            self._connection.close()
