"""The transport on httpx2, in both worlds. The library has httpx's shape, so all of the transport is shared."""

from __future__ import annotations

from collections.abc import Mapping

from mesa_core.errors import ConfigurationError
from mesa_core.hookspecs import hookimpl
from mesa_core.transport import TransportFactory, TwoWorlds
from mesa_transports._httpx import BlockingHttpx, LibraryOnUse, NonBlockingHttpx
from mesa_transports._options import POOL_SIZE, Options

try:
    import httpx2
except ImportError as error:
    raise ConfigurationError("httpx2 is not installed: pip install 'mesa-sdk[httpx2]'") from error

__all__ = ["AsyncHttpx2Transport", "Httpx2Transport", "provide_transports"]


@hookimpl
def provide_transports() -> Mapping[str, TransportFactory]:
    """Offer the transports by the name of their library."""
    return {"httpx2": TwoWorlds(blocking=Httpx2Transport, nonblocking=AsyncHttpx2Transport)}


class Httpx2Transport(BlockingHttpx):
    """Sends requests with httpx2.

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

    HTTP_LIBRARY = LibraryOnUse("httpx2", "httpcore2")

    def __init__(
        self,
        *,
        proxy: str | None = None,
        verify: bool | str = True,
        cert: str | tuple[str, str] | None = None,
        pool_size: int = POOL_SIZE,
        client: httpx2.Client | None = None,
    ) -> None:
        super().__init__(Options(proxy, verify, cert, pool_size), client)


class AsyncHttpx2Transport(NonBlockingHttpx):
    """Sends requests with httpx2 from `async` code, on asyncio or trio.

    One object serves any number of event loops, each with connections of its own.

    Args:
        proxy: As for `Httpx2Transport`, and so are the next three.
        verify: See there.
        cert: See there.
        pool_size: See there; the limit is that of one event loop.
        client: A ready-made client instead of all these, for the loop that its owner uses it in. Its own
            limits hold; after a cancellation, its connections are as whole as httpx2 leaves them.

    Raises:
        ConfigurationError: an option is not what it must be, or stands beside a ready-made client.
    """

    HTTP_LIBRARY = LibraryOnUse("httpx2", "httpcore2")

    def __init__(
        self,
        *,
        proxy: str | None = None,
        verify: bool | str = True,
        cert: str | tuple[str, str] | None = None,
        pool_size: int = POOL_SIZE,
        client: httpx2.AsyncClient | None = None,
    ) -> None:
        super().__init__(Options(proxy, verify, cert, pool_size), client)
