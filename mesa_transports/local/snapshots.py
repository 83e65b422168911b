"""Snapshots: what a Depot held at one moment, put aside to go back to.

Going back changes only what differs. Objects of git and large files never change, so they are linked, which takes
neither time nor room; the few other files of a repository are small, and kept in memory as the database is.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import field, frozen

from mesa_core.errors import ConfigurationError
from mesa_transports.local.store import Store

__all__ = ["REPOSITORIES", "SNAPSHOTS", "Snapshot", "put_back", "take"]

SNAPSHOTS: Final = "snapshots"
"""Where links are kept, in the data directory: they reach no other file system."""
REPOSITORIES: Final = "repositories"
"""Where the repositories are."""
_IMMUTABLE: Final = re.compile(
    r"[^/]+/(objects/([0-9a-f]{2}/[0-9a-f]{38}|pack/pack-[^/]+)|lfs/objects/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64})"
)
"""Files that are only ever made whole, under a name that says what is in them, and removed; by git as by us."""


@frozen(eq=False)
class Snapshot:
    """What a Depot held; opaque, and of use to that Depot only, until that is closed."""

    database: sqlite3.Connection = field(repr=False)
    links: Path = field(repr=False)
    directories: set[str] = field(factory=set[str], repr=False)
    immutable: dict[str, Path] = field(factory=dict[str, Path], repr=False)
    contents: dict[str, bytes] = field(factory=dict[str, bytes], repr=False)


def take(store: Store, data: Path) -> Snapshot:
    """Put aside what a data directory holds; nobody may write meanwhile.

    Raises:
        OSError: there is no room for it.
    """
    (data / SNAPSHOTS).mkdir(exist_ok=True)
    snapshot = Snapshot(store.copy(), Path(tempfile.mkdtemp(dir=data / SNAPSHOTS)))
    weakref.finalize(snapshot, snapshot.database.close)
    weakref.finalize(snapshot, _remove, snapshot.links, os.getpid())
    for name, entry in _walk(f"{data}/{REPOSITORIES}"):
        if entry.is_dir(follow_symlinks=False):
            snapshot.directories.add(name)
        elif _IMMUTABLE.fullmatch(name):
            snapshot.immutable[name] = snapshot.links / str(len(snapshot.immutable))
            _link(Path(entry.path), snapshot.immutable[name])
        else:
            snapshot.contents[name] = Path(entry.path).read_bytes()
    return snapshot


def put_back(snapshot: Snapshot, store: Store, data: Path) -> None:
    """Go back to what was put aside; nobody may read or write meanwhile.

    Raises:
        ConfigurationError: it is another Depot's.
        OSError: there is no room for it; what is there then is neither the one nor the other.
    """
    if snapshot.links.parent.parent != data:
        raise ConfigurationError("snapshot: expected one of this Depot, got another Depot's")
    root = data / REPOSITORIES
    there = _without_others(snapshot, str(root))
    for name in sorted(snapshot.directories - there):
        (root / name).mkdir()
    for name in snapshot.immutable.keys() - there:
        _link(snapshot.immutable[name], root / name)
    for name in snapshot.contents.keys() - there:
        (root / name).write_bytes(snapshot.contents[name])
    store.restore(snapshot.database)


def _without_others(snapshot: Snapshot, root: str) -> set[str]:
    """Remove what differs from the snapshot, and return what is left."""
    left: set[str] = set()
    for name, entry in _walk(root, snapshot.directories):
        if entry.is_dir(follow_symlinks=False):
            if name in snapshot.directories:
                left.add(name)
            else:
                shutil.rmtree(entry.path)
        elif name in snapshot.immutable or _has(Path(entry.path), snapshot.contents.get(name)):
            left.add(name)
        else:
            Path(entry.path).unlink()
    return left


def _walk(directory: str, into: set[str] | None = None, within: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what is in a directory by its path there, and then what is below, where that is to be gone `into`."""
    with os.scandir(directory) as entries:
        for entry in list(entries):
            name = within + entry.name
            yield name, entry
            if entry.is_dir(follow_symlinks=False) and (into is None or name in into):
                yield from _walk(entry.path, into, f"{name}/")


def _has(file: Path, content: bytes | None) -> bool:
    return content is not None and file.stat().st_size == len(content) and file.read_bytes() == content


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # a file system without links, or with no more of them for this file
        shutil.copy2(source, target)


def _remove(directory: Path, owner: int) -> None:
    # A forked child inherits this duty, but not the directory.
    if os.getpid() == owner:
        shutil.rmtree(directory, ignore_errors=True)
