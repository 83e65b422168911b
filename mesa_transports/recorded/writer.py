"""Puts what is recorded on disk, beside what others recorded there meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias

import attrs

from mesa_core.errors import TransportError
from mesa_core.strict import Mismatch
from mesa_transports._forks import renew_in_child
from mesa_transports.recorded.bodies import INLINE_LIMIT, BinaryBody, Body, FileBody
from mesa_transports.recorded.deferral import inside
from mesa_transports.recorded.files import locked, remove_others, write
from mesa_transports.recorded.format import dump, files_of, load, new_header
from mesa_transports.recorded.interactions import Interaction, Recording
from mesa_transports.recorded.meanwhile import is_gone, places
from mesa_transports.recorded.redaction import Redactor

__all__ = ["Stamp", "Writer", "put", "stamp"]

Stamp: TypeAlias = tuple[int, int, int]

_SHARE: Final = 16
"""The file is written when this share of it is unsaved, so that writing n interactions costs what writing a few files
of n does."""


class Writer:
    """Writes a file, interaction by interaction. Safe to share among threads, and with other processes' writers.

    Args:
        path: The file; it need not exist.
        began: When the run began that records.
        found: What the file held when it was opened.
        stamp: The file's `stamp` before that was read.
        replaces: Whether what it held goes; otherwise it stays.
        redactor: Takes out of all that is written what was not known to be secret when it was recorded.
    """

    def __init__(
        self,
        path: Path,
        began: datetime,
        found: Recording | None,
        stamp: Stamp | None,
        *,
        replaces: bool,
        redactor: Redactor | None = None,
    ) -> None:
        self._path = path
        self._began = began
        self._header = new_header(began) if found is None or replaces else found.header
        self._dropped = found if replaces else None
        self._stamp = stamp
        self._others: tuple[Interaction, ...] = () if found is None or replaces else found.interactions
        self._own: list[Interaction] = []
        self._saved = 0
        self._is_fresh = replaces
        """Whether nothing was written yet in the place of what the file held."""
        self._is_held_back = False
        self._ours: Sequence[Interaction] = ()
        """What is saved, as it stands in the file."""
        self._redactor = redactor or Redactor()
        self._mark = 0
        self._lock = Lock()
        renew_in_child(self)

    @property
    def replaces(self) -> bool:
        """Whether there was something, and it goes."""
        return self._dropped is not None

    def add(self, interaction: Interaction, mark: int = 0) -> None:
        """Take in what was redacted at a mark, and write the file if enough is unsaved; raises as `save` does."""
        with inside(), self._lock:
            self._mark = min(self._mark, mark)
            self._own.append(attrs.evolve(interaction, recorded_at=self._began))
            unsaved = len(self._own) - self._saved
            if self._is_held_back:
                return
            if unsaved * _SHARE > len(self._own) + len(self._others) or _is_large(interaction):
                self._save()

    def save(self, *, finished: bool = False) -> None:
        """Write what is unsaved, or holds what is known to be secret by now.

        Args:
            finished: Whether nothing more will come: if nothing came at all, the file is then empty.

        Raises:
            TransportError: the file cannot be written; what it held before is still there.
            DamagedRecording: another program broke the file meanwhile.
        """
        with inside(), self._lock:
            if not self._is_held_back and self._is_to_be_saved(finished=finished):
                self._save()

    def _is_to_be_saved(self, *, finished: bool) -> bool:
        if self._is_fresh and not self._own:
            return finished
        return self._saved < len(self._own) or self._mark < self._redactor.mark

    def hold_back(self) -> None:
        """Leave the file as it is until `settle`."""
        with inside(), self._lock:
            self._is_held_back = True

    def settle(self, *, keep: bool) -> None:
        """Write what was held back, and no more will come, or forget it; raises as `save` does."""
        with inside(), self._lock:
            self._is_held_back = False
            if not keep:
                del self._own[self._saved :]
        self.save(finished=keep)

    def _save(self) -> None:
        try:
            with locked(self._path):
                self._look_again()
                self._put()
        except OSError as error:
            raise TransportError(
                f"the recording {self._path} cannot be written: {error.strerror}", sent=True
            ) from error

    def _put(self) -> None:
        lost = self._leave_out_what_is_gone()
        mark, held = self._redactor.mark, (*self._others, *self._own)
        clean = self._redactor.again(held, self._mark)
        if self._is_fresh or self._saved < len(self._own) or lost or clean != held:
            recording = self._put_down(clean)
            self._others = recording.interactions[: len(self._others)]
            self._own = list(recording.interactions[len(self._others) :])
            self._ours = tuple(self._own)
            self._stamp = stamp(self._path)
            self._is_fresh = False
        self._mark = mark
        if lost:
            raise TransportError(
                f"the recording {self._path} has lost what was recorded with {lost[0]}"
                + (f" and {len(lost) - 1} more" if len(lost) > 1 else "")
                + ": another program has removed the large body's file; record it again",
                sent=True,
            )

    def _leave_out_what_is_gone(self) -> Sequence[Interaction]:
        """Forget, and return, what was saved with a large body that somebody removed: no file may name it again."""
        lost = [each for each in self._own if is_gone(each)]
        if lost:
            saved = [each for each in self._own[: self._saved] if not is_gone(each)]
            self._own = [*saved, *(each for each in self._own[self._saved :] if not is_gone(each))]
            self._saved, self._ours = len(saved), tuple(saved)
        return lost

    def _put_down(self, held: Sequence[Interaction]) -> Recording:
        before = self._saved, self._ours
        # Before the file is there: a signal may come right after it.
        self._saved, self._ours = len(self._own), held[len(self._others) :]
        try:
            return put(self._path, Recording(header=self._header, interactions=tuple(held)))
        except BaseException:
            if stamp(self._path) == self._stamp:  # it is not there
                self._saved, self._ours = before
            raise

    def _look_again(self) -> None:
        """Find what other processes put into the file since it was last read."""
        seen = stamp(self._path)
        if seen == self._stamp:
            return
        try:
            current = load(self._path)
        except FileNotFoundError:
            self._others, self._saved, self._ours, self._stamp = (), 0, (), None
            return
        self._mark = 0
        there = _dated(current)
        dropped = _dated(self._dropped) if self._dropped is not None else ()
        found = list(places((*self._ours, *dropped), there, _as_in_a_file))
        for number, place in enumerate(found[: len(self._ours)]):
            if place is not None:
                self._own[number] = there[place]  # which another may have cleaned
        taken = set(found)
        self._others = tuple(each for place, each in enumerate(there) if place not in taken)
        self._stamp = seen

    def renew(self) -> object:
        """Start anew in a forked child: what is unsaved is its parent's to save."""
        lock, self._lock = self._lock, Lock()
        del self._own[self._saved :]
        self._is_fresh = self._is_held_back = False
        return lock


