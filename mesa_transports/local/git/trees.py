"""Trees: what a set of file edits makes of one.

Only the directories on the way to an edit are read and written, however large the tree is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import pygit2
from attrs import define, field
from pygit2.enums import FileMode

from mesa_transports.local.git import special_files
from mesa_transports.local.git.edits import Deletion, Edit, Upsert
from mesa_transports.local.refusals import BadRequest, Conflict, NotFound

__all__ = ["apply_edits"]

Entry: TypeAlias = pygit2.Object | None
_LONGEST_SHOWN: Final = 60


@define
class _Node:
    """The edits at one name of a directory: of the name itself, and of what is below it."""

    edit: Edit | None = None
    below: dict[str, _Node] = field(factory=dict[str, "_Node"])


def apply_edits(repository: pygit2.Repository, tree: pygit2.Tree | None, edits: Sequence[Edit]) -> pygit2.Oid:
    """Write the tree that the edits make of `tree` and return its id.

    Raises:
        BadRequest: git cannot keep a path, or finds fault with what is to be there.
        NotFound: a file to delete is not there.
        Conflict: a file is where a directory is needed, or a directory where a file is.
    """
    return _apply(repository, tree, _nested(edits), "")[0]


def _nested(edits: Iterable[Edit]) -> dict[str, _Node]:
    root = _Node()
    for edit in edits:
        node = root
        for segment in edit.path.split("/"):
            node = node.below.setdefault(segment, _Node())
        node.edit = edit
    return root.below


def _apply(
    repository: pygit2.Repository, tree: pygit2.Tree | None, nodes: dict[str, _Node], prefix: str
) -> tuple[pygit2.Oid, int]:
    """Return the id of the new tree and how many entries it has."""
    builder = repository.TreeBuilder() if tree is None else repository.TreeBuilder(tree)
    for name, node in nodes.items():
        old = _entry(tree, name)
        new = _edited(repository, old, node, prefix + name)
        if new is not None:
            _insert(builder, prefix + name, *new)
        elif old is not None:
            builder.remove(name)
    return builder.write(), len(builder)


def _entry(tree: pygit2.Tree | None, name: str) -> Entry:
    return tree[name] if tree is not None and name in tree else None


def _insert(builder: pygit2.TreeBuilder, path: str, oid: pygit2.Oid, mode: FileMode) -> None:
    try:
        builder.insert(path.rpartition("/")[2], oid, mode)
    except (ValueError, pygit2.GitError):
        # libgit2 knows more names that are `.git` on some file system than we do.
        raise BadRequest(f"files: expected paths that git can keep, got {path[:_LONGEST_SHOWN]!a}") from None


def _edited(repository: pygit2.Repository, old: Entry, node: _Node, path: str) -> tuple[pygit2.Oid, FileMode] | None:
    """Return what stands at a path after the edits, or None when nothing does."""
    if node.below:
        old, node = _below(repository, old, node, path)
    edit = node.edit
    if edit is None:
        return None if old is None else (old.id, FileMode.TREE)
    if isinstance(old, pygit2.Tree):
        raise Conflict(f"there is a directory at {path}", details={"path": path})
    if isinstance(edit, Upsert):
        _check(edit)
        return repository.create_blob(edit.content), _mode(old)
    if old is None:
        raise _nothing_to_delete(path)
    return None


def _nothing_to_delete(path: str) -> NotFound:
    return NotFound(f"there is no file to delete at {path}", details={"path": path})


def _check(edit: Upsert) -> None:
    fault = special_files.fault(edit.path, edit.content)
    if fault:
        raise BadRequest(f"files: expected what git can keep at {edit.path[:_LONGEST_SHOWN]!a}, but {fault}")


def _below(repository: pygit2.Repository, old: Entry, node: _Node, path: str) -> tuple[Entry, _Node]:
    """Apply the edits below a path; return what stands there then and the edits that are left to do."""
    left = _Node(node.edit)
    if old is None and isinstance(node.edit, Deletion):
        raise _nothing_to_delete(path)
    if old is not None and not isinstance(old, pygit2.Tree):
        if not isinstance(node.edit, Deletion):
            if not any(_writes(below) for below in node.below.values()):
                raise _nothing_to_delete(f"{path}/{next(iter(node.below))}")
            raise Conflict(f"there is a file at {path}, where a directory is needed", details={"path": path})
        old, left = None, _Node()
    oid, count = _apply(repository, old, node.below, f"{path}/")
    return (repository[oid] if count else None), left


def _writes(node: _Node) -> bool:
    """Tell whether an edit at a name, or below it, makes a file."""
    return isinstance(node.edit, Upsert) or any(_writes(below) for below in node.below.values())


def _mode(old: Entry) -> FileMode:
    return FileMode.BLOB_EXECUTABLE if old is not None and old.filemode == FileMode.BLOB_EXECUTABLE else FileMode.BLOB
