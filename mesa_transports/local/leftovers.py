"""Leftovers: what a Depot that was killed leaves behind, and the next one clears away before it answers.

Only whoever holds the data directory may: to anyone else, a lock may be one that is in use.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mesa_transports.local.snapshots import REPOSITORIES, SNAPSHOTS
from mesa_transports.local.store import Store

__all__ = ["clear"]

_logger: Final = logging.getLogger("mesa.local")
_REPOSITORY: Final = re.compile(r"repo_[0-9a-f]+\.git")
_LEFTOVER: Final = re.compile(
    r".*\.lock"  # of a ref, of packed refs, of HEAD, of the configuration: each would refuse the next writer
    r"|objects/([0-9a-f]{2}/|pack/)?(\.?tmp[_-]|incoming-|[a-z]+_git2_)[^/]*"  # what git and libgit2 have yet to finish
    r"|lfs/incoming/.*"
)
_WHOLE: Final = re.compile(rf"lfs/objects|{_LEFTOVER.pattern}")
"""Directories that need no looking into: large files are many, and never half there; what goes, goes whole."""


def clear(data: Path, store: Store) -> None:
    """Remove locks, files that never became whole, snapshots, and repositories that are half made or half deleted."""
    shutil.rmtree(data / SNAPSHOTS, ignore_errors=True)
    known = {str(row["id"]) for row in store.rows("SELECT id FROM repositories")}
    for directory in (data / REPOSITORIES).iterdir():
        identifier = directory.name.removesuffix(".git")
        if identifier in known:
            known.discard(identifier)
            _clear_repository(directory)
        elif _REPOSITORY.fullmatch(directory.name):
            # A record is made last and deleted first.
            shutil.rmtree(directory, ignore_errors=True)
    for identifier in sorted(known):
        _logger.warning("the repository %s has lost its directory, and is forgotten", identifier)
        store.change("DELETE FROM repositories WHERE id = ?", identifier)


def _clear_repository(directory: Path) -> None:
    for name, entry in _walk(str(directory)):
        if _LEFTOVER.fullmatch(name):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                Path(entry.path).unlink(missing_ok=True)


def _walk(directory: str, within: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(directory) as entries:
        for entry in list(entries):
            name = within + entry.name
            yield name, entry
            if entry.is_dir(follow_symlinks=False) and not _WHOLE.fullmatch(name):
                yield from _walk(entry.path, f"{name}/")
