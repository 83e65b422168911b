"""The transport on aiohttp: for `async` code on asyncio with many calls in flight, where it costs least."""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, Final

from attrs import Factory, field, frozen

from mesa_core.errors import ConfigurationError, TransportError
from mesa_core.hookspecs import hookimpl
from mesa_core.http import Request, Response
from mesa_core.transport import TransportFactory
from mesa_transports._attempt import Attempt, Faults, Stage, Unsendable
from mesa_transports._deadlines import Deadlines
from mesa_transports._environment import EnvironmentProxies
from mesa_transports._options import POOL_SIZE, Options
from mesa_transports._pooled import NonBlockingTransport, checked
from mesa_transports._tls import TrustOnUse, tls_context

try:
    import aiohttp
    from yarl import URL

    from mesa_transports._aiohttp import Connector, answer, prepared
except ImportError as error:
    raise ConfigurationError("aiohttp is not installed: pip install 'mesa-sdk[aiohttp]'") from error

__all__ = ["AiohttpTransport", "provide_transports"]

_VISIBLE: Final = re.compile("[!-~]+")
_KEEP_ALIVE: Final = 5.0  # seconds that an idle connection is kept, as the other transports do


@hookimpl
def provide_transports() -> Mapping[str, TransportFactory]:
    """Offer the transport by the name of its library."""
    return {"aiohttp": AiohttpTransport}


class AiohttpTransport(NonBlockingTransport[aiohttp.ClientSession, "_Pool"]):
    """Sends requests with aiohttp from `async` code on asyncio.

    One object serves any number of event loops, each with connections of its own. A header value may hold
    no characters outside ASCII.

    Args:
        proxy: URL of an HTTP proxy for all requests; without it the environment decides (HTTPS_PROXY, NO_PROXY).
        verify: False trusts any certificate; a path names a file of the CA certificates to trust instead of the
            system's.
        cert: Path of a client certificate, or a pair of paths, certificate and key.
        pool_size: Connections of one event loop at most; who finds none free waits, and the wait counts toward the
            timeout.
        client: A ready-made session instead of all these, for the loop that it was made in. Its connector serves, with
            its connections, limits and TLS settings, and the environment's proxies if it has `trust_env`; its own
            headers, cookies, authentication and proxy do not. Its owner closes it.

    Raises:
        ConfigurationError: an option is not what it must be, or stands beside a ready-made session.
    """

    _FAULTS = Faults(
        refused=(aiohttp.NonHttpUrlClientError, aiohttp.InvalidURL),
        unsent=(aiohttp.ClientConnectorError,),
        late=(TimeoutError,),
    )

    def __init__(
        self,
        *,
        proxy: str | None = None,
        verify: bool | str = True,
        cert: str | tuple[str, str] | None = None,
        pool_size: int = POOL_SIZE,
        client: aiohttp.ClientSession | None = None,
    ) -> None:
        options = Options(proxy, verify, cert, pool_size)
        super().__init__(options, checked("client", aiohttp.ClientSession, client, options))

    def _is_shut(self, given: aiohttp.ClientSession) -> bool:
        return given.closed

    def _open(self) -> _Pool:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise TransportError(
                "the transport 'aiohttp' needs asyncio, and trio is running: choose 'httpx'", sent=False
            ) from None
        if self._given is not None:
            if getattr(self._given.connector, "_loop", loop) is not loop:
                raise TransportError("the ready-made session was made in another event loop", sent=False)
            environment = EnvironmentProxies() if self._given.trust_env else None
            connector = self._given.connector
            return _Pool(loop, connector, owned=False, proxy=None, environment=environment or None, trust=None)
        trust = TrustOnUse(partial(tls_context, self._options))
        connector = Connector(trust, limit=self._options.pool_size, keepalive_timeout=_KEEP_ALIVE)
        proxy = None if self._options.proxy is None else URL(self._options.proxy)
        return _Pool(loop, connector, owned=True, proxy=proxy, environment=EnvironmentProxies() or None, trust=trust)

    async def _exchange(self, pool: _Pool, request: Request, attempt: Attempt) -> Response:
        url = _url(request.url)
        proxy = pool.proxy_of(url)
        made = prepared(request, url, proxy, pool.loop)
        attempt.proxy = None if proxy is None else f"{proxy.host_subcomponent}:{proxy.port}"
        if pool.trust is not None and "https" in (url.scheme, proxy and proxy.scheme):
            pool.trust.read()
        attempt.stage = Stage.CONNECTING
        try:
            with pool.deadlines.within(attempt.remaining()):
                return await answer(made, pool.connector, attempt)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if pool.connector.closed and not (task and task.cancelling()):  # by aiohttp, while waiting for a connection
                raise ConnectionError(errno.ECANCELED, "the transport was closed") from None
            raise


@frozen
class _Pool:
    """The connections of one event loop, the bounds of their use, and the proxies that they are to use."""

    loop: asyncio.AbstractEventLoop
    connector: Any  # `Any`: a session's is None once it is closed, when no request comes this far
    owned: bool  # and not a ready-made session's, which is its owner's to close
    proxy: URL | None = field(repr=False)  # it may hold a password
    environment: EnvironmentProxies | None  # None where it names no proxy, or is not to be heeded
    trust: TrustOnUse | None  # None for a ready-made session, which has its own
    deadlines: Deadlines = field(default=Factory(lambda pool: Deadlines(pool.loop), takes_self=True))

    def proxy_of(self, url: URL) -> URL | None:
        """Return the proxy for a URL: the one asked for, or the environment's."""
        if self.proxy is None and self.environment is not None:
            proxy = self.environment.proxy_of(str(url.origin()))
            return None if proxy is None else URL(proxy)
        return self.proxy

    async def aclose(self) -> None:
        """Close the connections, unless they are a ready-made session's. Who is at work keeps its bound."""
        if self.owned:
            self.connector.break_off()
            await self.connector.close()


@lru_cache(maxsize=256)  # as `yarl` keeps what it has parsed
def _url(text: str) -> URL:
    """Return a URL as it stands, without the user that aiohttp would make an Authorization of.

    Raises:
        Unsendable: it is no HTTP URL.
    """
    if not _VISIBLE.fullmatch(text):
        raise Unsendable("expected a URL of visible ASCII characters")
    url = URL(text, encoded=True)
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise Unsendable("expected an HTTP URL")
    return url if url.raw_user is None else url.with_user(None)
