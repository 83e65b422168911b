"""What a Depot is to hold, in memory: repositories, branches, commits and trees as plain values, and no git."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from attrs import define, field, frozen

from mesa_sdk import APIError, BadRequest, Conflict, NotFound

__all__ = ["Commit", "Edits", "Refused", "Repository", "Tree", "applied", "blob_sha", "combined"]

Tree: TypeAlias = Mapping[str, bytes]
Edits: TypeAlias = Mapping[str, bytes | None]
"""The new content of each path, None for a deletion."""


Refused: TypeAlias = tuple[type[APIError], ...]


@frozen
class Commit:
    tree: Tree
    parents: tuple[str, ...]


@define
class Repository:
    default_branch: str
    branches: dict[str, str] = field(factory=dict)
    commits: dict[str, Commit] = field(factory=dict)

    def tree(self, branch: str) -> Tree:
        return self.commits[self.branches[branch]].tree if branch in self.branches else {}

    def resolved(self, ref: str) -> str | None:
        return self.branches.get(ref, ref if ref in self.commits else None)

    def in_the_way(self, branch: str) -> bool:
        """Tell whether a branch cannot be made: it is there, or one named like its directory, or one inside."""
        return any(within(branch, other) or within(other, branch) for other in self.branches)

    def history(self, sha: str) -> set[str]:
        found: set[str] = set()
        pending = [sha]
        while pending:
            if (commit := pending.pop()) not in found:
                found.add(commit)
                pending += self.commits[commit].parents
        return found

    def base(self, ours: str, theirs: str) -> str | None:
        """Return the one best common ancestor of two commits; None where there are several, or none."""
        shared = self.history(ours) & self.history(theirs)
        best = [sha for sha in shared if not any(sha != each and sha in self.history(each) for each in shared)]
        return best[0] if len(best) == 1 else None


def within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory}/")


def applied(tree: Tree, edits: Edits) -> Tree | Refused:
    """Return the tree that edits make of another, or how they are refused: one way of several, where there are."""
    written = {path: content for path, content in edits.items() if content is not None}
    if clashes(written):
        return (BadRequest,)
    gone = edits.keys() - written.keys()
    after = {path: content for path, content in tree.items() if path not in gone} | written
    missing = [path for path in gone if path not in tree]
    absent = [path for path in missing if not all(any(within(file, path) for file in each) for each in (tree, after))]
    refused = ((NotFound,) if absent else ()) + ((Conflict,) if len(missing) > len(absent) or clashes(after) else ())
    return refused or after


def clashes(paths: Tree) -> set[str]:
    """Return the paths that are to be a file and a directory."""
    return {directory for path in paths for directory in parents(path) if directory in paths}


def parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def combined(base: Tree, ours: Tree, theirs: Tree) -> Tree | None:
    """Merge whole files; None where both sides changed one, which takes a look at its lines, or where paths clash."""
    after: dict[str, bytes] = {}
    for path in base.keys() | ours.keys() | theirs.keys():
        before, one, two = base.get(path), ours.get(path), theirs.get(path)
        if one != two and before not in {one, two}:
            return None
        content = two if before == one else one
        if content is not None:
            after[path] = content
    return None if clashes(after) else after


def blob_sha(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
