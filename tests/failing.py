"""Requests that fail, and in time: what tests of transports share."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from mesa_core.errors import RequestTimeout, TransportError
from mesa_core.http import Request
from mesa_core.transport import Transport

__all__ = ["TIMEOUT", "Make", "failure", "late", "unused"]

Make = Callable[..., Transport]
_E = TypeVar("_E", bound=TransportError)
TIMEOUT = 0.25  # seconds
_LATEST = 1.2 * TIMEOUT + 0.6


def unused() -> str:
    """Return an address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def failure(transport: Transport, request: Request, kind: type[_E]) -> _E:
    """Send a request that fails, and return its error."""
    with pytest.raises(kind) as caught:
        transport.send(request)
    return caught.value


def late(transport: Transport, request: Request, kind: type[TransportError]) -> None:
    """Send a request that fails when its time is over, and no later."""
    began = time.monotonic()
    error = failure(transport, request, kind)
    assert time.monotonic() - began < _LATEST
    assert error.sent is (kind is RequestTimeout)
