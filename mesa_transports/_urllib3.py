"""Bounds the sockets of urllib3, on which requests is built, by the deadline of the current attempt.

urllib3 takes timeouts per read. The connections here wait no longer than what remains of the
attempt, and tell it when they begin to connect and to send. Without an attempt they change nothing.
"""

from __future__ import annotations

import http.client
import io
import socket
import sys
from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from urllib3 import HTTPHeaderDict, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.util import SKIP_HEADER
from urllib3.util.connection import create_connection

from mesa_core.http import Request
from mesa_transports._attempt import Stage, current, reach
from mesa_transports._forks import remember
from mesa_transports._library_logs import hide_secrets_of
from mesa_transports._response_head import begin
from mesa_transports._socks import dial_by_socks

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["bounded_connection", "bounded_manager", "prepared_fields"]

M = TypeVar("M", bound=PoolManager)

hide_secrets_of("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")


def _bound(sock: socket.socket) -> None:
    """Let the next wait on a socket last no longer than the current attempt."""
    attempt = current.get()
    if attempt is not None:
        sock.settimeout(attempt.remaining())


class _BoundedReader(io.RawIOBase):
    """Reads from a socket; each read is bounded anew, but for the first, for which the connection has just done so."""

    _reads = False

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw  # the socket's own reader, which keeps the socket open while it is

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        if self._reads:
            _bound(self._sock)
        self._reads = True
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    """A response read within the attempt's time: status line, header fields and body."""

    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        raw: Any = self.fp.detach()  # `Any`: typeshed does not know that `fp` is what `socket.makefile` made
        self.fp = io.BufferedReader(_BoundedReader(sock, raw))

    def begin(self, **how: Any) -> None:
        """Read up to the final response; the standard library passes over 100 alone (RFC 9110, section 15.2).

        `Any`: what there is to be said depends on the version of Python.
        """
        begin(self, **how)
        while 101 < self.status < 200:  # noqa: PLR2004 - interim, other than 101 Switching Protocols
            self.headers = self.msg = cast("Any", None)  # what tells that there is something to read
            begin(self, **how)
        if self.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
            self.will_close = True  # whatever it speaks now, it is no connection for another request


class _Bounded(HTTPConnection):
    """What bounded connections of every kind do; plain ones and those with TLS do nothing else."""

    response_class = _BoundedResponse
    _has_just_been_bound = False
    """Whether urllib3 set the socket's timeout as it began the request, or connecting did, a moment ago."""

    def connect(self) -> None:
        reach(Stage.CONNECTING)
        super().connect()

    def endheaders(self, message_body: Any = None, *, encode_chunked: bool = False) -> None:
        """Begin to send; `Any` is the standard library's own signature."""
        if self.sock is None:  # connected here, so that a failure to connect is seen as one
            self.connect()
        reach(Stage.SENT)
        self._has_just_been_bound = not isinstance(self, HTTPSConnection)  # whose handshake takes of the time
        super().endheaders(message_body, encode_chunked=encode_chunked)

    def send(self, data: Any) -> None:
        """Send all of `data`. `sendall` of a TLS socket would wait the whole timeout for each record."""
        view = memoryview(data).cast("B")
        while view:
            if not self._has_just_been_bound:
                _bound(self.sock)
            self._has_just_been_bound = False
            view = view[self.sock.send(view) :]

    def getresponse(self) -> Any:
        """Bound the first read; `Any`: requests and urllib3 take what urllib3 returns."""
        attempt = current.get()
        if attempt is not None:
            self.timeout = attempt.remaining()  # which urllib3 sets the socket to
        return super().getresponse()

    def _new_conn(self) -> socket.socket:
        """Connect; urllib3's method would give each address of a host the whole timeout."""
        attempt = current.get()
        return _taken(super()._new_conn() if attempt is None else attempt.dial(self._dns_host, self.port, self._dial))

    def _dial(self, address: str, seconds: float | None) -> socket.socket:
        return create_connection(
            (address, self.port), seconds, source_address=self.source_address, socket_options=self.socket_options
        )

    def _tunnel(self) -> None:
        """Ask a proxy for a tunnel; what it took is no longer there for the TLS handshake inside it."""
        super()._tunnel()
        _bound(self.sock)


