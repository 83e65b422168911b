"""The transport `local`: a client's way to a Depot in its own process.

It opens no socket, so the signed URLs that the Depot gives work through this transport only.
"""

from __future__ import annotations

import os

from mesa_core.errors import ConfigurationError, ConnectError
from mesa_core.http import Request, Response
from mesa_transports.local.depot import LocalDepot

__all__ = ["LocalTransport"]


class LocalTransport:
    """Sends requests to a Depot in process, for blocking and `async` code alike.

    Args:
        path: The data directory of a Depot of its own; None for a temporary one, gone on close, which
            takes any key as an administrator's.
        root_key: The key that administers every organization.
        open_to_any_key: Whether every key that the Depot did not issue does.
        depot: A Depot that is open already, instead of one of its own; closing the transport leaves it open.

    Raises:
        ConfigurationError: the options contradict each other, or no key could ever open the Depot.
    """

    def __init__(
        self,
        *,
        path: str | os.PathLike[str] | None = None,
        root_key: str | None = None,
        open_to_any_key: bool | None = None,
        depot: LocalDepot | None = None,
    ) -> None:
        if depot is not None and (path, root_key, open_to_any_key) != (None, None, None):
            raise ConfigurationError("depot: expected no other option beside it, got path, root_key or open_to_any_key")
        if path is not None and root_key is None and open_to_any_key is None:
            raise ConfigurationError(
                "path: a Depot with a data directory of its own takes only keys that it knows: "
                "say root_key='…', or open_to_any_key=True to let any key in"
            )
        self._owned = depot is None
        self._depot = depot or LocalDepot(path, root_key=root_key, open_to_any_key=open_to_any_key)
        self._closed = False

    @property
    def depot(self) -> LocalDepot:
        """The Depot behind this transport."""
        return self._depot

    def send(self, request: Request, /) -> Response:
        """Send a request; its timeout does not count, since nothing is waited for.

        Raises:
            ConnectError: the transport or its Depot was closed.
        """
        self._check_open()
        return self._depot.send(request)

    async def asend(self, request: Request, /) -> Response:
        """Send a request from `async` code; raises as `send` does."""
        self._check_open()
        return await self._depot.asend(request)

    def close(self) -> None:
        """Close the Depot if it is the transport's own; a second call does nothing."""
        self._closed = True
        if self._owned:
            self._depot.close()

    async def aclose(self) -> None:
        """Close, as `close` does."""
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise ConnectError("the local transport is closed")
