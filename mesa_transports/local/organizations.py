"""Organizations: they come into being when someone who may reach every one of them names one."""

from __future__ import annotations

from mesa_transports.local.clock import Clock, instant
from mesa_transports.local.store import Store

__all__ = ["Organizations"]


class Organizations:
    """The organizations of a Depot."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def ensure(self, name: str) -> None:
        """Make the organization if there is none of this name."""
        # Most are there already, and reading holds up no other writer.
        if self._store.row("SELECT 1 FROM organizations WHERE name = ?", name) is None:
            self._store.change("INSERT OR IGNORE INTO organizations VALUES (?, ?)", name, instant(self._clock()))

    def created_at(self, name: str) -> str:
        """Return when the organization was made."""
        (row,) = self._store.rows("SELECT created_at FROM organizations WHERE name = ?", name)
        return str(row["created_at"])
