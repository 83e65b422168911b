"""An HTTP server on loopback that fails on demand: the other end of every test of a transport.

Speaks HTTP over raw sockets, because what it has to send is often not HTTP. The first segment
of a path names the behaviour; `mesa_transports.testing.behaviours` has them all. It records what
it received, so a test can say what was sent and how often. It uses no HTTP library.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
import time
from typing import Any, Final, Self, cast

from mesa_transports.testing.behaviours import behave
from mesa_transports.testing.peer import Peer, Received

__all__ = ["FaultServer"]

_POLL: Final = 0.01  # seconds until the accepting thread notices that it is to end
_PATIENCE: Final = 10.0  # seconds in which a client must do what is waited for


class FaultServer:
    """The server; as a context manager it serves until the block ends.

    Args:
        tls: A server's TLS context makes it an HTTPS server.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        """The requests, in the order in which they came."""
        self.connections = 0
        """How many connections were made."""
        self._ended = 0
        self._lock = threading.Lock()
        self._tls = tls
        self._stopping = threading.Event()
        self._closed = threading.Event()  # of the connection that brought the last request
        self._open: list[socket.socket] = []
        self._listener = _Listener(self)
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(_POLL,), name="fault server")

    @property
    def port(self) -> int:
        """The port it listens on, on 127.0.0.1."""
        return int(self._listener.server_address[1])

    def url(self, path: str = "/") -> str:
        """Return the URL of a path."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}{path}"

    def serve(self, sock: socket.socket) -> None:
        """Serve one connection, until a behaviour or the client ends it."""
        peer, closed = Peer(self._secured(sock), self._stopping), threading.Event()
        with self._lock:
            self.connections += 1
            self._open.append(peer.sock)
        try:
            while not self._stopping.is_set() and (received := peer.receive()) is not None:
                with self._lock:
                    self.received.append(received)
                    self._closed = closed
                if not behave(peer, received):
                    break
        finally:
            peer.close()
            with self._lock:
                self._ended += 1
            closed.set()

    def wait_until_open(self, most: int) -> None:
        """Wait until at most so many connections are open."""
        deadline = time.monotonic() + _PATIENCE
        while self.connections - self._ended > most:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.connections - self._ended} connections stay open, expected {most}")
            time.sleep(_POLL)

    def wait_for_close(self) -> None:
        """Wait until the connection of the last request is closed on the server's side, whichever else is."""
        if not self._closed.wait(_PATIENCE):
            raise TimeoutError("the connection of the last request was not closed")

    def _secured(self, sock: socket.socket) -> socket.socket:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            return sock
        sock.settimeout(_PATIENCE)
        try:
            secured = self._tls.wrap_socket(sock, server_side=True)
        except OSError:
            sock.close()
            raise
        secured.settimeout(None)
        return secured

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._listener.shutdown()
        for sock in self._open:
            with contextlib.suppress(OSError):  # closed already
                sock.shutdown(socket.SHUT_RDWR)
        self._listener.server_close()  # waits for the threads of all connections
        self._thread.join()


class _Handler(socketserver.BaseRequestHandler):
    """Hands a connection to the fault server, on a thread of its own."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # a client that went away is what many tests are about
            cast("_Listener", self.server).faults.serve(self.request)


class _Listener(socketserver.ThreadingTCPServer):
    """Accepts connections."""

    request_queue_size = 128

    def __init__(self, faults: FaultServer) -> None:
        self.faults = faults
        super().__init__(("127.0.0.1", 0), _Handler)

    def shutdown_request(self, request: Any) -> None:  # `Any`: as the standard library says
        """Leave closing to the peer: this would end in peace what is to end in a reset."""
