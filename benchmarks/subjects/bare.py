"""A client that is next to none: bytes to a socket and back, to see what the server can do."""

from __future__ import annotations

import re
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from subjects.common import Calls

_BATCH = 50


def _connected(url: str) -> socket.socket:
    found = re.match(r"http://([\d.]+):(\d+)", url)
    if found is None:
        raise ValueError(url)
    return socket.create_connection((found[1], int(found[2])))


def pipelined(url: str) -> Calls:
    """Ask 50 times before reading the answers: what one takes is then the server's time alone, near enough."""
    sock = _connected(url)
    request = b"GET /api/v1/acme/repo HTTP/1.1\r\nHost: localhost\r\n\r\n"
    sock.sendall(request)
    length = len(sock.recv(65_536))

    def calls(count: int) -> None:
        for _ in range(count):
            sock.sendall(request * _BATCH)
            left = _BATCH * length
            while left:
                left -= len(sock.recv(65_536))

    return calls
