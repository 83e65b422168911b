"""What the fault server does, by the first segment of the path: right answers, odd ones and broken ones."""

from __future__ import annotations

import gzip
import hashlib
import json
import select
import socket
from collections.abc import Callable
from typing import Final

from attrs import frozen

from mesa_transports.testing.peer import DEAF, Peer, Received

__all__ = ["ALL_BYTES", "BIG", "QUOTED", "TEXT", "behave"]

ALL_BYTES: Final = bytes(range(256))
BIG: Final = ALL_BYTES * (10 * 1024 * 1024 // 256)
"""10 MiB."""
TEXT: Final = b"What is compressed is read as what it was. " * 100
QUOTED: Final = "s3cret-response"
"""Stands in what is no HTTP, where an exception of a library may quote it."""

_INTERVAL: Final = 0.1  # seconds between two bytes of a drip
_DRIPS: Final = 42  # bytes: far longer than a timeout, and yet a transport that has none is not waited for for ever
_LATE: Final = 0.8  # seconds; longer than the timeout of the request before
_STALL: Final = 60.0  # seconds of silence, longer than any test
_HALF: Final = b"the first half"
_COOKIES: Final = (("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Expires=Wed, 01 Jan 2031 00:00:00 GMT"))
_FIELDS: Final = (_COOKIES[0], ("x-request-id", "r 1"), ("X-Empty", ""), ("X-Latin", "caf\xe9"), _COOKIES[1])
_GZIP: Final = ("Content-Encoding", "gzip")
_CHUNKED: Final = ("Transfer-Encoding", "chunked")
_LONG: Final = ("Content-Length", "1000")


@frozen
class _Answer:
    """A fixed response, and whether the connection goes on after it."""

    status: int
    content: bytes = b""
    fields: tuple[tuple[str, str], ...] = ()
    goes_on: bool = True


_ANSWERS: Final = {
    "all-bytes": _Answer(200, ALL_BYTES),
    "bad-gzip": _Answer(200, b"this was never compressed", (_GZIP,)),
    "bad-redirect": _Answer(302, b"nowhere", (("Location", "http://nowhere:port/"),)),
    "big": _Answer(200, BIG),
    "chunked": _Answer(200, b"5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n", (_CHUNKED,)),
    "cookie": _Answer(401, b"", (*_COOKIES, ("WWW-Authenticate", 'Basic realm="x"'))),
    "empty": _Answer(200),
    "farewell": _Answer(200, b"closing without a word", goes_on=False),
    "fields": _Answer(200, b"{}", _FIELDS),
    "gzip": _Answer(200, gzip.compress(TEXT), (_GZIP,)),
    "garbled-chunk": _Answer(200, f"{QUOTED}\r\n".encode(), (_CHUNKED,), goes_on=False),
    "head": _Answer(200, b"", (("Content-Length", "1234"),)),
    "truncated": _Answer(200, _HALF, (_LONG,), goes_on=False),
    "truncated-chunks": _Answer(200, b"5\r\nhello\r\n7\r\n, wo", (_CHUNKED,), goes_on=False),
}  # fmt: skip


def behave(peer: Peer, received: Received) -> bool:
    """Answer a request as its path asks; return whether the connection goes on."""
    if received.method == "CONNECT":
        return _tunnel(peer, received)
    name = received.segments[0]
    if name in _BEHAVIOURS:
        return _BEHAVIOURS[name](peer, received)
    answer = _ANSWERS.get(name, _Answer(404, b"no such behaviour"))
    peer.respond(answer.status, answer.content, *answer.fields)
    return answer.goes_on


def _status(peer: Peer, received: Received) -> bool:
    status = int(received.segments[1])
    peer.respond(status, b"" if status in {204, 304} else f"status {status}".encode())
    return True


def _redirect(peer: Peer, received: Received) -> bool:
    peer.respond(int(received.segments[1]), b"elsewhere", ("Location", "/echo"))
    return True


def _echo(peer: Peer, received: Received) -> bool:
    said = {
        "method": received.method,
        "target": received.target,
        "fields": received.fields,
        "sha256": hashlib.sha256(received.content).hexdigest(),
    }
    peer.respond(200, json.dumps(said).encode(), ("Content-Type", "application/json"))
    return True


def _mirror(peer: Peer, received: Received) -> bool:
    peer.respond(200, received.content)
    return True


def _pause(peer: Peer, received: Received) -> bool:
    peer.stopping.wait(_INTERVAL)
    return _mirror(peer, received)


def _late(peer: Peer, received: Received) -> bool:
    peer.stopping.wait(_LATE)
    return _mirror(peer, received)


def _early_hints(peer: Peer, received: Received) -> bool:
    peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
    peer.send(b"HTTP/1.1 102 Processing\r\n\r\n")
    return _mirror(peer, received)


def _switch_protocols(peer: Peer, _received: Received) -> bool:
    peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n")
    return False


def _close(_peer: Peer, _received: Received) -> bool:
    return False


def _reset(peer: Peer, _received: Received) -> bool:
    peer.reset()
    return False


def _reset_in_body(peer: Peer, _received: Received) -> bool:
    peer.respond(200, _HALF, _LONG)
    peer.stopping.wait(0.05)  # so that the half is read before the reset discards it
    peer.reset()
    return False


def _garbage(peer: Peer, _received: Received) -> bool:
    peer.send(b"\x00\x15 this is not HTTP\r\n\r\n")
    return False


def _garbled_status(peer: Peer, _received: Received) -> bool:
    peer.send(f"HTTP/1.1 {QUOTED}\r\n\r\n".encode())
    return False


def _garbled_field(peer: Peer, _received: Received) -> bool:
    """Send a field that is none; who passes over it finds the body cut short."""
    peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nSet-Cookie {QUOTED}\r\n\r\n".encode())
    return False


def _until_close(peer: Peer, _received: Received) -> bool:
    peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end")
    return False


def _stall(peer: Peer, _received: Received) -> bool:
    peer.stopping.wait(_STALL)
    return False


def _stall_in_body(peer: Peer, _received: Received) -> bool:
    peer.respond(200, _HALF, _LONG)
    peer.stopping.wait(_STALL)
    return False


def _drip_fields(peer: Peer, _received: Received) -> bool:
    peer.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    peer.drip(b"x" * _DRIPS, _INTERVAL)
    return False


def _drip_body(peer: Peer, _received: Received) -> bool:
    peer.respond(200, b"", _LONG)
    peer.drip(b"x" * _DRIPS, _INTERVAL)
    return False


def _drip_chunks(peer: Peer, _received: Received) -> bool:
    peer.respond(200, b"", _CHUNKED)
    peer.drip(b"1\r\nx\r\n" * (_DRIPS // 6), _INTERVAL)
    return False


def _tunnel(peer: Peer, received: Received) -> bool:
    """Be the proxy of one connection, until either end closes it."""
    host, _, port = received.target.rpartition(":")
    with socket.create_connection((host, int(port))) as upstream:
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        other = {peer.sock: upstream, upstream: peer.sock}
        while not peer.stopping.is_set():
            for readable in select.select(list(other), [], [], 0.02)[0]:
                data = readable.recv(65536)
                if not data:
                    return False
                other[readable].sendall(data)
    return False


_BEHAVIOURS: Final[dict[str, Callable[[Peer, Received], bool]]] = {
    DEAF: _stall,
    "close": _close,
    "switch-protocols": _switch_protocols,
    "early-hints": _early_hints,
    "garbled-field": _garbled_field,
    "garbled-status": _garbled_status,
    "late": _late,
    "drip-body": _drip_body,
    "drip-chunks": _drip_chunks,
    "drip-fields": _drip_fields,
    "echo": _echo,
    "garbage": _garbage,
    "mirror": _mirror,
    "pause": _pause,
    "redirect": _redirect,
    "reset": _reset,
    "reset-in-body": _reset_in_body,
    "stall": _stall,
    "stall-in-body": _stall_in_body,
    "status": _status,
    "until-close": _until_close,
}
