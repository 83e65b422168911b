"""Merges: fast-forward where possible, a merge commit otherwise, and nothing at all where changes clash."""

from __future__ import annotations

import os
from datetime import datetime

import pygit2
from attrs import frozen

from mesa_transports.local.bodies.merge import MergeRequest
from mesa_transports.local.git import refs
from mesa_transports.local.git.commit import write_commit
from mesa_transports.local.refusals import MergeConflict

__all__ = ["Merged", "merge"]


@frozen
class Merged:
    """How a merge went, and what the base branch points to now."""

    merge_type: str
    sha: str


def merge(repository: pygit2.Repository, base: str, asked: MergeRequest, now: datetime) -> Merged:
    """Merge `asked.head` into the branch `base`; a base that has it already stays as it is.

    Raises:
        MergeConflict: both changed the same lines; no ref is touched.
    """
    ours = refs.require_branch(repository, base, "base")
    theirs = refs.resolve(repository, asked.head, "head")
    if _contains(repository, ours, theirs):
        return Merged("fast_forward", str(ours.id))
    if _contains(repository, theirs, ours):
        refs.advance(repository, base, ours.id, theirs.id)
        return Merged("fast_forward", str(theirs.id))
    message = asked.message or f"Merge branch '{asked.head}' into '{base}'"
    tree = _combined(repository, ours, theirs)
    commit = write_commit(repository, asked.author, now, message, tree, [ours.id, theirs.id])
    refs.advance(repository, base, ours.id, commit)
    return Merged("merge_commit", str(commit))


def _contains(repository: pygit2.Repository, commit: pygit2.Commit, other: pygit2.Commit) -> bool:
    return commit.id == other.id or repository.descendant_of(commit.id, other.id)


def _combined(repository: pygit2.Repository, ours: pygit2.Commit, theirs: pygit2.Commit) -> pygit2.Oid:
    index = repository.merge_commits(ours, theirs)
    if index.conflicts is not None:
        paths = sorted({_text(side.path) for conflict in index.conflicts for side in conflict if side is not None})
        raise MergeConflict("the changes cannot be combined; nothing was changed", details={"paths": paths})
    return index.write_tree(repository)


def _text(path: str | os.PathLike[str]) -> str:
    return os.fsencode(path).decode("utf-8", "replace")
