"""How files are written: whole or not at all, and by one process at a time."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock

from mesa_transports.recorded.deferral import inside

__all__ = ["check_writable", "locked", "remove_others", "resolved", "write"]

_COMMON: Final = Path("/tmp")  # noqa: S108 - holds locks, which processes find whatever TMPDIR says of each
_OURS: Final = re.compile(r"[0-9a-f]{64}\.bin|\.[0-9a-f]{64}\.bin\.tmp")


def resolved(path: Path) -> Path:
    """Return the one name of a file that may be spelt in several ways, such as by a symbolic link."""
    return Path(os.path.realpath(path))


def check_writable(file: Path, directory: Path) -> None:
    """Find out, and leave nothing behind, whether a file could be written, and others in a directory beside it.

    Raises:
        OSError: it could not; `filename` is what is in the way.
    """
    if file.exists():
        _check_access(file, os.W_OK)
    for place in (file.parent, directory):
        there = next(each for each in (place, *place.parents) if os.path.lexists(each))
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
        _check_access(there, os.W_OK | os.X_OK)


def _check_access(path: Path, access: int) -> None:
    if not os.access(path, access, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def write(path: Path, content: bytes) -> None:
    """Put a file in place, whole: whoever reads it, and whatever breaks, finds the old one or the new one.

    It keeps the permissions of the old one; and a symbolic link, which leads to the new one then. To be called under
    `locked`.

    Raises:
        OSError: it cannot be written; the old one is as it was.
    """
    path = resolved(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)  # of a process that was killed
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):  # a new one has those that the umask leaves
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
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
    name = f"{hashlib.sha256(os.fsencode(resolved(path))).hexdigest()[:32]}.lock"
    with inside(), FileLock(_locks() / name):
        yield


def _locks() -> Path:
    """Return the directory of this user's locks: the same for all processes, whatever their environment says."""
    if not hasattr(os, "getuid"):  # on Windows, where each user has temporary files of his own
        return _made(Path(tempfile.gettempdir(), "mesa-sdk-locks"))
    name = f"mesa-sdk-locks-{os.getuid()}"
    try:
        return _made(_COMMON / name)
    except OSError:  # in a sandbox without it
        return _made(Path(tempfile.gettempdir(), name))


def _made(directory: Path) -> Path:
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


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
