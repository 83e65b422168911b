"""What a change did to the branches of a repository: which moved, what they gained, which paths that touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import pygit2
from attrs import frozen

__all__ = ["MOST_COMMITS", "Move", "gained", "heads", "moves", "touched"]

MOST_COMMITS: Final = 1000
"""Commits that are told of one move, the newest."""
_HEADS: Final = b"refs/heads/"


@frozen
class Move:
    """A branch that was created (`before` is None), moved, or deleted (`after` is None)."""

    branch: str
    before: str | None
    after: str | None


def heads(repository: pygit2.Repository) -> dict[str, str]:
    """Return the sha that each branch points to; a branch whose name is no UTF-8 is left out."""
    found: dict[str, str] = {}
    for reference in repository.references.objects:
        name = reference.raw_name
        if name.startswith(_HEADS) and isinstance(reference.target, pygit2.Oid):
            branch = name.removeprefix(_HEADS).decode("utf-8", "replace")
            if "\ufffd" not in branch:
                found[branch] = str(reference.target)
    return found


def moves(before: Mapping[str, str], after: Mapping[str, str]) -> list[Move]:
    """Return the branches that are not where they were, by name."""
    names = sorted(before.keys() | after.keys())
    found = [Move(name, before.get(name), after.get(name)) for name in names]
    return [move for move in found if move.before != move.after]


def gained(repository: pygit2.Repository, move: Move, before: Mapping[str, str]) -> list[pygit2.Commit]:
    """Return the commits that a branch gained, oldest first: of a new one, those that no branch had before."""
    if move.after is None:
        return []
    walk = repository.walk(pygit2.Oid(hex=move.after), pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.TIME)
    for known in before.values() if move.before is None else [move.before]:
        walk.hide(pygit2.Oid(hex=known))
    return list(islice(walk, MOST_COMMITS))[::-1]


def touched(repository: pygit2.Repository, move: Move, commits: Sequence[pygit2.Commit]) -> set[str]:
    """Return the paths in which a branch is not what it was: of a new one, those that its commits changed."""
    if move.after is None:
        return set()
    if move.before is not None:
        return set(_paths(_tree(repository, move.before), _tree(repository, move.after)))
    return {path for commit in commits for path in _paths(_parent_tree(commit), commit.tree)}


def _tree(repository: pygit2.Repository, sha: str) -> pygit2.Tree:
    return repository[sha].peel(pygit2.Tree)


def _parent_tree(commit: pygit2.Commit) -> pygit2.Tree | None:
    return commit.parents[0].tree if commit.parents else None


def _paths(old: pygit2.Tree | None, new: pygit2.Tree) -> Iterator[str]:
    diff = new.diff_to_tree(swap=True) if old is None else old.diff_to_tree(new)
    for delta in diff.deltas:
        for file in (delta.old_file, delta.new_file):
            yield file.raw_path.decode("utf-8", "replace")
