"""Which clients share a recording: those that write the same file at the same time, and all of a program's own file."""

from __future__ import annotations

import atexit
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Final

from attrs import define

from mesa_core.errors import ConfigurationError
from mesa_transports._forks import renew_in_child
from mesa_transports.recorded.deferral import catch_up, inside, put_off
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


class Sessions:
    """The recordings that are being made in this process."""

    def __init__(self) -> None:
        self._lock = RLock()  # a signal handler may open a client while its thread opens another
        self._open: dict[tuple[Path, Mode], _Session] = {}
        renew_in_child(self)

    def hold(self, options: Options, began: datetime | None) -> Tape:
        """Return the recording that options ask for, to be given back by `release`; of a run that began then, or now.

        All clients of the process use the program's own file together, one after the other too. Of any other file,
        clients share what they write at the same time, and replay each from the beginning.

        Raises:
            ConfigurationError: it cannot be opened, or is being made with other settings.
        """
        catch_up()  # of what clients left that nobody closed, this one may ask
        tape = self._shared(options, None)
        if tape is None:  # read without the lock, for it may take long
            tape = open_tape(options.path, options.mode, options.settings, began or datetime.now(UTC))
            if tape.records or options.for_good:
                tape = self._shared(options, tape) or tape
        return tape

    def _shared(self, options: Options, made: Tape | None) -> Tape | None:
        """Return the recording that is open already, or begin to share the one that was made; count a holder."""
        key = options.path, options.mode
        with inside(), self._lock:
            session = self._open.get(key)
            if session is None:
                if made is None:
                    return None
                session = self._open[key] = _Session(made, options.for_good)
            elif session.tape.settings != options.settings:
                raise ConfigurationError(
                    f"path: another client uses {options.path} with other match_on, allow_repeats or redact"
                )
            session.holders += 1
            return session.tape

    def release(self, tape: Tape, mode: Mode) -> None:
        """Save a recording, and forget it when its last holder lets go; raises as `Tape.save` does."""
        self._let_go(tape, mode)
        try:
            tape.save()
        except (KeyboardInterrupt, SystemExit):  # of a signal
            put_off(tape.save)
            raise

    def _let_go(self, tape: Tape, mode: Mode) -> None:
        """Count a holder less, and forget the recording after the last one."""
        with inside(), self._lock:
            session = self._open.get((tape.path, mode))
            if session is None or session.tape is not tape:
                return
            session.holders -= 1
            if not (session.holders or session.for_good):
                del self._open[tape.path, mode]

    def save(self) -> None:
        """Save all, when the process ends; errors are shown."""
        for session in list(self._open.values()):
            put_off(session.tape.save)
        catch_up()

    def renew(self) -> object:
        """Start anew in a forked child, whose lock another thread of the parent may have held."""
        lock, self._lock = self._lock, RLock()
        return lock


SESSIONS: Final = Sessions()
atexit.register(SESSIONS.save)
