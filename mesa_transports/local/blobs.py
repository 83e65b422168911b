"""Large files: kept by their sha256 inside the repository's directory, where git-lfs keeps them too.

A file is there whole and checked, or not there at all.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO, Final

from mesa_transports.local.refusals import BadRequest

__all__ = ["Blobs"]

_CHUNK: Final = 1 << 20


class Blobs:
    """The large files of one repository."""

    def __init__(self, repository: Path) -> None:
        self._directory = repository / "lfs" / "objects"
        self._incoming = repository / "lfs" / "incoming"

    def path(self, oid: str) -> Path:
        """Return where a large file is, or would be."""
        return self._directory / oid[:2] / oid[2:4] / oid

    def size(self, oid: str) -> int | None:
        """Return a large file's size in bytes, or None when there is none."""
        try:
            return self.path(oid).stat().st_size
        except FileNotFoundError:
            return None

    def put(self, oid: str, size: int, stream: IO[bytes]) -> None:
        """Keep what the stream holds, in constant memory.

        Raises:
            BadRequest: it does not have this sha256 and size; nothing is kept.
        """
        # Not with its parents: a repository that was deleted meanwhile must not come back as a shell.
        self._incoming.parent.mkdir(exist_ok=True)
        self._incoming.mkdir(exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._incoming)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _copy_checked(stream, file, oid, size)
            self.path(oid).parent.mkdir(parents=True, exist_ok=True)
            Path(name).replace(self.path(oid))
        finally:
            Path(name).unlink(missing_ok=True)


def _copy_checked(stream: IO[bytes], file: IO[bytes], oid: str, size: int) -> None:
    digest, received = hashlib.sha256(), 0
    while received <= size and (chunk := stream.read(_CHUNK)):
        digest.update(chunk)
        received += len(chunk)
        file.write(chunk)
    if received != size:
        raise BadRequest(f"body: expected {size} bytes, got {'more' if received > size else received}")
    if digest.hexdigest() != oid:
        raise BadRequest("body: expected bytes whose sha256 is the object's oid, got others")
