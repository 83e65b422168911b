"""When a path last changed, as `git log -1 -- path` tells it, for many paths in one walk.

The rule for merges is git's: a path that a merge has from a parent was not changed by it, and only the history
of the first such parent counts. So each path has one way down from `head`, which ends where it last changed.

A walk is bounded. What it has learnt is kept at the first landmark that each path has passed, so that the
next walk ends there, or goes on from where this one had to stop.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

import pygit2
from pygit2.enums import FileMode

from mesa_transports.local.git.order import read_commit
from mesa_transports.local.history_index import Change, HistoryIndex, is_landmark

__all__ = ["Times", "last_changes"]

Times: TypeAlias = Mapping[bytes, int]
_MOST_COMMITS: Final = 10_000
_MOST_ENTRIES: Final = 1_000_000
"""How many commits, and entries of trees, one walk looks at."""

_ENTRY: Final = re.compile(rb"[0-7]+ [^\0]+\0.{20}", re.DOTALL)
_SHA_LENGTH: Final = 20


def last_changes(
    repository: pygit2.Repository, index: HistoryIndex, head: pygit2.Commit, paths: Iterable[bytes]
) -> Times:
    """Return when each path last changed before or in `head`, in seconds since 1970; those not reached are left out."""
    search = _Search(repository, index, head, paths)
    search.run()
    search.keep()
    return search.found


class _Paths:
    """Paths by directory: the names in each, for every directory on the way to one."""

    def __init__(self, paths: Iterable[bytes]) -> None:
        self.names: dict[bytes, set[bytes]] = {b"": set()}
        self._count = 0
        for path in paths:
            self.add(path)

    def add(self, path: bytes) -> None:
        directory, name = _split(path)
        self._count += 1
        if directory in self.names:
            self.names[directory].add(name)
            return
        self.names[directory] = {name}
        while directory:
            directory = directory[: directory.rfind(b"/", 0, -1) + 1]
            self.names.setdefault(directory, set())

    def remove(self, path: bytes) -> None:
        directory, name = _split(path)
        self.names[directory].remove(name)
        self._count -= 1

    def __iter__(self) -> Iterator[bytes]:
        return (directory + name for directory, names in self.names.items() for name in names)

    def __len__(self) -> int:
        return self._count


def _split(path: bytes) -> tuple[bytes, bytes]:
    """Return a path's directory, which ends in a slash unless it is the root, and the name in it."""
    start = path.rfind(b"/") + 1
    return path[:start], path[start:]


class _Search:
    """One walk: `found` holds the paths that it is done with, `_pending` where the others have got to."""

    def __init__(
        self, repository: pygit2.Repository, index: HistoryIndex, head: pygit2.Commit, paths: Iterable[bytes]
    ) -> None:
        self.found: dict[bytes, int] = {}
        self._repository = repository
        self._index = index
        self._head = head.id
        self._pending: dict[pygit2.Oid, _Paths] = {}
        self._queue: list[tuple[int, str, pygit2.Commit]] = []
        self._landmarks: dict[bytes, pygit2.Oid] = {}
        self._entries = lru_cache(maxsize=64)(self._read_entries)
        self._entries_read = 0
        self._move(head, _Paths(paths))

    def run(self) -> None:
        """Walk until every path is found, or the bound is reached."""
        steps = 0
        while self._queue and steps < _MOST_COMMITS and self._entries_read < _MOST_ENTRIES:
            commit = heapq.heappop(self._queue)[2]
            paths = self._pending.pop(commit.id)
            if is_landmark(commit.id) or commit.id == self._head:
                self._look_up(commit.id, paths)
            if paths:
                self._step(commit, paths)
                steps += 1

    def keep(self) -> None:
        """Let the index have what was found and where the rest has got to."""
        changes: dict[bytes, Change] = {path: sha for sha, paths in self._pending.items() for path in paths}
        # A walk that had to stop must never be repeated in full, even where it passed no landmark.
        places = dict.fromkeys([*changes, *self.found], self._head) if changes else {}
        changes.update(self.found)
        noted: dict[pygit2.Oid, dict[bytes, Change]] = {}
        for path, place in (places | self._landmarks).items():
            noted.setdefault(place, {})[path] = changes[path]
        for place, seen in noted.items():
            self._index.add_changes(place, seen)

    def _move(self, commit: pygit2.Commit, paths: _Paths) -> None:
        """Let paths go on from a commit."""
        there = self._pending.setdefault(commit.id, paths)
        if there is paths:
            heapq.heappush(self._queue, (-commit.commit_time, str(commit.id), commit))
        else:
            for path in paths:
                there.add(path)

    def _look_up(self, commit: pygit2.Oid, paths: _Paths) -> None:
        """Take what the index has of paths at a commit; note the commit for those whose end it does not have."""
        known = self._index.changes(commit, paths)
        for path in paths if is_landmark(commit) else known:
            if not isinstance(known.get(path), int):
                self._landmarks.setdefault(path, commit)
        for path, change in known.items():
            paths.remove(path)
            if isinstance(change, int):
                self.found[path] = change
            else:
                self._move(read_commit(self._repository, change), _Paths([path]))

    def _step(self, commit: pygit2.Commit, paths: _Paths) -> None:
        """Move each path to the first parent that has it alike; without one, it is found."""
        for sha in commit.parent_ids:
            parent = read_commit(self._repository, sha)
            changed = list(self._changed(commit.tree_id, parent.tree_id, paths))
            for path in changed:
                paths.remove(path)
            if paths:
                self._move(parent, paths)
            paths = _Paths(changed)
            if not paths:
                return
        self.found.update(dict.fromkeys(paths, commit.commit_time))

    def _changed(self, tree: pygit2.Oid, other: pygit2.Oid, paths: _Paths) -> Iterator[bytes]:
        """Yield the paths that two trees do not have alike."""
        pending: list[tuple[bytes, pygit2.Oid | None, pygit2.Oid | None]] = [(b"", tree, other)]
        while pending:
            directory, one, two = pending.pop()
            if one == two:
                continue
            entries, others = self._entries(one), self._entries(two)
            ours, theirs = _by_name(entries - others), _by_name(others - entries)
            for name in ours | theirs:
                path = directory + name
                if name in paths.names[directory]:
                    yield path
                if path + b"/" in paths.names:
                    pending.append((path + b"/", _subtree(ours.get(name)), _subtree(theirs.get(name))))

    def _read_entries(self, tree: pygit2.Oid | None) -> frozenset[bytes]:
        """Return the entries of a tree, as git writes them; None is an empty one."""
        found = [] if tree is None else _ENTRY.findall(self._repository.read(tree)[1])
        self._entries_read += len(found)
        return frozenset(found)


def _by_name(entries: Iterable[bytes]) -> dict[bytes, bytes]:
    return {entry[entry.index(b" ") + 1 : -_SHA_LENGTH - 1]: entry for entry in entries}


def _subtree(entry: bytes | None) -> pygit2.Oid | None:
    """Return the tree that an entry of a tree names, or None when it names no tree."""
    if entry is None or int(entry[: entry.index(b" ")], 8) != FileMode.TREE:
        return None
    return pygit2.Oid(raw=entry[-_SHA_LENGTH:])