def put(path: Path, recording: Recording) -> Recording:
    """Write a recording, its large binary bodies into files of their own; return it as it stands there then.

    To be called under `locked`.

    Raises:
        OSError: it cannot be written; what the file held before is still there.
    """
    kept = attrs.evolve(recording, interactions=tuple(_apart(each, path, _in_file) for each in recording.interactions))
    write(path, dump(kept))
    remove_others(files_of(path), _files(kept.interactions))
    return kept


def _apart(interaction: Interaction, path: Path, move: Callable[[BinaryBody, Path], FileBody]) -> Interaction:
    if not _is_large(interaction):
        return interaction

    def moved(body: Body | None) -> Body | None:
        return move(body, path) if isinstance(body, BinaryBody) and len(body.data) > INLINE_LIMIT else body

    request = attrs.evolve(interaction.request, body=moved(interaction.request.body))
    response = attrs.evolve(interaction.response, body=moved(interaction.response.body))
    return attrs.evolve(interaction, request=request, response=response)


def _beside(body: BinaryBody, path: Path) -> FileBody:
    return FileBody(files_of(path) / f"{hashlib.sha256(body.data).hexdigest()}.bin", len(body.data))


def _in_file(body: BinaryBody, path: Path) -> FileBody:
    beside = _beside(body, path)
    try:
        beside.check()
    except Mismatch:  # there is none yet, or a damaged one
        write(beside.path, body.data)
    return beside


def _is_large(interaction: Interaction) -> bool:
    bodies = interaction.request.body, interaction.response.body
    return any(isinstance(body, BinaryBody) and len(body.data) > INLINE_LIMIT for body in bodies)


def _files(interactions: Iterable[Interaction]) -> set[str]:
    bodies = (body for each in interactions for body in (each.request.body, each.response.body))
    return {body.path.name for body in bodies if isinstance(body, FileBody)}


def _as_in_a_file(interaction: Interaction) -> Interaction:
    return _apart(interaction, Path("x.json"), _beside)  # where the bare name of a body's file stands


def _dated(recording: Recording) -> tuple[Interaction, ...]:
    at = recording.header.recorded_at
    return tuple(attrs.evolve(each, recorded_at=each.recorded_at or at) for each in recording.interactions)


def stamp(path: Path) -> Stamp | None:
    """Return what changes with every write of a file; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
