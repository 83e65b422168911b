"""Records what a program asks and is answered, and replays it: offline, in either world, under any client.

Importing this package loads nothing of the SDK: the pytest plugin is a part of it, and is imported by every
pytest run on a machine that has the SDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mesa_transports.recorded.errors import DamagedRecording, NoRecording
    from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse
    from mesa_transports.recorded.transport import AsyncRecordedTransport, RecordedTransport

__all__ = [
    "AsyncRecordedTransport",
    "DamagedRecording",
    "Interaction",
    "NoRecording",
    "RecordedRequest",
    "RecordedResponse",
    "RecordedTransport",
]

_ROOMS: Final = {
    "AsyncRecordedTransport": "transport",
    "DamagedRecording": "errors",
    "Interaction": "interactions",
    "NoRecording": "errors",
    "RecordedRequest": "interactions",
    "RecordedResponse": "interactions",
    "RecordedTransport": "transport",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
