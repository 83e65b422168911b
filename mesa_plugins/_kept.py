"""Where a cache keeps answers: in memory or on disk, within a bound, used longest ago out first."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Final, cast
from weakref import WeakSet

from attrs import frozen

from mesa_core import ConfigurationError

__all__ = ["Kept", "KeptInMemory", "KeptOnDisk", "Place", "Store"]

_LOGGER: Final = logging.getLogger("mesa.cache")


@frozen
class Place:
    """Where an answer belongs: two digests, of its repository and of all that was asked."""

    repository: str
    answer: str


@frozen
class Kept:
    """An answer."""

    headers: tuple[tuple[str, str], ...]
    content: bytes

    def dump(self) -> bytes:
        """Return it as a file: a digest of the rest, the headers as JSON, the content."""
        rest = json.dumps(self.headers).encode() + b"\n" + self.content
        return hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest

    @classmethod
    def load(cls, file: bytes) -> Kept | None:
        """Return what a file holds; None when it is not what was written."""
        digest, _, rest = file.partition(b"\n")
        if hashlib.sha256(rest).hexdigest().encode() != digest:
            return None
        headers, _, content = rest.partition(b"\n")
        try:
            return cls(tuple((name, value) for name, value in json.loads(headers)), content)
        except ValueError:
            return None


class Store(ABC):
    """Keeps answers, for threads and tasks at once."""

    @abstractmethod
    def get(self, place: Place) -> Kept | None:
        """Return what is kept at a place."""

    @abstractmethod
    def put(self, place: Place, kept: Kept) -> None:
        """Keep an answer, unless it alone is over the bound."""

    @abstractmethod
    def drop(self, place: Place) -> None:
        """Forget what is kept at a place."""

    @abstractmethod
    def drop_repository(self, repository: str) -> None:
        """Forget all that is kept of a repository."""

    @abstractmethod
    def clear(self) -> None:
        """Forget everything."""

    @property
    @abstractmethod
    def size_bytes(self) -> int:
        """How much is kept."""


_ENTRY: Final = 500
"""Bytes that an entry takes in memory beside what it holds, roughly."""


class KeptInMemory(Store):
    """Keeps answers in memory. A forked child begins with none, since a thread of its parent may have been at it."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.begin()
        _IN_MEMORY.add(self)

    def begin(self) -> None:
        """Begin with none, and with a lock that nobody holds."""
        self._lock = Lock()
        self._answers = OrderedDict[Place, Kept]()
        self._size = 0

    def get(self, place: Place) -> Kept | None:
        """Return what is kept at a place."""
        with self._lock:
            kept = self._answers.get(place)
            if kept is not None:
                self._answers.move_to_end(place)
            return kept

    def put(self, place: Place, kept: Kept) -> None:
        """Keep an answer, unless it alone is over the bound."""
        if _size(kept) > self._max_bytes:
            return
        with self._lock:
            self._remove(place)
            self._answers[place] = kept
            self._size += _size(kept)
            while self._size > self._max_bytes:
                self._remove(next(iter(self._answers)))

    def drop(self, place: Place) -> None:
        """Forget what is kept at a place."""
        with self._lock:
            self._remove(place)

    def drop_repository(self, repository: str) -> None:
        """Forget all that is kept of a repository."""
        with self._lock:
            for place in [place for place in self._answers if place.repository == repository]:
                self._remove(place)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._answers.clear()
            self._size = 0

    @property
    def size_bytes(self) -> int:
        """How much is kept."""
        return self._size

    def _remove(self, place: Place) -> None:
        kept = self._answers.pop(place, None)
        if kept is not None:
            self._size -= _size(kept)


def _size(kept: Kept) -> int:
    return _ENTRY + sum(len(name) + len(value) for name, value in kept.headers) + len(kept.content)


_IN_MEMORY: Final = WeakSet[KeptInMemory]()


def _after_fork() -> None:
    for store in _IN_MEMORY:
        store.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


_FOLDER: Final = "[0-9a-f]" * 64
_FILE: Final = f"{_FOLDER}.answer"
_ANY: Final = (f"{_FOLDER}/{_FILE}", f"{_FOLDER}/*.answer.tmp")  # the latter of a process that was killed
_FULL: Final = 0.9
"""How much of the bound is left in use, when room is made."""
_UNSEEN: Final = 0.1
"""How much of the bound a process writes before it looks again what others wrote."""


class KeptOnDisk(Store):
    """Keeps answers as files, a folder for each repository, for all processes that use the same folder.

    Files are put in place whole, and read with their digest, so no lock is needed: a file that was damaged, or removed
    by another process, is an answer that is not kept. Each process may exceed the bound by a tenth, until it looks
    again. What cannot be written is logged, once, and harms no call.
    """

    def __init__(self, max_bytes: int, path: str | os.PathLike[str]) -> None:
        if not isinstance(cast("object", path), str | os.PathLike) or not os.fspath(path):
            raise ConfigurationError(f"path: expected the path of a folder, got {path!r}")
        self._max_bytes = max_bytes
        self._folder = Path(path).absolute()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"path: {path} cannot be made a folder: {error.strerror}") from error
        self._unseen = max_bytes  # nothing was looked at yet
        self._warned = False

    def get(self, place: Place) -> Kept | None:
        """Return what is kept at a place."""
        path = self._path(place)
        try:
            file = path.read_bytes()
        except OSError:
            return None
        kept = Kept.load(file)
        with contextlib.suppress(OSError):
            if kept is None:
                path.unlink()
            else:
                os.utime(path)  # so that it counts as used
        return kept

    def put(self, place: Place, kept: Kept) -> None:
        """Keep an answer, unless it alone is over the bound."""
        file = kept.dump()
        if len(file) > self._max_bytes:
            return
        try:
            _write(self._path(place), file)
        except OSError as error:
            if not self._warned:
                _LOGGER.warning("answers cannot be kept in %s: %s", self._folder, error.strerror)
            self._warned = True
            return
        self._unseen += len(file)
        if self._unseen > self._max_bytes * _UNSEEN:
            self._unseen = 0
            self._make_room()

    def drop(self, place: Place) -> None:
        """Forget what is kept at a place."""
        with contextlib.suppress(OSError):
            self._path(place).unlink()

    def drop_repository(self, repository: str) -> None:
        """Forget all that is kept of a repository."""
        shutil.rmtree(self._folder / repository, ignore_errors=True)

    def clear(self) -> None:
        """Forget everything; what is no file of a cache stays."""
        for path, _ in self._files():
            with contextlib.suppress(OSError):
                path.unlink()

    @property
    def size_bytes(self) -> int:
        """How much is kept."""
        return sum(status.st_size for _, status in self._files())

    def _path(self, place: Place) -> Path:
        return self._folder / place.repository / f"{place.answer}.answer"

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for pattern in _ANY:
            for path in self._folder.glob(pattern):
                with contextlib.suppress(OSError):  # another process was faster
                    yield path, path.stat()

    def _make_room(self) -> None:
        files = sorted(self._files(), key=lambda each: each[1].st_mtime_ns)
        size = sum(status.st_size for _, status in files)
        if size <= self._max_bytes:
            return
        for path, status in files:
            if size <= self._max_bytes * _FULL:
                return
            with contextlib.suppress(OSError):
                path.unlink()
                path.parent.rmdir()  # the repository's, if that was the last of it
            size -= status.st_size


def _write(path: Path, file: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(suffix=".answer.tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(file)
        os.replace(temporary, path)  # noqa: PTH105 - a text, as `mkstemp` gives it
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108 - likewise
        raise
