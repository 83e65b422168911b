"""When a path last changed, as `git log -1 -- path` tells it, for many paths in one walk.

The walk is bounded: what has not changed in the newest commits has no known time.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import pygit2

from mesa_transports.local.git.log import commit_time

__all__ = ["Changes", "last_changes"]

Changes: TypeAlias = Mapping[str, str | None]
_MOST_COMMITS: Final = 10_000


def last_changes(head: pygit2.Commit, paths: Iterable[str]) -> Changes:
    """Return when each path last changed before or in `head`; paths not reached are left out."""
    found: dict[str, str | None] = {}
    pending = {str(head.id): (head, set(paths))}
    queue = [(-head.commit_time, str(head.id))]
    for _ in range(_MOST_COMMITS):
        if not queue:
            break
        commit, wanted = pending.pop(heapq.heappop(queue)[1])
        for parent in commit.parents:
            same = _unchanged(commit.tree, parent.tree, wanted)
            wanted -= same
            if same:
                # A path that a parent has alike was not changed here, so only that parent's history matters.
                sha = str(parent.id)
                if sha not in pending:
                    pending[sha] = (parent, set())
                    heapq.heappush(queue, (-parent.commit_time, sha))
                pending[sha][1].update(same)
        found.update(dict.fromkeys(wanted, commit_time(commit)))
    return found


def _unchanged(tree: pygit2.Tree, other: pygit2.Tree, paths: set[str]) -> set[str]:
    if tree.id == other.id:
        return set(paths)
    return {path for path in paths if _identity(tree, path) == _identity(other, path)}


def _identity(tree: pygit2.Tree, path: str) -> tuple[pygit2.Oid, int] | None:
    try:
        entry = tree[path]
    except KeyError:
        return None
    return entry.id, int(entry.filemode)
