"""How long a transport lives: until its client is closed, or until nobody can use it any more."""

from __future__ import annotations

import warnings
from typing import Generic, TypeVar

from mesa_core.errors import InvalidRequest
from mesa_core.transport import AsyncTransport, Transport

__all__ = ["Lifetime"]

X = TypeVar("X", bound=Transport | AsyncTransport)


class Lifetime(Generic[X]):
    """A transport, and whether it may still be used; shared by a client, its resources and its pages.

    An owned transport that all of them leave open is closed with a warning, as a file or a socket is.
    """

    def __init__(self, transport: X, *, owned: bool, origin: Lifetime[X] | None = None) -> None:
        self._transport: X = transport
        self._owned = owned
        self._origin = origin
        self._ended = False

    @property
    def transport(self) -> X:
        """The transport.

        Raises:
            InvalidRequest: the client was closed, or the client that it was derived from.
        """
        if self._ended or self._origin is not None:
            self.check()
        return self._transport

    def check(self) -> None:
        """Raise `InvalidRequest` when it has ended."""
        if self.ended:
            raise InvalidRequest("the client is closed")

    @property
    def ended(self) -> bool:
        """Whether it was ended, or the one that it was derived from."""
        return self._ended or (self._origin is not None and self._origin.ended)

    def derived(self) -> Lifetime[X]:
        """Return a lifetime that ends with this one, or before it."""
        return Lifetime(self.transport, owned=False, origin=self)

    def end(self) -> X | None:
        """End it; return the transport if it is now to be closed."""
        to_close = self._transport if self._owned and not self._ended else None
        self._ended = True
        return to_close

    def __del__(self) -> None:
        if self._owned and not self._ended:
            try:
                warnings.warn(f"a client was not closed: {self!r}", ResourceWarning, stacklevel=2, source=self)
            finally:  # also where warnings are errors
                if isinstance(self._transport, Transport):  # an async one lets go of its sockets itself
                    self._transport.close()

    def __repr__(self) -> str:
        return type(self._transport).__name__
