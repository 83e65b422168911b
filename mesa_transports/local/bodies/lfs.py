"""Large files, named by their sha256."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from mesa_transports.local.fields import Fields
from mesa_transports.local.refusals import BadRequest

__all__ = ["LfsObject", "LfsRequest"]

_OID: Final = re.compile(r"[0-9a-f]{64}")


@frozen
class LfsObject:
    """A large file by its sha256 and its size in bytes."""

    oid: str
    size: int

    @classmethod
    def read(cls, fields: Fields) -> LfsObject:
        """Read and check a large file's name."""
        oid = fields.text("oid")
        if not _OID.fullmatch(oid):
            raise BadRequest(f"{fields.path('oid')}: expected 64 lower-case hex digits, got another string")
        return cls(oid, fields.integer("size", 0))


@frozen
class LfsRequest:
    """Large files to upload or download."""

    objects: list[LfsObject]

    @classmethod
    def read(cls, fields: Fields) -> LfsRequest:
        """Read and check the names of 1 to 100 large files."""
        objects = [LfsObject.read(item) for item in fields.objects("objects")]
        if not 1 <= len(objects) <= 100:  # noqa: PLR2004 -- the contract's bounds
            raise BadRequest(f"objects: expected 1 to 100 objects, got {len(objects)}")
        return cls(objects)
