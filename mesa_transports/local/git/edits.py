"""File edits: what a commit does to the tree of its parent."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

__all__ = ["Deletion", "Edit", "Upsert"]


@frozen
class Upsert:
    """A file to write."""

    path: str
    content: bytes


@frozen
class Deletion:
    """A file to delete."""

    path: str


Edit: TypeAlias = Upsert | Deletion
