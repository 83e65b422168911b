"""Content: files, symlinks and directories at a path of a commit.

Submodules are left out of directories, and not found by their path: the contract has no word for them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, TypeAlias

import pygit2
from pygit2.enums import FileMode

from mesa_transports.local.git.last_change import Changes, last_changes
from mesa_transports.local.refusals import NotFound

__all__ = ["Found", "find", "shown_blob", "shown_directory"]

Found: TypeAlias = pygit2.Blob | pygit2.Tree


def find(commit: pygit2.Commit, path: str) -> Found:
    """Return what stands at a path, the root directory for an empty one; NotFound when nothing does."""
    try:
        found: object = commit.tree[path] if path else commit.tree
    except KeyError:
        found = None
    if not isinstance(found, pygit2.Blob | pygit2.Tree):
        raise NotFound(f"Path not found: {path}")
    return found


def shown_blob(commit: pygit2.Commit, path: str, blob: pygit2.Blob) -> dict[str, Any]:
    """Return a file or a symlink as the contract shows it."""
    content = {"encoding": "base64", "content": base64.b64encode(blob.data).decode()}
    return _entry(path, blob, last_changes(commit, [path])) | content


def shown_directory(commit: pygit2.Commit, path: str, tree: pygit2.Tree, depth: int) -> dict[str, Any]:
    """Return a directory and what is in it, `depth` levels deep, each directory before its content."""
    entries = list(_entries(tree, f"{path}/" if path else "", depth))
    changes = last_changes(commit, [name for name, found in entries if isinstance(found, pygit2.Blob)])
    return {
        "type": "dir",
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": str(tree.id),
        "child_count": sum(isinstance(child, pygit2.Blob | pygit2.Tree) for child in tree),
        "entries": [_entry(name, found, changes) for name, found in entries],
        "next_cursor": None,
        "has_more": False,
    }


def _entries(tree: pygit2.Tree, prefix: str, depth: int) -> Iterator[tuple[str, Found]]:
    pending = _children(tree, prefix, depth)
    while pending:
        path, found, left = pending.pop()
        yield path, found
        if isinstance(found, pygit2.Tree) and left > 1:
            pending += _children(found, f"{path}/", left - 1)


def _children(tree: pygit2.Tree, prefix: str, depth: int) -> list[tuple[str, Found, int]]:
    """Return what is in a directory, last name first, each with the levels that are left to list."""
    children = [child for child in tree if isinstance(child, pygit2.Blob | pygit2.Tree)]
    return [(prefix + _name(child), child, depth) for child in sorted(children, key=_name, reverse=True)]


def _name(found: pygit2.Object) -> str:
    return (found.raw_name or b"").decode("utf-8", "replace")


def _entry(path: str, found: Found, changes: Changes) -> dict[str, Any]:
    entry = {"name": path.rpartition("/")[2], "path": path, "sha": str(found.id)}
    if isinstance(found, pygit2.Tree):
        return entry | {"type": "dir"}
    return entry | {
        "type": "symlink" if found.filemode == FileMode.LINK else "file",
        "size": found.size,
        "executable": found.filemode == FileMode.BLOB_EXECUTABLE,
        "last_commit_at": changes.get(path),
    }
