"""Bounds the sockets of httpcore, on which httpx is built, by the deadline of the current attempt.

httpcore takes timeouts per operation; these two wrappers shorten each to what remains of the
attempt. Without an attempt they change nothing, so a pool keeps behaving for its owner. They serve
httpcore2 as well, which has the same interfaces.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any, Final

import httpcore

from mesa_transports._attempt import Stage, current, reach
from mesa_transports._forks import remember
from mesa_transports._tls import TrustOnUse

__all__ = ["BoundedBackend", "reach_sent"]

_PIECE: Final = 16 * 1024
"""Bytes written at once: what one TLS record holds, and one call to the system takes."""
_ASKS_A_PROXY: Final = (b"CONNECT ", b"\x05", b"\x01")  # of HTTP and of SOCKS (RFC 1928 and 1929); no request begins so


def _remaining(timeout: float | None) -> float | None:
    attempt = current.get()
    return timeout if attempt is None else attempt.remaining()


def reach_sent(data: bytes) -> None:
    """Note that bytes are being sent. To ask a proxy for a tunnel, or in SOCKS, is still a part of connecting."""
    if data and not data.startswith(_ASKS_A_PROXY):
        reach(Stage.SENT)


class BoundedStream(httpcore.NetworkStream):
    """A connection whose reads and writes end with the attempt, and which tells it when it was sent."""

    def __init__(self, inner: httpcore.NetworkStream, trust: TrustOnUse) -> None:
        self._inner = inner
        self._trust = trust
        remember(inner.get_extra_info("socket"))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _remaining(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        reach_sent(buffer)
        for start in range(0, len(buffer), _PIECE):
            self._inner.write(buffer[start : start + _PIECE], _remaining(timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        context = self._trust.instead_of(ssl_context)
        return BoundedStream(self._inner.start_tls(context, server_hostname, _remaining(timeout)), self._trust)

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:  # `Any`: httpcore's own signature
        return self._inner.get_extra_info(info)


class BoundedBackend(httpcore.NetworkBackend):
    """Makes bounded connections with the means of another backend."""

    def __init__(self, inner: httpcore.NetworkBackend, trust: TrustOnUse) -> None:
        self._inner = inner
        self._trust = trust

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        def connect(address: str, seconds: float | None) -> httpcore.NetworkStream:
            return self._inner.connect_tcp(address, port, seconds, local_address, socket_options)

        attempt = current.get()
        if attempt is None:
            return BoundedStream(connect(host, timeout), self._trust)
        attempt.stage = Stage.CONNECTING
        attempt.connecting = stream = BoundedStream(attempt.dial(host, port, connect), self._trust)
        return stream

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.connect_unix_socket(path, _remaining(timeout), socket_options)
        return BoundedStream(inner, self._trust)
