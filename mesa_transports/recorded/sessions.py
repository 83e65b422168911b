"""Which clients share a recording: those that write the same file at the same time, and all of a program's own file."""

from __future__ import annotations

import atexit
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Final, Protocol

from attrs import define

from mesa_core.errors import ConfigurationError
from mesa_transports._forks import renew_in_child
from mesa_transports.recorded.deferral import catch_up, inside, put_off
from mesa_transports.recorded.files import resolved
from mesa_transports.recorded.options import Options
from mesa_transports.recorded.tape import Mode, Tape, open_tape

__all__ = ["SESSIONS", "Sessions"]


@define
class _Session:
    tape: Tape
    for_good: bool
    """Whether the process holds it, too: it is the program's own."""
    holders: int = 0
    """Transports that use it."""
    finished: bool = False
    """Whether one of them was closed in good order."""


class _Finalizer(Protocol):
    """What multiprocessing calls when one of its processes ends."""

    def still_active(self) -> bool:
        """Tell whether it is yet to be called."""
        ...


class Sessions:
    """The recordings that are being made in this process."""

    def __init__(self) -> None:
        self._lock = RLock()  # a signal handler may open a client while its thread opens another
        self._open: dict[tuple[Path, Mode], _Session] = {}
        self._watched: _Finalizer | None = None
        renew_in_child(self)

    def hold(self, options: Options, began: datetime | None) -> Tape:
        """Return the recording that options ask for, to be given back by `release`; of a run that began then, or now.

        All clients of the process use the program's own file together, one after the other too. Of any other file,
        clients share what they write at the same time, and replay each from the beginning.

        Raises:
            ConfigurationError: it cannot be opened, or is being made with other settings.
        """
        self.watch()
        catch_up()  # of what clients left that nobody closed, this one may ask
        tape = self._shared(options, None)
        if tape is None:  # read without the lock, for it may take long
            tape = open_tape(options.path, options.mode, options.settings, began or datetime.now(UTC))
            if tape.records or options.for_good:
                tape = self._shared(options, tape) or tape
        return tape

    def _shared(self, options: Options, made: Tape | None) -> Tape | None:
        """Return the recording that is open already, or begin to share the one that was made; count a holder."""
        key = resolved(options.path), options.mode
        with inside(), self._lock:
            session = self._open.get(key)
            if session is None:
                if made is None:
                    return None
                session = self._open[key] = _Session(made, options.for_good)
            elif session.tape.settings != options.settings:
                what = " and ".join(options.settings.differences(session.tape.settings))
                raise ConfigurationError(f"path: another client uses {options.path} with another {what}")
            session.holders += 1
            return session.tape

    def release(self, tape: Tape, mode: Mode, *, finished: bool = False) -> None:
        """Save a recording, and forget it when its last holder lets go; raises as `Tape.save` does.

        Args:
            tape: The recording.
            mode: The mode in which it was opened.
            finished: Whether its holder did all that it was to do.
        """
        finished = self._let_go(tape, mode, finished=finished)
        try:
            tape.save(finished=finished)
        except (KeyboardInterrupt, SystemExit):  # of a signal
            put_off(tape.save)
            raise

    def _let_go(self, tape: Tape, mode: Mode, *, finished: bool) -> bool:
        """Count a holder less; forget the recording after the last one, and tell whether it is finished."""
        with inside(), self._lock:
            session = self._open.get((tape.file, mode))
            if session is None or session.tape is not tape:
                return False
            session.holders -= 1
            session.finished = session.finished or finished
            if session.holders or session.for_good:
                return False
            del self._open[tape.file, mode]
            return session.finished

    def save(self) -> None:
        """Save all, when the process ends; errors are shown."""
        for session in list(self._open.values()):
            put_off(partial(session.tape.save, finished=session.finished and session.for_good))
        catch_up()

    def watch(self) -> None:
        """Have all saved when a worker process of multiprocessing ends, too: it ends without what `atexit` knows."""
        util = sys.modules.get("multiprocessing.util")
        if util is not None and not (self._watched and self._watched.still_active()):  # a worker forgets its parent's
            self._watched = util.Finalize(None, self.save, exitpriority=100)

    def renew(self) -> object:
        """Start anew in a forked child, whose lock another thread of the parent may have held."""
        lock, self._lock = self._lock, RLock()
        self._watched = None
        return lock


SESSIONS: Final = Sessions()
atexit.register(SESSIONS.save)
