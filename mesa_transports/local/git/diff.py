"""Differences between two commits, as a structure and as a patch that `git apply` takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import pygit2
from attrs import frozen
from pygit2.enums import DeltaStatus, DiffFind, DiffOption

__all__ = ["difference", "patch"]

_LARGEST_PATCH: Final = 1 << 20  # bytes
_LARGEST_FILE: Final = 512 << 20  # bytes; beyond it libgit2 would call a text file binary
_BINARY_FILES_DIFFER: Final = re.compile(rb"^Binary files .*\n\Z", re.MULTILINE)
_LETTERS: Final = {
    DeltaStatus.ADDED: "A",
    DeltaStatus.DELETED: "D",
    DeltaStatus.RENAMED: "R",
    DeltaStatus.COPIED: "C",
}


@frozen
class _Change:
    """What happened to one path."""

    path: str
    old_path: str
    status: str
    patch: bytes
    binary: bool

    def shown(self, *, whole: bool) -> dict[str, Any]:
        """Return it as the contract shows it, with its patch or without."""
        shown: dict[str, Any] = {"path": self.path, "status": self.status, "bytes": len(self.patch), "is_eof": whole}
        if self.status in {"R", "C"}:
            shown["old_path"] = self.old_path
        return shown | ({"raw": self.patch.decode("utf-8", "replace")} if whole else {})


def difference(base: pygit2.Commit, head: pygit2.Commit) -> dict[str, Any]:
    """Return stats, files, and the files whose patch is left out, being binary or too large."""
    diff = _diff(base, head)
    changes = list(_changes(diff))
    kept = [not change.binary and len(change.patch) <= _LARGEST_PATCH for change in changes]
    additions, deletions = diff.stats.insertions, diff.stats.deletions
    return {
        "stats": {
            "files": len(changes),
            "additions": additions,
            "deletions": deletions,
            "changes": additions + deletions,
        },
        "files": [change.shown(whole=True) for change, keep in zip(changes, kept, strict=True) if keep],
        "filtered_files": [change.shown(whole=False) for change, keep in zip(changes, kept, strict=True) if not keep],
    }


def patch(base: pygit2.Commit, head: pygit2.Commit) -> bytes:
    """Return the whole patch, binary files included."""
    return b"".join(change.patch for change in _changes(_diff(base, head)))


def _diff(base: pygit2.Commit, head: pygit2.Commit) -> pygit2.Diff:
    diff = base.tree.diff_to_tree(head.tree, flags=DiffOption.SHOW_BINARY, context_lines=3, interhunk_lines=0)
    diff.find_similar(flags=DiffFind.FIND_RENAMES | DiffFind.FIND_COPIES)
    return diff


def _changes(diff: pygit2.Diff) -> Iterator[_Change]:
    patches = [patch for patch in diff if patch is not None]
    for path, group in groupby(patches, key=lambda patch: patch.delta.new_file.raw_path):
        # A file that became a symlink comes as two: `git apply` wants the deletion first.
        parts = sorted(group, key=lambda patch: patch.delta.status != DeltaStatus.DELETED)
        first = parts[0].delta
        yield _Change(
            path.decode("utf-8", "replace"),
            first.old_file.raw_path.decode("utf-8", "replace"),
            "T" if len(parts) > 1 else _LETTERS.get(first.status, "M"),
            b"".join(_data(part) for part in parts),
            any(part.delta.is_binary for part in parts),
        )


def _data(patch: pygit2.Patch) -> bytes:
    same = patch.delta.is_binary and patch.delta.old_file.id == patch.delta.new_file.id
    # Of a binary file that only moved libgit2 says that the two differ, which `git apply` believes.
    return _BINARY_FILES_DIFFER.sub(b"", patch.data) if same else patch.data
