"""Branches, and the commits that refs name.

A ref is a branch name or a commit sha, full or abbreviated; a branch wins. Moving a branch
compares and swaps, so no writer overwrites what another one wrote.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Final

import pygit2

from mesa_transports.local.disk import is_full
from mesa_transports.local.names import checked_branch_name, checked_ref, is_branch_name
from mesa_transports.local.refusals import BadRequest, Conflict, NotFound

__all__ = [
    "advance",
    "branch_head",
    "branches_after",
    "create_branch",
    "delete_branch",
    "find_commit",
    "is_empty",
    "require_branch",
    "require_commit",
    "resolve",
]

_SHA: Final = re.compile(r"[0-9a-fA-F]{4,40}")
_HEADS: Final = "refs/heads/"


def branch_head(repository: pygit2.Repository, branch: str) -> pygit2.Commit | None:
    """Return the commit that a branch points to, or None when there is no such branch."""
    try:
        return repository.lookup_reference(_HEADS + branch).peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError):
        return None


def require_branch(repository: pygit2.Repository, branch: str, field: str) -> pygit2.Commit:
    """Return the commit that a branch points to; NotFound when there is no such branch."""
    head = branch_head(repository, checked_branch_name(branch, field))
    if head is None:
        raise NotFound(f"Branch not found: {branch}")
    return head


def find_commit(repository: pygit2.Repository, sha: str) -> pygit2.Commit | None:
    """Return a commit by its sha, full or abbreviated to no less than four digits, or None.

    Raises:
        BadRequest: more than one object begins like this.
    """
    if not _SHA.fullmatch(sha):
        return None
    try:
        return repository[sha.lower()].peel(pygit2.Commit)
    except pygit2.AmbiguousError:
        raise BadRequest(f"the abbreviated sha {sha} is ambiguous") from None
    except (KeyError, ValueError, pygit2.GitError):
        return None


def require_commit(repository: pygit2.Repository, sha: str, field: str) -> pygit2.Commit:
    """Return a commit by its sha; NotFound when there is none, BadRequest when no ref could be written so."""
    commit = find_commit(repository, checked_ref(sha, field))
    if commit is None:
        raise NotFound(f"Commit not found: {sha}")
    return commit


def resolve(repository: pygit2.Repository, ref: str, field: str) -> pygit2.Commit:
    """Return the commit that a ref names; NotFound when it names none."""
    commit = None
    if not _SHA.fullmatch(ref) or len(ref) < 40:  # noqa: PLR2004 -- a full sha is never a branch name
        commit = branch_head(repository, checked_branch_name(ref, field))
    commit = commit or find_commit(repository, ref)
    if commit is None:
        raise NotFound(f"Ref not found: {ref}")
    return commit


def is_empty(repository: pygit2.Repository) -> bool:
    """Tell whether a repository has no branch."""
    return not repository.raw_listall_branches()


def branches_after(repository: pygit2.Repository, name: str, limit: int) -> list[tuple[str, str]]:
    """Return up to `limit` branches whose names follow `name`, each with its head's sha.

    Names that only git itself can make are left out: JSON could not carry them, or no ref parameter takes them.
    """
    names = sorted(_readable(repository.raw_listall_branches()))
    found: list[tuple[str, str]] = []
    for branch in names[bisect_right(names, name) :]:
        head = branch_head(repository, branch)
        if head is not None:
            found.append((branch, str(head.id)))
        if len(found) == limit:
            break
    return found


def _readable(names: list[bytes]) -> Iterator[str]:
    for raw in names:
        name = raw.decode("utf-8", "ignore")
        if name.encode() == raw and is_branch_name(name):
            yield name


def create_branch(repository: pygit2.Repository, branch: str, target: pygit2.Oid) -> None:
    """Make a branch; Conflict when it, or one whose name is in the way, exists."""
    try:
        repository.create_reference_direct(_HEADS + branch, target, force=False)
    except pygit2.AlreadyExistsError:
        raise Conflict(f"a branch named {branch!r} exists already") from None
    except (pygit2.GitError, ValueError, OSError) as error:
        if is_full(error) or (isinstance(error, OSError) and not _has_parent(repository, branch)):
            raise
        raise Conflict(f"another branch is in the way of the name {branch!r}") from None


def _has_parent(repository: pygit2.Repository, branch: str) -> bool:
    """Tell whether a branch is named like a directory of this one: a ref cannot be both."""
    segments = branch.split("/")
    return any(branch_head(repository, "/".join(segments[:end])) for end in range(1, len(segments)))


def advance(repository: pygit2.Repository, branch: str, old: pygit2.Oid | None, new: pygit2.Oid) -> None:
    """Move a branch from `old` to `new`, or make it when `old` is None; Conflict when it is elsewhere."""
    if old is None:
        create_branch(repository, branch, new)
        return
    with _moved(branch):
        reference = repository.lookup_reference(_HEADS + branch)
        if reference.target != old:
            raise Conflict(f"the branch {branch!r} has moved")
        reference.set_target(new)


def delete_branch(repository: pygit2.Repository, branch: str) -> None:
    """Delete a branch."""
    with _moved(branch):
        repository.lookup_reference(_HEADS + branch).delete()


@contextmanager
def _moved(branch: str) -> Generator[None]:
    # Another process, such as a git client on the same directory, may hold or have moved the ref.
    try:
        yield
    except (pygit2.GitError, KeyError, ValueError) as error:
        if is_full(error):
            raise
        raise Conflict(f"the branch {branch!r} has moved") from None
    except OSError as error:
        if is_full(error) or "lock" not in str(error):
            raise
        raise Conflict(f"the branch {branch!r} is locked by another writer") from None
