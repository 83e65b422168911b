"""The order of commits: newest first by committer date, as `git log` has it, and never a parent before its child.

A commit counts as no older than its newest ancestor, so a clock that was wrong cannot put it below one. Among
commits of one second the longer chain of them comes first; those that even this leaves equal come in the
order in which a walk meets them. A commit's rank follows from its ancestors alone, so the commits that a
walk has met and not yet shown, its frontier, are all that it takes to go on.
"""

from __future__ import annotations

from bisect import insort_left
from collections.abc import Iterator, Sequence

import pygit2

from mesa_transports.local.history_index import HistoryIndex, Rank, is_landmark

__all__ = ["Walk", "read_commit"]


class Walk:
    """The commits that a frontier can reach, the frontier included; it is given newest first."""

    def __init__(self, repository: pygit2.Repository, index: HistoryIndex, frontier: Sequence[pygit2.Oid]) -> None:
        self._repository = repository
        self._ranks = _Ranks(repository, index)
        self._queue = list(reversed(frontier))
        self._queued = set(frontier)

    @property
    def frontier(self) -> list[pygit2.Oid]:
        """Where another walk can go on; empty when there is nothing left."""
        return self._queue[::-1]

    def __iter__(self) -> Iterator[pygit2.Commit]:
        while self._queue:
            commit = read_commit(self._repository, self._queue.pop())
            self._queued.remove(commit.id)
            for parent in commit.parent_ids:
                if parent not in self._queued:
                    self._queued.add(parent)
                    self._push(parent)
            yield commit

    def keep(self) -> None:
        """Let the index have what was learnt."""
        self._ranks.keep()

    def _push(self, commit: pygit2.Oid) -> None:
        if self._queue:
            insort_left(self._queue, commit, key=self._ranks.rank)
        else:
            # Alone it needs no rank, so a history without merges is not read beyond the page.
            self._queue.append(commit)


class _Ranks:
    """The ranks of commits, found by reading down to landmarks."""

    def __init__(self, repository: pygit2.Repository, index: HistoryIndex) -> None:
        self._repository = repository
        self._index = index
        self._known: dict[pygit2.Oid, Rank] = {}
        self._new: dict[pygit2.Oid, Rank] = {}

    def rank(self, commit: pygit2.Oid) -> Rank:
        """Return a commit's rank, which is higher than that of each parent."""
        pending = [commit]
        read: dict[pygit2.Oid, tuple[int, list[pygit2.Oid]]] = {}
        while pending:
            sha = pending[-1]
            if self._is_known(sha):
                pending.pop()
            elif sha in read:
                self._learn(sha, *read.pop(sha))
            else:
                found = read_commit(self._repository, sha)
                read[sha] = found.commit_time, found.parent_ids
                pending += found.parent_ids
        return self._known[commit]

    def keep(self) -> None:
        """Let the index have the ranks of landmarks that were not in it."""
        self._index.add_ranks(self._new)

    def _is_known(self, commit: pygit2.Oid) -> bool:
        if commit not in self._known and is_landmark(commit):
            rank = self._index.rank(commit)
            if rank is not None:
                self._known[commit] = rank
        return commit in self._known

    def _learn(self, commit: pygit2.Oid, time: int, parents: Sequence[pygit2.Oid]) -> None:
        newest, level = max((self._known[parent] for parent in parents), default=(time - 1, 0))
        self._known[commit] = (time, 0) if time > newest else (newest, level + 1)
        if is_landmark(commit):
            self._new[commit] = self._known[commit]


def read_commit(repository: pygit2.Repository, sha: pygit2.Oid) -> pygit2.Commit:
    """Return a commit by its full sha."""
    return repository[sha].peel(pygit2.Commit)
