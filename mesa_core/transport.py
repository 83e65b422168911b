"""The seam: what a transport is, in two protocols of one verb each.

A transport sends a request once and returns the response, whatever its status. It never
retries, never follows a redirect, adds no header with a meaning of its own, and raises
`TransportError` alone. `mesa_transports.testing.TransportSuite` checks all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from attrs import frozen

from mesa_core.http import Request, Response

if TYPE_CHECKING:
    from mesa_core.call import Clock

__all__ = ["AsyncTransport", "BringsClock", "Transport", "TransportFactory", "TwoWorlds"]


@runtime_checkable
class Transport(Protocol):
    """Sends requests for blocking code; safe to share among threads."""

    def send(self, request: Request, /) -> Response:
        """Send `request` and return the response, body read to its end.

        Raises:
            ConnectError: there was no connection, perhaps not in time, and nothing was sent.
            RequestTimeout: it was sent, and `request.timeout` seconds passed before the last byte came.
            ConnectionLost: the connection broke, or what came is not a whole HTTP response.
        """
        ...

    def close(self) -> None:
        """Release what the transport holds; a second call does nothing."""
        ...


@runtime_checkable
class AsyncTransport(Protocol):
    """Sends requests for `async` code. The names differ from `Transport`'s, so one class can be both."""

    async def asend(self, request: Request, /) -> Response:
        """Send `request` and return the response; raises as `Transport.send` does."""
        ...

    async def aclose(self) -> None:
        """Release what the transport holds; a second call does nothing."""
        ...


@runtime_checkable
class BringsClock(Protocol):
    """What a transport may also have: a clock for the clients that use it and were given no other."""

    @property
    def client_clock(self) -> Clock:
        """The clock, by which a client also waits before it sends again."""
        ...


@frozen
class TwoWorlds:
    """A transport that has a class for each world, under one name."""

    blocking: Callable[..., Transport]
    nonblocking: Callable[..., AsyncTransport]


TransportFactory: TypeAlias = Callable[..., Transport | AsyncTransport] | TwoWorlds
"""Makes a transport from `transport_options`, passed as keyword arguments."""
