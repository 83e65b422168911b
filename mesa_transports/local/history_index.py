"""What is known of a repository's landmarks: one commit in 64, picked by its sha.

Whatever walks a history stops at them, so no walk grows with the history once it has been walked. All
that is kept follows from a commit's sha alone: it never goes stale, and any of it may be lost.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

import pygit2

from mesa_transports.local.repositories import Repository
from mesa_transports.local.store import Store

__all__ = ["Change", "HistoryIndex", "Rank", "is_landmark"]

Rank: TypeAlias = tuple[int, int]
"""Where a commit stands among others: a time, and a level among those of that time; higher is newer."""

Change: TypeAlias = int | pygit2.Oid
"""When a path last changed, in seconds since 1970; or the commit in which to go on looking for that."""

_FEWEST: Final = 4  # of the 256 values of a first byte


def is_landmark(commit: pygit2.Oid) -> bool:
    """Tell whether a commit is a landmark."""
    return commit.raw[0] < _FEWEST


class HistoryIndex:
    """The landmarks of one repository, kept in the Depot's database."""

    def __init__(self, store: Store, repository: Repository) -> None:
        self._store = store
        self._repository = repository.sequence

    def rank(self, commit: pygit2.Oid) -> Rank | None:
        """Return a landmark's rank, or None when it is not known."""
        row = self._store.row(
            "SELECT time, level FROM commit_ranks WHERE repository = ? AND commit_sha = ?",
            self._repository, str(commit),
        )  # fmt: skip
        return None if row is None else (row["time"], row["level"])

    def add_ranks(self, ranks: Mapping[pygit2.Oid, Rank]) -> None:
        """Keep the ranks of landmarks."""
        rows = [(str(commit), *rank) for commit, rank in ranks.items()]
        self._add("commit_ranks", rows, self._repository)

    def changes(self, commit: pygit2.Oid, paths: Iterable[bytes]) -> dict[bytes, Change]:
        """Return what is known, seen from a commit, of the last changes of paths."""
        here = "FROM last_changes WHERE repository = ? AND commit_sha = ?"
        # Few landmarks are known when a walk is the first, and there may be many paths.
        if self._store.row(f"SELECT 1 {here} LIMIT 1", self._repository, str(commit)) is None:
            return {}
        rows = self._store.rows(
            f"SELECT path, time, reached {here} AND path IN (SELECT value FROM json_each(?))",  # noqa: S608 -- no input
            self._repository, str(commit), json.dumps([_text(path) for path in paths]),
        )  # fmt: skip
        return {
            row["path"].encode("latin-1"): row["time"] if row["reached"] is None else pygit2.Oid(hex=row["reached"])
            for row in rows
        }

    def add_changes(self, commit: pygit2.Oid, changes: Mapping[bytes, Change]) -> None:
        """Keep what was found of the last changes of paths, as seen from a commit."""
        rows = [
            (_text(path), change, None) if isinstance(change, int) else (_text(path), None, str(change))
            for path, change in changes.items()
        ]
        self._add("last_changes", rows, self._repository, str(commit))

    def _add(self, table: str, rows: Sequence[tuple[str | int | None, ...]], *first: str | int) -> None:
        """Add rows, whose columns follow `first`."""
        if not rows:
            return
        columns = [*("?" for _ in first), *(f"json_extract(value, '$[{number}]')" for number in range(len(rows[0])))]
        statement = f"INSERT OR REPLACE INTO {table} SELECT {', '.join(columns)} FROM json_each(?)"  # noqa: S608 -- no input
        # A reader gets its answer also where the disk is full, or another process writes.
        with suppress(sqlite3.OperationalError):
            self._store.change(statement, *first, json.dumps(rows))


def _text(path: bytes) -> str:
    """Return any bytes as text that SQLite and JSON can hold."""
    return path.decode("latin-1")
