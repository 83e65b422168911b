"""Content: files, symlinks and directories at a path of a commit.

Submodules are left out of directories, and not found by their path: the contract has no word for them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, TypeAlias

import pygit2
from pygit2.enums import FileMode

from mesa_transports.local.git.last_change import Times, last_changes
from mesa_transports.local.git.log import shown_time
from mesa_transports.local.history_index import HistoryIndex
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


def shown_blob(
    repository: pygit2.Repository, index: HistoryIndex, commit: pygit2.Commit, path: str, blob: pygit2.Blob
) -> dict[str, Any]:
    """Return a file or a symlink as the contract shows it."""
    content = {"encoding": "base64", "content": base64.b64encode(blob.data).decode()}
    name = path.encode()
    return _entry(name, blob, last_changes(repository, index, commit, [name])) | content


def shown_directory(  # noqa: PLR0917 -- where it is, and how deep to look
    repository: pygit2.Repository,
    index: HistoryIndex,
    commit: pygit2.Commit,
    path: str,
    tree: pygit2.Tree,
    depth: int,
) -> dict[str, Any]:
    """Return a directory and what is in it, `depth` levels deep, each directory before its content."""
    entries = list(_entries(tree, f"{path}/".encode() if path else b"", depth))
    files = [name for name, found in entries if isinstance(found, pygit2.Blob)]
    times = last_changes(repository, index, commit, files)
    return {
        "type": "dir",
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": str(tree.id),
        "child_count": sum(isinstance(child, pygit2.Blob | pygit2.Tree) for child in tree),
        "entries": [_entry(name, found, times) for name, found in entries],
        "next_cursor": None,
        "has_more": False,
    }


def _entries(tree: pygit2.Tree, prefix: bytes, depth: int) -> Iterator[tuple[bytes, Found]]:
    pending = _children(tree, prefix, depth)
    while pending:
        path, found, left = pending.pop()
        yield path, found
        if isinstance(found, pygit2.Tree) and left > 1:
            pending += _children(found, path + b"/", left - 1)


def _children(tree: pygit2.Tree, prefix: bytes, depth: int) -> list[tuple[bytes, Found, int]]:
    """Return what is in a directory, last name first, each with the levels that are left to list."""
    children = [child for child in tree if isinstance(child, pygit2.Blob | pygit2.Tree)]
    return [(prefix + _name(child), child, depth) for child in sorted(children, key=_name, reverse=True)]


def _name(found: pygit2.Object) -> bytes:
    return found.raw_name or b""


def _entry(raw: bytes, found: Found, times: Times) -> dict[str, Any]:
    path = raw.decode("utf-8", "replace")
    entry = {"name": path.rpartition("/")[2], "path": path, "sha": str(found.id)}
    if isinstance(found, pygit2.Tree):
        return entry | {"type": "dir"}
    return entry | {
        "type": "symlink" if found.filemode == FileMode.LINK else "file",
        "size": found.size,
        "executable": found.filemode == FileMode.BLOB_EXECUTABLE,
        "last_commit_at": shown_time(times[raw]) if raw in times else None,
    }
