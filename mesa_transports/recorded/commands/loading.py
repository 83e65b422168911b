"""Loads the recordings that a command names, and tells what else a file is that is none."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from mesa_transports.recorded.errors import DamagedRecording
from mesa_transports.recorded.foreign.sources import kind_of
from mesa_transports.recorded.format import load
from mesa_transports.recorded.interactions import Recording

__all__ = ["load_ours"]

_NO_RECORDING: Final = ("$", "header.format_version")


def load_ours(path: Path) -> Recording:
    """Read a recording; of another tool's file, say how to make one of it.

    Raises:
        FileNotFoundError: there is none.
        DamagedRecording: it is no whole recording of a known format; the message says where, or what it is instead.
    """
    try:
        return load(path)
    except DamagedRecording as error:
        kind = kind_of(path) if error.place in _NO_RECORDING else None
        if kind is None:
            raise
        dest = path.with_suffix(".json") if path.suffix != ".json" else path.with_name(f"{path.stem}-recording.json")
        command = f"python -m mesa_transports.recorded convert {shlex.quote(str(path))} {shlex.quote(str(dest))}"
        message = f"{path}: this is {kind}; convert it first: {command}"
        raise DamagedRecording(message, path=str(path), place=error.place) from error
