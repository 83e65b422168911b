"""Merges: fast-forward where possible, a merge commit otherwise, and nothing at all where changes clash."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime

import pygit2
from attrs import frozen

from mesa_transports.local.git import refs, special_files
from mesa_transports.local.git.commit import write_commit
from mesa_transports.local.git.person import Person
from mesa_transports.local.refusals import MergeConflict

__all__ = ["Merged", "merge"]


@frozen
class Merged:
    """How a merge went, and what the base branch points to now."""

    merge_type: str
    sha: str


def merge(
    repository: pygit2.Repository, base: str, head: str, author: Person, now: datetime, *, message: str | None
) -> Merged:
    """Merge the ref `head` into the branch `base`; a base that has it already stays as it is.

    Raises:
        MergeConflict: both changed the same lines, or one has a file where the other has a directory; no
            ref is touched.
    """
    ours = refs.require_branch(repository, base, "base")
    theirs = refs.resolve(repository, head, "head")
    shared = repository.merge_base(ours.id, theirs.id)
    if shared == theirs.id:
        return Merged("fast_forward", str(ours.id))
    if shared == ours.id:
        refs.advance(repository, base, ours.id, theirs.id)
        return Merged("fast_forward", str(theirs.id))
    message = message or f"Merge branch '{head}' into '{base}'"
    tree = _combined(repository, ours, theirs)
    commit = write_commit(repository, author, now, message, tree, [ours.id, theirs.id])
    refs.advance(repository, base, ours.id, commit)
    return Merged("merge_commit", str(commit))


def _combined(repository: pygit2.Repository, ours: pygit2.Commit, theirs: pygit2.Commit) -> pygit2.Oid:
    index = repository.merge_commits(ours, theirs)
    paths = _clashes(index)
    if not paths:
        entries = _entries(index)
        paths = _blocked(set(entries)) or _unfit(repository, entries, ours.tree, theirs.tree)
    if paths:
        shown = sorted(os.fsencode(path).decode("utf-8", "replace") for path in paths)
        raise MergeConflict("the changes cannot be combined; nothing was changed", details={"paths": shown})
    return index.write_tree(repository)


def _clashes(index: pygit2.Index) -> set[str]:
    """Return the paths that libgit2 could not merge."""
    conflicts = index.conflicts or ()
    return {str(side.path) for conflict in conflicts for side in conflict if side is not None}


def _entries(index: pygit2.Index) -> dict[str, pygit2.Oid]:
    entries = (index[number] for number in range(len(index)))
    return {str(entry.path): entry.id for entry in entries}


def _blocked(paths: set[str]) -> set[str]:
    """Return the files of one side that are directories of the other, with what is in those.

    To libgit2 that is no conflict, and the tree would be written without the file.
    """
    above = {path: parents for path in paths if (parents := paths.intersection(_parents(path)))}
    return set(above).union(*above.values())


def _parents(path: str) -> Iterator[str]:
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)


def _unfit(repository: pygit2.Repository, entries: Mapping[str, pygit2.Oid], *sides: pygit2.Tree) -> set[str]:
    """Return the paths of git's own files that neither side has like this, and that git cannot use."""
    special = {path: oid for path, oid in entries.items() if special_files.is_special(path)}
    return {
        path
        for path, oid in special.items()
        if all(_identity(side, path) != oid for side in sides) and special_files.fault(path, repository[oid].read_raw())
    }


def _identity(tree: pygit2.Tree, path: str) -> pygit2.Oid | None:
    try:
        return tree[path].id
    except (KeyError, ValueError):
        return None