def _taken(sock: socket.socket) -> socket.socket:
    """Return a socket that was connected just now, bounded by what the attempt has left."""
    try:
        _bound(sock)
    except BaseException:
        sock.close()
        raise
    remember(sock)
    return sock


class _BoundedOfOwnKind(_Bounded):
    """A connection of another kind, which connects by itself; each wait within `timeout`, set by the attempt."""

    def _new_conn(self) -> socket.socket:
        return _taken(super(_Bounded, self)._new_conn())


class _BoundedBySocks(_Bounded):
    """A connection through a SOCKS proxy; urllib3's method would give each word of the proxy the whole timeout."""

    _socks_options: Mapping[str, Any]

    def _new_conn(self) -> socket.socket:
        attempt = current.get()
        if attempt is None:
            return _taken(super(_Bounded, self)._new_conn())
        return _taken(
            dial_by_socks(
                attempt,
                self._socks_options,
                (self.host.strip("[]"), self.port),
                source_address=self.source_address,
                socket_options=self.socket_options or (),
            )
        )


class _BoundedWait(HTTPConnectionPool):
    """A pool in which the wait for a connection ends with the attempt."""

    def urlopen(self, *args: Any, **options: Any) -> Any:
        """Pass everything on; `Any` stands for urllib3's signature of seventeen parameters."""
        attempt = current.get()
        if attempt is not None:
            options["pool_timeout"] = attempt.remaining()
        return super().urlopen(*args, **options)


@cache
def bounded_connection(kind: Any) -> Any:
    """Return a class of connections that is like another, and heeds deadlines.

    `Any`: by its own protocols, urllib3 takes none of its connections; and a stub's, which is none, is left as it is.
    """
    if not _is_unbounded(kind):
        return kind
    bounds = _bounds_of(kind)
    return type(f"Bounded{kind.__name__}", (bounds, kind), {"__module__": __name__, "__doc__": kind.__doc__})


def _bounds_of(kind: Any) -> Any:
    connects = kind._new_conn  # noqa: SLF001
    if connects is HTTPConnection._new_conn:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return _Bounded
    by_socks: Any = sys.modules.get("urllib3.contrib.socks")  # loaded, if there is a class of it
    is_by_socks = by_socks is not None and connects is by_socks.SOCKSConnection._new_conn  # noqa: SLF001
    return _BoundedBySocks if is_by_socks else _BoundedOfOwnKind


def _is_unbounded(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, HTTPConnection) and not issubclass(kind, _Bounded)


@cache
def _bounded_pool(kind: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    if issubclass(kind, _BoundedWait):
        return kind
    members = {
        "__module__": __name__,
        "__doc__": kind.__doc__,
        "ConnectionCls": bounded_connection(kind.ConnectionCls),
    }
    return type(f"Bounded{kind.__name__}", (_BoundedWait, kind), members)


def bounded_manager(manager: M) -> M:
    """Let the pools that a manager will make heed deadlines, of whichever kind they are."""
    kinds = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded_pool(kind) for scheme, kind in kinds.items()}
    return manager


def prepared_fields(request: Request) -> MutableMapping[str, str]:
    """Return header fields as urllib3 takes them, complete, so that it adds none of its own."""
    headers = request.headers
    pairs = list(headers.fields())
    if "Content-Length" in headers:
        pairs = [pair for pair in pairs if pair[0].lower() != "content-length"]
    fields: MutableMapping[str, str] = dict(pairs)
    if len(fields) < len(pairs):  # a name came repeatedly; the mapping that knows of that takes its time
        fields = HTTPHeaderDict(pairs)
    if "User-Agent" not in headers:
        fields["User-Agent"] = SKIP_HEADER
    if "Accept-Encoding" not in headers:
        fields["Accept-Encoding"] = "gzip, deflate"
    if request.content:
        fields["Content-Length"] = str(len(request.content))
    return fields
