"""One connection of the fault server: reads requests, and sends what a behaviour wants sent."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from attrs import field, frozen

__all__ = ["DEAF", "Peer", "Received"]

DEAF: Final = "deaf"
"""The path of which the body is not read."""
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: drop the connection instead of ending it in peace


@frozen
class Received:
    """A request as it came; header fields in their order and spelling."""

    method: str
    target: str
    fields: list[tuple[str, str]]
    content: bytes = field(repr=False)
    connection: int
    """The port that the client's end of the connection has."""

    @property
    def segments(self) -> list[str]:
        """The segments of the path, which may stand in a whole URL when the server is used as a proxy."""
        return urlsplit(self.target).path.strip("/").split("/")

    def get_all(self, name: str) -> list[str]:
        """Return every value of a header field."""
        return [value for key, value in self.fields if key.lower() == name.lower()]


class Peer:
    """One connection, seen from the server."""

    def __init__(self, sock: socket.socket, stopping: threading.Event) -> None:
        self.sock = sock
        self.stopping = stopping
        """Set when the server is to end, so that nothing waits longer."""
        self._reader: BinaryIO = sock.makefile("rb")
        self._port = int(sock.getpeername()[1])

    def receive(self) -> Received | None:
        """Read a request; None when the client closed the connection."""
        line = self._reader.readline().decode("latin-1")
        if not line.strip():
            return None
        method, target, _ = line.split(" ", 2)
        fields = list(self._read_fields())
        content = b"" if target.strip("/") == DEAF else self._read_content(fields)
        return Received(method, target, fields, content, self._port)

    def _read_fields(self) -> Iterator[tuple[str, str]]:
        while line := self._reader.readline().decode("latin-1").rstrip("\r\n"):
            name, _, value = line.partition(":")
            yield name, value.strip(" \t")

    def _read_content(self, fields: list[tuple[str, str]]) -> bytes:
        framing = {name.lower(): value for name, value in fields}
        if framing.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(self._read_chunks())
        return self._reader.read(int(framing.get("content-length", "0")))

    def _read_chunks(self) -> Iterator[bytes]:
        while size := int(self._reader.readline(), 16):
            yield self._reader.read(size)
            self._reader.readline()
        list(self._read_fields())

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def respond(self, status: int, content: bytes = b"", *fields: tuple[str, str]) -> None:
        """Send a whole response; Content-Length is added unless `fields` frame the body themselves."""
        framed = {name.lower() for name, _ in fields} & {"content-length", "transfer-encoding"}
        length = () if framed or status in {204, 304} else (("Content-Length", str(len(content))),)
        lines = [f"HTTP/1.1 {status} Fault", *(f"{name}: {value}" for name, value in (*fields, *length))]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + content)

    def drip(self, data: bytes, interval: float) -> None:
        """Send one byte every `interval` seconds, until the server is closed."""
        for byte in data:
            self.send(bytes([byte]))
            if self.stopping.wait(interval):
                break

    def reset(self) -> None:
        """Make the closing of this connection a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()
        self.sock.close()
