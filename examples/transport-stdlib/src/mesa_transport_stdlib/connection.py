"""One connection to one origin, in three steps that fail in three ways: prepare, connect, exchange."""

from __future__ import annotations

import gzip
import http.client
import selectors
import socket
import ssl
from typing import Any, Final, cast

from mesa_core import Request, Response
from mesa_transport_stdlib.sockets import BoundedTLSSocket, Deadline, dial

__all__ = ["Connection"]

_WITH_BODY: Final = ("POST", "PUT", "PATCH")  # their length is said even when it is 0 (RFC 9110, section 8.6)
_INTERIM: Final = range(102, 200)


class _FinalResponse(http.client.HTTPResponse):
    def begin(self) -> None:
        """Read up to the final response; the standard library passes over 100 alone (RFC 9110, section 15.2)."""
        super().begin()
        while self.status in _INTERIM:
            self.headers = self.msg = cast("Any", None)  # what tells `begin` that there is something to read
            super().begin()


class Connection(http.client.HTTPConnection):
    """A connection that serves one request after the other. Whoever uses it closes it after any failure."""

    response_class = _FinalResponse

    def __init__(self, authority: str, tls: ssl.SSLContext | None) -> None:
        self.default_port = 443 if tls else 80
        super().__init__(authority)
        self._tls = tls
        self._deadline = Deadline()

    def prepare(self, request: Request, target: str) -> None:
        """Begin an attempt: write down its head, or raise when that cannot be. Nothing is sent yet."""
        self._deadline.set(request.timeout)
        fields = request.headers
        self.putrequest(request.method, target, skip_host="Host" in fields, skip_accept_encoding=True)
        for name, value in fields.fields():
            if name.lower() != "content-length":
                self.putheader(name, value)
        if "Accept-Encoding" not in fields:
            self.putheader("Accept-Encoding", "gzip")
        if request.content or request.method in _WITH_BODY:
            self.putheader("Content-Length", str(len(request.content)))

    def connect(self) -> None:
        """Connect and shake hands, unless that is done."""
        if self.sock is not None:
            return
        sock = dial(self.host, self.port, self._deadline)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock.settimeout(self._deadline.left())
                sock = cast("BoundedTLSSocket", self._tls.wrap_socket(sock, server_hostname=self.host))
        except BaseException:
            sock.close()
            raise
        sock.deadline = self._deadline
        self.sock = sock

    def exchange(self, content: bytes) -> Response:
        """Send what was prepared, and read the response to its end."""
        self.endheaders(content or None)
        with self.getresponse() as response:
            body = response.read()
        if response.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
            raise http.client.UnknownProtocol("101")
        if body and response.getheader("Content-Encoding", "").lower() in {"gzip", "x-gzip"}:
            body = gzip.decompress(body)
        return Response(response.status, response.getheaders(), body)

    def is_usable(self) -> bool:
        """Tell whether an idle connection can serve again: it is open, and nothing has come, not even its end."""
        if self.sock is None:
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(self.sock, selectors.EVENT_READ)
            return not selector.select(0)
