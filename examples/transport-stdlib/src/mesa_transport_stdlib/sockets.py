"""Sockets that wait no longer than the attempt they serve.

A socket's timeout bounds each single read, so a server that sends a byte now and then is never cut off.
Here each wait gets what is left of the whole attempt.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

__all__ = ["BoundedSocket", "BoundedTLSSocket", "Deadline", "dial"]


class Deadline:
    """When the current attempt of a connection ends; never, until it is set."""

    _end: float | None = None

    def set(self, seconds: float | None) -> None:
        """Let the attempt end in so many seconds, or never."""
        self._end = None if seconds is None else time.monotonic() + seconds

    def left(self, share: int = 1) -> float | None:
        """Return the seconds that are left, or a share of them; None for no bound. Raises `TimeoutError` at the end."""
        if self._end is None:
            return None
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the attempt's time is over")
        return seconds / share


class BoundedSocket(socket.socket):
    """A plain socket; `http.client` receives by `recv_into` and sends by `sendall`. `Any`: signatures differ by TLS."""

    deadline = Deadline()

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        """Receive what there is."""
        self.settimeout(self.deadline.left())
        return super().recv_into(*arguments, **options)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all of `data`; with TLS, the standard library's own would give each record the whole time."""
        view = memoryview(data).cast("B")
        while view:
            self.settimeout(self.deadline.left())
            view = view[self.send(view, flags) :]


class BoundedTLSSocket(BoundedSocket, ssl.SSLSocket):
    """A socket with TLS; `SSLContext.sslsocket_class` has it made."""


def dial(host: str, port: int, deadline: Deadline) -> BoundedSocket:
    """Connect to the first address of a host that answers, giving each a fair share of the time."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for others, (*_, address) in zip(reversed(range(len(found))), found, strict=True):
        try:
            made = socket.create_connection((str(address[0]), port), deadline.left(share=others + 1))
        except OSError:
            if not others:
                raise
        else:
            return BoundedSocket(fileno=made.detach())
    raise OSError(f"{host} has no address")
