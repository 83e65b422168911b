"""The server that every subject asks: canned answers over loopback, on connections that are kept alive.

    python benchmarks/server.py [--core 1] [--tls CERTIFICATE]

Prints its port, and serves until standard input ends. It is written on bare sockets and parses no more of a request
than where it ends, so that it answers several times faster than the fastest client asks; the report shows by
how much. `answers.py` has what it answers.
"""

from __future__ import annotations

import argparse
import os
import re
import selectors
import socket
import ssl
import sys
import time

from answers import answer_to

_REQUEST = re.compile(rb"(\w+) (\S+) HTTP/1\.1\r\n.*?\r\n\r\n", re.DOTALL)
_AWAKE = 2e-3  # seconds; to be woken takes longer than to answer, and would be counted as the client's time
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Connection:
    """One client's connection, and what has come of a request that is not whole."""

    def __init__(self, sock: socket.socket) -> None:
        """Keep the socket."""
        self.sock = sock
        self._came = b""

    def read(self) -> bool:
        """Answer all requests that are whole; return whether the connection goes on."""
        try:
            came = self.sock.recv(262_144)
        except OSError:
            return False
        self._came += came
        while request := _REQUEST.match(self._came):
            length = _LENGTH.search(request[0])
            end = request.end() + (int(length[1]) if length else 0)
            if len(self._came) < end:
                break
            self._came = self._came[end:]
            self.sock.sendall(answer_to(request[1], request[2]))
        return bool(came)


def serve(tls: ssl.SSLContext | None, *, alone: bool) -> None:
    """Serve until standard input ends; alone on a core, it stays awake for what comes next."""
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    selector.register(listener, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    print(listener.getsockname()[1], flush=True)
    awake = 0.0
    while True:
        for key, _ in selector.select(0 if alone and time.monotonic() < awake else None):
            awake = time.monotonic() + _AWAKE
            if key.data is not None:
                if not key.data.read():
                    selector.unregister(key.fileobj)
                    key.data.sock.close()
            elif key.fileobj is listener:
                sock, _ = listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if tls is not None:
                    sock = tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)  # but to read
                selector.register(sock, selectors.EVENT_READ, Connection(sock))
            else:
                return


def main() -> None:
    """Move to a core of its own, and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, help="the processor core to stay on")
    parser.add_argument("--tls", help="a file of a certificate and its key: what is served is https")
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    tls = None
    if arguments.tls is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments.tls)
    serve(tls, alone=arguments.core is not None)


if __name__ == "__main__":
    main()
