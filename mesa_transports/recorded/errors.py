"""What goes wrong with recordings: none that matches, and a file that is not one."""

from __future__ import annotations

from mesa_core.errors import ConfigurationError, MesaError, TransportError

__all__ = ["DamagedRecording", "NoRecording", "in_a_call"]


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


class DamagedMeanwhile(DamagedRecording, TransportError):
    """A recording that was whole when it was opened, and is damaged in the middle of a call."""

    def __init__(self, found: DamagedRecording, *, sent: bool) -> None:
        MesaError.__init__(self, found.message)
        self.path = found.path
        self.place = found.place
        self.sent = sent


def in_a_call(error: ConfigurationError, *, sent: bool) -> TransportError:
    """Return what a transport may raise of an error; `sent` says whether the server may have acted."""
    if isinstance(error, DamagedRecording):
        return DamagedMeanwhile(error, sent=sent)
    return TransportError(error.message, sent=sent)
