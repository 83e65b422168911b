"""The size of a repository's objects, as `git count-objects -v` sums it up: loose objects, packs and their indices.

Under the name that it has for good, no such file ever changes. So what a directory holds is added up again only
when the directory has changed, and a repository of many loose objects is not walked at every look.
"""

from __future__ import annotations

import os
import re
import time
from functools import lru_cache
from pathlib import Path
from typing import Final

__all__ = ["size_of_objects"]

_DIRECTORY: Final = re.compile(r"[0-9a-f]{2}|pack")
_FILE: Final = re.compile(r"[0-9a-f]{38}|pack-[0-9a-f]+\.(pack|idx)")
_SETTLED: Final = 2_000_000_000
"""Nanoseconds after which another change must have given a directory another time, on any file system."""


def size_of_objects(path: Path) -> int:
    """Return the size of a repository's objects on disk, in bytes; large files are not among them."""
    try:
        with os.scandir(path / "objects") as entries:
            return sum(_size(entry) for entry in entries if _DIRECTORY.fullmatch(entry.name))
    except FileNotFoundError:
        return 0  # the repository has been deleted


def _size(directory: os.DirEntry[str]) -> int:
    try:
        changed = directory.stat().st_mtime_ns
        if time.time_ns() - changed > _SETTLED:
            return _settled_size(directory.path, changed)
        return _added_up(directory.path)
    except FileNotFoundError:
        return 0  # git removes directories that have become empty


@lru_cache(maxsize=1 << 16)
def _settled_size(directory: str, changed: int) -> int:  # noqa: ARG001 -- one size for each time of change
    return _added_up(directory)


def _added_up(directory: str) -> int:
    total = 0
    with os.scandir(directory) as entries:
        for entry in entries:
            if _FILE.fullmatch(entry.name):
                try:
                    total += entry.stat().st_size
                except FileNotFoundError:
                    continue  # it has moved into a pack
    return total
