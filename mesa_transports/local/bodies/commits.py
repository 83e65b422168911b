"""Commits and the file edits they are made of."""

from __future__ import annotations

import base64
import binascii
from typing import Final, TypeAlias

from attrs import frozen

from mesa_transports.local.bodies.lfs import LfsObject
from mesa_transports.local.bodies.person import Person
from mesa_transports.local.fields import Fields
from mesa_transports.local.names import checked_branch_name, checked_path
from mesa_transports.local.refusals import BadRequest

__all__ = ["CommitRequest", "Deletion", "Edit", "Upsert"]

_LARGEST: Final = 2**31


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


@frozen
class CommitRequest:
    """A commit to make."""

    branch: str
    message: str
    author: Person
    base_sha: str | None
    edits: list[Edit]

    @classmethod
    def read(cls, fields: Fields) -> CommitRequest:
        """Read and check a commit to make."""
        edits = [_read_edit(edit) for edit in fields.objects("files")]
        seen: set[str] = set()
        for edit in edits:
            if edit.path in seen:
                raise BadRequest(f"files: expected each path once, got {edit.path[:60]!a} twice")
            seen.add(edit.path)
        return cls(
            checked_branch_name(fields.text("branch"), "branch"),
            fields.text("message", most=1_000_000),
            Person.read(fields.object("author")),
            fields.optional("base_sha", fields.text),
            edits,
        )


def _read_edit(fields: Fields) -> Edit:
    path = checked_path(fields.text("path"), fields.path("path"))
    action = fields.optional("action", lambda name: fields.choice(name, ("upsert", "delete")))
    ways = [name for name in ("content", "lfs") if fields.has(name)]
    if action == "delete":
        if ways:
            raise BadRequest(f"{fields.path(ways[0])}: expected nothing beside the action delete, got a value")
        return Deletion(path)
    if len(ways) != 1:
        raise BadRequest(
            f"{fields.path('content')}: expected either content or lfs, got {'both' if ways else 'neither'}"
        )
    return Upsert(path, _read_content(fields) if ways == ["content"] else _read_pointer(fields.object("lfs")))


def _read_content(fields: Fields) -> bytes:
    content = fields.text("content", least=0, most=_LARGEST, binary=True)
    if fields.optional("encoding", lambda name: fields.choice(name, ("utf-8", "base64"))) != "base64":
        return content.encode()
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(f"{fields.path('content')}: expected base64, got another string") from None


def _read_pointer(fields: Fields) -> bytes:
    item = LfsObject.read(fields)
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{item.oid}\nsize {item.size}\n".encode()
