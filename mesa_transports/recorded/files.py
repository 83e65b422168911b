"""How files are written: whole or not at all, and by one process at a time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock

from mesa_transports.recorded.deferral import inside

__all__ = ["locked", "remove_others", "write"]

_OURS: Final = re.compile(r"[0-9a-f]{64}\.bin|\.[0-9a-f]{64}\.bin\.tmp")


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
    one_file = os.path.realpath(path)  # however it is spelt
    with inside(), FileLock(directory / f"{hashlib.sha256(os.fsencode(one_file)).hexdigest()[:32]}.lock"):
        yield


def remove_others(directory: Path, names: Iterable[str]) -> None:
    """Remove the bodies in a directory that have none of the names, and the directory when nothing is left.

    What cannot be removed stays, and so does what is no body of ours.
    """
    wanted = set(names)
    with contextlib.suppress(OSError):
        for each in [each for each in directory.iterdir() if _OURS.fullmatch(each.name)]:
            if each.name not in wanted:
                with contextlib.suppress(OSError):
                    each.unlink()
        if not wanted:
            directory.rmdir()
