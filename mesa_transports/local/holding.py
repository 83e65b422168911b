"""Holding a data directory: by one Depot at a time, and knowing whether the last one left it in order.

The lock is the operating system's, so it ends with the process that holds it, however that ends.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

__all__ = ["Hold", "InUse"]

_NAME: Final = "depot.lock"
_LONGEST_NUMBER: Final = 20


class InUse(Exception):
    """Another Depot holds the data directory."""


class Hold:
    """The right to use a data directory; `left_in_order` tells whether whoever had it before gave it back.

    Raises:
        InUse: another Depot, of this process or another, has it.
        OSError: the directory cannot be written to.
    """

    def __init__(self, directory: Path) -> None:
        self._owner = os.getpid()
        self._file = os.open(directory / _NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            number = os.read(self._file, _LONGEST_NUMBER).decode("ascii", "replace")
            _take(self._file, number)
            self.left_in_order = not number
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, str(self._owner).encode(), 0)
        except BaseException:
            os.close(self._file)
            raise

    def release(self) -> None:
        """Give the directory back in order; does nothing in a forked child, whose parent still has it."""
        if os.getpid() == self._owner:
            os.ftruncate(self._file, 0)
            _unlock(self._file)
            os.close(self._file)


def _take(file: int, number: str) -> None:
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):
        raise InUse(f"process {number}" if number else "another process") from None


if sys.platform == "win32":
    import msvcrt

    _FAR: Final = 1 << 30  # a locked byte cannot be read, so not one that is there

    def _lock(file: int) -> None:
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def _unlock(file: int) -> None:
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: int) -> None:
        # Said, for a forked child may have the file open longer than this process.
        fcntl.flock(file, fcntl.LOCK_UN)
