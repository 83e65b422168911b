"""The gate: requests pass side by side, and what needs the Depot to itself waits for them and holds up the next."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from threading import Condition

__all__ = ["Closed", "Gate"]


class Closed(Exception):
    """The Depot was closed."""


class Gate:
    """Counts who is inside; safe to share among threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside = 0
        self._taken = False
        self._closed = False

    @contextmanager
    def shared(self) -> Generator[None]:
        """Go in beside others.

        Raises:
            Closed: nobody may go in any more.
        """
        with self._changed:
            self._wait_for_turn()
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Generator[None]:
        """Wait until everyone is out, and keep others out; raises as `shared` does."""
        with self._changed:
            self._wait_for_turn()
            self._taken = True
            self._changed.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more, and wait until everyone is out; a second call does nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._inside == 0 and not self._taken)

    def _wait_for_turn(self) -> None:
        self._changed.wait_for(lambda: self._closed or not self._taken)
        if self._closed:
            raise Closed
