"""What goes wrong with recordings: none that matches, and a file that is not one."""

from __future__ import annotations

from mesa_core.errors import ConfigurationError, TransportError

__all__ = ["DamagedRecording", "NoRecording"]


class NoRecording(TransportError):
    """A request that no recording answers; nothing was sent.

    The message shows the request, the nearest recording, what differs, and how to record anew.
    """

    def __init__(self, message: str, *, path: str, differences: tuple[str, ...] = ()) -> None:
        super().__init__(message, sent=False)
        self.path = path
        """The file that was searched."""
        self.differences = differences
        """What distinguishes the nearest recording from the request, a field each; empty where there is none near."""


class DamagedRecording(ConfigurationError):
    """A file that is no whole recording of a known format.

    `place` says where in it: a path such as `interactions[3].response.status`.
    """

    def __init__(self, message: str, *, path: str, place: str) -> None:
        super().__init__(message)
        self.path = path
        self.place = place
