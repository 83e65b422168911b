"""Which clients share a recording: those that write the same file at the same time, and all of a program's own file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Final

from attrs import define

from mesa_core.errors import ConfigurationError
from mesa_transports._forks import renew_in_child
from mesa_transports.recorded.options import Options
from mesa_transports.recorded.tape import Mode, Tape, open_tape

__all__ = ["SESSIONS", "Sessions"]


@define
class _Session:
    tape: Tape
    holders: int
    """Transports that use it; and the process, if it is the program's own."""


class Sessions:
    """The recordings that are being made in this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[tuple[Path, Mode], _Session] = {}
        renew_in_child(self)

    def hold(self, options: Options, began: datetime | None) -> Tape:
        """Return the recording that options ask for, to be given back by `release`; of a run that began then, or now.

        All clients of the process use the program's own file together, one after the other too. Of any other file,
        clients share what they write at the same time, and replay each from the beginning.

        Raises:
            ConfigurationError: it cannot be opened, or is being made with other settings.
        """
        path, mode, settings = options.path, options.mode, options.settings
        with self._lock:
            session = self._open.get((path, mode))
            if session is None:
                session = _Session(open_tape(path, mode, settings, began or datetime.now(UTC)), int(options.for_good))
                if not (session.tape.records or options.for_good):
                    return session.tape
                self._open[path, mode] = session
            elif session.tape.settings != settings:
                raise ConfigurationError(
                    f"path: another client uses {path} with other match_on, allow_repeats or redact"
                )
            session.holders += 1
            return session.tape

    def release(self, tape: Tape, mode: Mode) -> None:
        """Save a recording, and forget it when its last holder lets go; raises as `Tape.save` does."""
        with self._lock:
            session = self._open.get((tape.path, mode))
            if session is not None and session.tape is tape:
                session.holders -= 1
                if not session.holders:
                    del self._open[tape.path, mode]
        tape.save()

    def renew(self) -> object:
        """Start anew in a forked child, whose lock another thread of the parent may have held."""
        lock, self._lock = self._lock, Lock()
        return lock


SESSIONS: Final = Sessions()
