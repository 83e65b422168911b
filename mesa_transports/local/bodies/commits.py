"""Commits and the file edits they are made of."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from mesa_transports.local.bodies.lfs import LfsObject
from mesa_transports.local.bodies.person import read_person
from mesa_transports.local.fields import Fields
from mesa_transports.local.git.commit import NewCommit
from mesa_transports.local.git.edits import Deletion, Edit, Upsert
from mesa_transports.local.names import checked_branch_name, checked_path, checked_ref
from mesa_transports.local.refusals import BadRequest

__all__ = ["read_commit"]

_LARGEST: Final = 2**31
_LONGEST_SHOWN: Final = 60


def read_commit(fields: Fields) -> NewCommit:
    """Read and check a commit to make."""
    edits = [_read_edit(edit) for edit in fields.objects("files")]
    _check_together(edits)
    return NewCommit(
        checked_branch_name(fields.text("branch"), "branch"),
        fields.text("message", most=1_000_000),
        read_person(fields.object("author")),
        fields.optional("base_sha", lambda name: checked_ref(fields.text(name), name)),
        edits,
    )


def _check_together(edits: Sequence[Edit]) -> None:
    """Refuse edits of which no tree could hold both."""
    seen: set[str] = set()
    for edit in edits:
        if edit.path in seen:
            raise BadRequest(f"files: expected each path once, got {_shown(edit.path)} twice")
        seen.add(edit.path)
    files = {edit.path for edit in edits if isinstance(edit, Upsert)}
    for path in sorted(files):
        segments = path.split("/")
        for end in range(1, len(segments)):
            above = "/".join(segments[:end])
            if above in files:
                raise BadRequest(f"files: expected {_shown(above)} to be a file or a directory, got {_shown(path)} too")


def _shown(path: str) -> str:
    return ascii(path[:_LONGEST_SHOWN])


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
