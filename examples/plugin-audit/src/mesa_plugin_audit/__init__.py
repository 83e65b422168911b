"""Writes one JSON line for each call of a client that has ended: what was asked for, and what became of it.

Mesa(plugins=["audit"])                 # to the file that MESA_AUDIT_FILE names, otherwise to stderr
Mesa(plugins=[Audit("calls.jsonl")])    # to a file
Mesa(plugins=[Audit(queue.put)])        # to whatever takes a line
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from mesa_core import APIError, Call, Plugin, Request, Response

__all__ = ["Audit", "Stream"]


class Stream(Protocol):
    """What lines can be written to, such as `sys.stderr`."""

    def write(self, text: str, /) -> object:
        """Write text."""
        ...

    def flush(self) -> object:
        """Let go of what was written."""
        ...


class Audit(Plugin):
    """Writes a line when a call ends; threads may share it.

    Args:
        sink: A path, to whose file lines are appended; a stream; or a function that takes a line. A hook must not
            wait, so a function that would should put lines into a queue instead.

    What the sink raises surfaces as a `PluginError`, since a call without its line would be worse.
    """

    def __init__(self, sink: str | os.PathLike[str] | Stream | Callable[[str], object] | None = None) -> None:
        self._write = _writer(os.environ.get("MESA_AUDIT_FILE") or sys.stderr if sink is None else sink)

    def before_request(self, request: Request, call: Call) -> None:
        """Forget the attempt before, whose request id is not this one's."""
        call.state.pop(Audit, None)

    def after_response(self, response: Response, call: Call) -> None:
        """Remember the server's name for this attempt."""
        call.state[Audit] = response.headers.get("X-Request-Id")

    def after_call(self, error: BaseException | None, call: Call) -> None:
        """Write what became of the call."""
        self._write(json.dumps(_record(error, call)))


def _record(error: BaseException | None, call: Call) -> dict[str, object]:
    """Return what is known of a call; names and numbers alone, since texts, headers and URLs may hold secrets."""
    cancelled = isinstance(error, GeneratorExit)
    last = call.attempts[-1] if call.attempts else None
    return {
        "time": datetime.fromtimestamp(call.clock.time(), UTC).isoformat(timespec="milliseconds"),
        "operation": call.operation.name,
        "org": call.operation.path.get("org"),
        "repo": call.operation.path.get("repo"),
        "outcome": "ok" if error is None else "cancelled" if cancelled else "failed",
        "status": last.status_code if last else None,
        "error": None if error is None or cancelled else type(error).__name__,
        "code": error.code if isinstance(error, APIError) else None,
        "attempts": len(call.attempts),
        "elapsed": round(call.elapsed, 6),
        "request_id": call.state.get(Audit),
    }


def _writer(sink: str | os.PathLike[str] | Stream | Callable[[str], object]) -> Callable[[str], object]:
    if isinstance(sink, str | os.PathLike):
        return partial(_append, Path(sink))
    return sink if callable(sink) else partial(_write, sink, threading.Lock())


def _append(path: Path, line: str) -> None:
    with path.open("ab", buffering=0) as file:  # one write of one line, so it stays whole whoever else appends
        file.write(f"{line}\n".encode())


def _write(stream: Stream, lock: threading.Lock, line: str) -> None:
    with lock:
        stream.write(f"{line}\n")
        stream.flush()
