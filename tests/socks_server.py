"""A SOCKS proxy on loopback (RFC 1928), through which every host there is, is one server."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from typing import BinaryIO, Self

__all__ = ["SocksServer"]

_BY_NAME, _BY_ADDRESS = 3, 1
_NONE, _PASSWORD = b"\0", b"\2"


class SocksServer:
    """The proxy; as a context manager it serves until the block ends.

    Args:
        leads_to: The port on 127.0.0.1 that every connection is led to.
        password: "user:password", which it asks for.
        stalls: Accepts a request, and never answers it.
        drips: Seconds between two bytes of its answer.
    """

    def __init__(self, leads_to: int, *, password: str | None = None, stalls: bool = False, drips: float = 0.0) -> None:
        self.asked: list[tuple[str, int]] = []
        """The hosts, by name or by address, and ports that it was asked for."""
        self.leads_to = leads_to
        self.password = password
        self.stalls = stalls
        self.drips = drips
        self.ending = threading.Event()
        self._server = _Server(self)
        self.open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="SOCKS server")

    def url(self, scheme: str = "socks5h") -> str:
        """Return its URL."""
        user = "" if self.password is None else f"{self.password}@"
        return f"{scheme}://{user}127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self._server.shutdown()
        for sock in self.open:
            with contextlib.suppress(OSError):  # closed already
                sock.shutdown(socket.SHUT_RDWR)
        self._server.server_close()  # waits for the threads of all connections
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    def __init__(self, socks: SocksServer) -> None:
        self.socks = socks
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.server.socks.open.append(self.connection)
        with contextlib.suppress(OSError):
            if self._greeted() and self._asked():
                self._lead()

    def _greeted(self) -> bool:
        reader: BinaryIO = self.rfile
        _, count = reader.read(2)
        offered = reader.read(count)
        if self.server.socks.password is None:
            self.wfile.write(b"\5" + _NONE)
            return True
        if _PASSWORD not in offered:
            self.wfile.write(b"\5\xff")
            return False
        self.wfile.write(b"\5" + _PASSWORD)  # RFC 1929
        reader.read(1)
        given = ":".join(reader.read(reader.read(1)[0]).decode() for _ in range(2))
        accepted = given == self.server.socks.password
        self.wfile.write(b"\1\0" if accepted else b"\1\1")
        return accepted

    def _asked(self) -> bool:
        _, _, _, kind = self.rfile.read(4)
        if kind == _BY_NAME:
            host = self.rfile.read(self.rfile.read(1)[0]).decode()
        elif kind == _BY_ADDRESS:
            host = socket.inet_ntoa(self.rfile.read(4))
        else:
            host = socket.inet_ntop(socket.AF_INET6, self.rfile.read(16))
        self.server.socks.asked.append((host, int.from_bytes(self.rfile.read(2), "big")))
        if self.server.socks.stalls:
            self.server.socks.ending.wait(30)
            return False
        answer = b"\5\0\0\1" + bytes(6)
        while self.server.socks.drips and answer:
            self.wfile.write(answer[:1])
            self.server.socks.ending.wait(self.server.socks.drips)
            answer = answer[1:]
        self.wfile.write(answer)
        return True

    def _lead(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.socks.leads_to)) as there:
            back = threading.Thread(target=_pass_on, args=(there, self.connection))
            back.start()
            _pass_on(self.connection, there)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
