"""How files are written: whole or not at all, and by one process at a time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

__all__ = ["locked", "remove_others", "write"]


def write(path: Path, content: bytes) -> None:
    """Put a file in place, whole: whoever reads it, and whatever breaks, finds the old one or the new one.

    To be called under `locked`.

    Raises:
        OSError: it cannot be written; the old one is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)  # of a process that was killed
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(directory: Path) -> None:
    """Make a rename last through a power cut, where the system can (Windows cannot open directories)."""
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Keep this user's other processes and threads from writing a file meanwhile.

    The lock is kept with the system's temporary files: a lock beside the recording would end up in its repository.
    """
    owner = os.getuid() if hasattr(os, "getuid") else "me"  # Windows has temporary files by user
    directory = Path(tempfile.gettempdir(), f"mesa-sdk-locks-{owner}")
    directory.mkdir(mode=0o700, exist_ok=True)
    with FileLock(directory / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.lock"):
        yield


def remove_others(directory: Path, names: Iterable[str]) -> None:
    """Remove the files of a directory that have none of the names, and the directory when nothing is left."""
    wanted = set(names)
    with contextlib.suppress(FileNotFoundError):
        for each in directory.iterdir():
            if each.name not in wanted:
                each.unlink(missing_ok=True)
        if not wanted:
            directory.rmdir()
