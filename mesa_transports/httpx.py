"""The default transport, on httpx, in both worlds: connections pooled, kept alive and shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mesa_core.hookspecs import hookimpl
from mesa_core.transport import TransportFactory, TwoWorlds
from mesa_transports._httpx import BlockingHttpx, LibraryOnUse, NonBlockingHttpx
from mesa_transports._options import POOL_SIZE, Options

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncHttpxTransport", "HttpxTransport", "provide_transports"]


@hookimpl
def provide_transports() -> Mapping[str, TransportFactory]:
    """Offer the transports by the name of their library."""
    return {"httpx": TwoWorlds(blocking=HttpxTransport, nonblocking=AsyncHttpxTransport)}


class HttpxTransport(BlockingHttpx):
    """Sends requests with httpx.

    Args:
        proxy: URL of an HTTP or SOCKS proxy for all requests; without it the environment decides (HTTPS_PROXY,
            ALL_PROXY, NO_PROXY).
        verify: False trusts any certificate; a path names a file of the CA certificates to trust instead of the usual.
        cert: Path of a client certificate, or a pair of paths, certificate and key.
        pool_size: Connections to one origin at most; who finds none free waits, and the wait counts toward the timeout.
        client: A ready-made client instead of all these. Its connections, proxies and TLS settings serve; its
            own headers, cookies, authentication and event hooks do not. Its owner closes it.

    Raises:
        ConfigurationError: an option is not what it must be, or stands beside a ready-made client.
    """

    HTTP_LIBRARY = LibraryOnUse("httpx", "httpcore")

    def __init__(
        self,
        *,
        proxy: str | None = None,
        verify: bool | str = True,
        cert: str | tuple[str, str] | None = None,
        pool_size: int = POOL_SIZE,
        client: httpx.Client | None = None,
    ) -> None:
        super().__init__(Options(proxy, verify, cert, pool_size), client)


class AsyncHttpxTransport(NonBlockingHttpx):
    """Sends requests with httpx from `async` code, on asyncio or trio.

    One object serves any number of event loops, each with connections of its own.

    Args:
        proxy: As for `HttpxTransport`, and so are the next three.
        verify: See there.
        cert: See there.
        pool_size: See there; the limit is that of one event loop.
        client: A ready-made client instead of all these, for the loop that its owner uses it in. Its own
            limits hold; after a cancellation, its connections are as whole as httpx leaves them.

    Raises:
        ConfigurationError: an option is not what it must be, or stands beside a ready-made client.
    """

    HTTP_LIBRARY = LibraryOnUse("httpx", "httpcore")

    def __init__(
        self,
        *,
        proxy: str | None = None,
        verify: bool | str = True,
        cert: str | tuple[str, str] | None = None,
        pool_size: int = POOL_SIZE,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        super().__init__(Options(proxy, verify, cert, pool_size), client)
