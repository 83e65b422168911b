"""Full disks: telling their errors from others, in whatever shape they come."""

from __future__ import annotations

import errno
import re
import sqlite3
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["has_room", "is_full"]

_NUMBERS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TEXTS: Final = re.compile("No space left on device|Disk quota exceeded|File too large|disk is full")
_CODES: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
_CHUNK: Final = 1 << 20


def is_full(error: BaseException) -> bool:
    """Tell whether an error says that there is no room for more; libgit2 says so in words only, if at all."""
    return (
        getattr(error, "errno", None) in _NUMBERS
        or getattr(error, "sqlite_errorcode", None) in _CODES
        or _TEXTS.search(str(error)) is not None
    )


def has_room(directory: Path, size: int) -> bool:
    """Tell whether a file of this size can be written.

    For libgit2, where it fails in the middle of a file, says whatever was wrong the time before.
    """
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            for start in range(0, size, _CHUNK):
                file.write(bytes(min(_CHUNK, size - start)))
            file.flush()
    except OSError as error:
        return not is_full(error)
    return True
