"""Commits: making them from file edits and from trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pygit2
from attrs import frozen
from pygit2.enums import ObjectType

from mesa_transports.local.git import refs, trees
from mesa_transports.local.git.edits import Edit
from mesa_transports.local.git.person import Person
from mesa_transports.local.refusals import Conflict, NotFound

__all__ = ["NewCommit", "commit_edits", "write_commit"]


@frozen
class NewCommit:
    """A commit to make; `base_sha` is where the branch must be, None for anywhere."""

    branch: str
    message: str
    author: Person
    base_sha: str | None
    edits: Sequence[Edit]


def commit_edits(
    repository: pygit2.Repository, asked: NewCommit, now: datetime, default_branch: str, attempts: int = 5
) -> pygit2.Oid:
    """Make the commit that is asked for on its branch, and return its id.

    Without a base_sha it lands on whatever the branch points to, even if another process moves it meanwhile.
    """
    parent = _parent(repository, asked, default_branch)
    tree = trees.apply_edits(repository, parent and parent.tree, asked.edits)
    commit = write_commit(repository, asked.author, now, asked.message, tree, [parent.id] if parent else [])
    try:
        refs.advance(repository, asked.branch, parent and parent.id, commit)
    except Conflict:
        if asked.base_sha is not None or attempts == 1:
            raise
        return commit_edits(repository, asked, now, default_branch, attempts - 1)
    return commit


def _parent(repository: pygit2.Repository, asked: NewCommit, default_branch: str) -> pygit2.Commit | None:
    """Return the branch's head, or None where the commit is the first and makes the branch."""
    head = refs.branch_head(repository, asked.branch)
    if head is None and asked.branch != default_branch and not refs.is_empty(repository):
        raise NotFound(f"Branch not found: {asked.branch}")
    if asked.base_sha is not None and (head is None or not _same(repository, asked.base_sha, head)):
        details: Mapping[str, str | None] = {"head_sha": None if head is None else str(head.id)}
        raise Conflict(f"the branch {asked.branch!r} does not point to base_sha", details=details)
    return head


def _same(repository: pygit2.Repository, sha: str, head: pygit2.Commit) -> bool:
    commit = refs.find_commit(repository, sha)
    return commit is not None and commit.id == head.id


def write_commit(  # noqa: PLR0917 -- the parts of a commit
    repository: pygit2.Repository,
    author: Person,
    now: datetime,
    message: str,
    tree: pygit2.Oid,
    parents: Sequence[pygit2.Oid],
) -> pygit2.Oid:
    """Write a commit object that no branch points to yet; the author commits it, now."""
    commit = repository.create_commit_string(
        _signature(author, author.date or now), _signature(author, now), message, tree, list(parents)
    )
    # libgit2's own way to write it says that all went well where the disk is full.
    return repository.write(ObjectType.COMMIT, str(commit))  # a str, whatever pygit2's types say


def _signature(person: Person, moment: datetime) -> pygit2.Signature:
    offset = moment.utcoffset()
    minutes = 0 if offset is None else int(offset.total_seconds()) // 60
    return pygit2.Signature(person.name, person.email, int(moment.timestamp()), minutes)
