"""The transport on urllib3: blocking, and the one that costs least a call.

Goes to the connections in urllib3's pools directly, as the pools themselves do. What a `PoolManager` and `urlopen` do
besides, a transport must not: retry, follow redirects, add header fields; and it costs as much as the rest.
"""

from __future__ import annotations

import errno
import re
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import urllib3
from attrs import field, frozen
from urllib3.util.ssl_match_hostname import CertificateError

from mesa_core.hookspecs import hookimpl
from mesa_core.http import Request, Response
from mesa_core.transport import TransportFactory
from mesa_transports._attempt import Attempt, Faults, Stage, Unsendable
from mesa_transports._environment import EnvironmentProxies, place_of
from mesa_transports._options import POOL_SIZE, Options
from mesa_transports._pooled import BlockingTransport, checked
from mesa_transports._socks import PYSOCKS, scheme_of
from mesa_transports._tls import TrustOnUse, tls_context
from mesa_transports._urllib3 import bounded_connection, bounded_manager, prepared_fields

__all__ = ["Urllib3Transport", "provide_transports"]

_URL: Final = re.compile(r"(https?://[!-\"$-.0->@-~]+)([!-\"$-~]*)(#.*)?", re.ASCII | re.IGNORECASE)
_CERTIFICATES: Final = (ssl.CertificateError, CertificateError)
_MAY_HAVE_ANSWERED: Final = frozenset({errno.EPIPE, errno.ECONNRESET, errno.EPROTOTYPE})
"""How sending fails when the server has ended the connection, perhaps after an answer, which can still be read."""
_NO_EVICTION: Final = 1 << 30  # pools are few, and one that is dropped would be closed in the middle of its use


@hookimpl
def provide_transports() -> Mapping[str, TransportFactory]:
    """Offer the transport by the name of its library."""
    return {"urllib3": Urllib3Transport}


@frozen
class _Route:
    """How an origin is reached: a pool, and whether its requests name the whole URL to a proxy, or go through it."""

    pool: Any  # an `HTTPConnectionPool`: what is called of it is not in its types, or has other ones there
    by_whole_url: bool
    by_tunnel: bool
    proxy: str | None
    """Its host and port."""


@frozen
class _Pools:
    """The pools by origin."""

    manager: urllib3.PoolManager | None  # a ready-made one
    options: Options
    trust: TrustOnUse
    environment: EnvironmentProxies = field(factory=lambda: EnvironmentProxies(PYSOCKS))
    routes: dict[str, _Route] = field(factory=dict[str, _Route])
    managers: dict[tuple[str | None, bool], urllib3.PoolManager] = field(factory=dict[Any, Any], repr=False)
    """By the proxy, whose URL may hold a password, and by whether TLS is spoken."""

    def route(self, origin: str) -> _Route:
        """Return the route to an origin, which is scheme and authority as they stand in the URL."""
        if self.manager is not None:
            return _route(self.manager, origin)
        return self.routes.get(origin) or self.routes.setdefault(origin, _route(self._own(origin), origin))

    def _own(self, origin: str) -> urllib3.PoolManager:
        proxy = self.options.proxy or self.environment.proxy_of(origin)
        by_tls = "https" in (scheme_of(origin), proxy and scheme_of(proxy))
        key = proxy, by_tls
        return self.managers.get(key) or self.managers.setdefault(
            key, _made(self.options, proxy, self.trust if by_tls else None)
        )


class Urllib3Transport(BlockingTransport[urllib3.PoolManager, _Pools]):
    """Sends requests with urllib3.

    Args:
        proxy: URL of an HTTP or SOCKS proxy for all requests; without it the environment decides (HTTPS_PROXY,
            ALL_PROXY, NO_PROXY).
        verify: False trusts any certificate, and urllib3 warns of it; a path names a file of the CA certificates to
            trust instead of the system's.
        cert: Path of a client certificate, or a pair of paths, certificate and key.
        pool_size: Connections to one origin at most; who finds none free waits, and the wait counts toward the timeout.
        client: A ready-made `PoolManager` or `ProxyManager` instead of all these. Its pools, proxy and TLS settings
            serve; its own headers and retries do not. Its owner clears it.

    Raises:
        ConfigurationError: an option is not what it must be, or stands beside a ready-made client.
    """

    _FAULTS = Faults(
        refused=(ValueError, urllib3.exceptions.URLSchemeUnknown, urllib3.exceptions.LocationValueError),
        unsent=(
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.ConnectTimeoutError,
            urllib3.exceptions.ProxyError,
            urllib3.exceptions.ClosedPoolError,
            urllib3.exceptions.EmptyPoolError,
        ),
        late=(urllib3.exceptions.ReadTimeoutError,),  # to which a failure to connect is a timeout, too
    )
    _SOCKS = PYSOCKS

    def __init__(
        self,
        *,
        proxy: str | None = None,
        verify: bool | str = True,
        cert: str | tuple[str, str] | None = None,
        pool_size: int = POOL_SIZE,
        client: urllib3.PoolManager | None = None,
    ) -> None:
        options = Options(proxy, verify, cert, pool_size)
        super().__init__(options, checked("client", urllib3.PoolManager, client, options))

    def _open(self) -> _Pools:
        return _Pools(self._given, self._options, TrustOnUse(partial(tls_context, self._options)))

    def _shut(self, pool: _Pools) -> None:
        for route in list(pool.routes.values()):
            route.pool.close()

    def _exchange(self, pool: _Pools, request: Request, attempt: Attempt) -> Response:
        matched = _URL.fullmatch(request.url)
        if matched is None:
            raise Unsendable("expected an HTTP URL of visible ASCII characters")
        origin, target, _ = matched.groups()
        route = pool.route(origin)
        attempt.proxy = route.proxy
        if route.by_whole_url:
            target = f"http{origin[4:]}{target}"  # by the scheme in lower case, http.client knows a whole URL
        elif not target.startswith("/"):
            target = f"/{target}"
        fields = prepared_fields(request)
        if route.by_whole_url:
            fields.update(route.pool.proxy_headers)
        attempt.stage = Stage.CONNECTING
        connection = route.pool._get_conn(timeout=attempt.remaining())  # noqa: SLF001
        kept = None  # in the place of one that broke off, which may hold a part of a request
        try:
            _connect(route, connection, attempt)
            attempt.stage = Stage.HANDED_OVER
            response = _answer(connection, attempt, request.method, target, request.content or None, fields)
            content, kept = response.data, connection
        finally:
            if kept is None:
                connection.close()
            route.pool._put_conn(kept)  # noqa: SLF001
        return Response(response.status, response.headers.iteritems(), content)


def _connect(route: _Route, connection: Any, attempt: Attempt) -> None:
    """Let a connection of a pool be ready for a request; one to an origin without TLS connects when it sends."""
    connection.timeout = attempt.remaining()
    try:
        if route.by_tunnel and connection.is_closed:
            route.pool._prepare_proxy(connection)  # noqa: SLF001
        route.pool._validate_conn(connection)  # noqa: SLF001
    except _CERTIFICATES as error:  # which are a ValueError, as what is wrong with a request is
        raise urllib3.exceptions.SSLError(error) from error


def _answer(connection: Any, attempt: Attempt, *request: Any) -> Any:
    """Send a request, and return urllib3's response, read to its end; `Any`: see `_Route`."""
    try:
        connection.request(*request)
    except OSError as error:
        if error.errno not in _MAY_HAVE_ANSWERED or attempt.stage is not Stage.SENT:
            raise
        response = connection.getresponse()
        connection.close()  # which the server has done
        return response
    return connection.getresponse()


def _made(options: Options, proxy: str | None, trust: TrustOnUse | None) -> urllib3.PoolManager:
    settings: dict[str, Any] = {  # `Any`: as urllib3 takes them
        "num_pools": _NO_EVICTION,
        "maxsize": options.pool_size,
        "block": True,
    }
    if trust is not None:
        settings["ssl_context"] = trust.read()
        if options.verify is False:
            settings["cert_reqs"] = "CERT_NONE"
    if proxy is None:
        return bounded_manager(urllib3.PoolManager(**settings))
    if scheme_of(proxy) in PYSOCKS.schemes:
        from urllib3.contrib.socks import SOCKSProxyManager  # noqa: PLC0415 - it needs what may not be installed

        username, password = _user_of(proxy)  # which urllib3 decodes in its later releases
        return bounded_manager(SOCKSProxyManager(proxy, username, password, **settings))
    return bounded_manager(urllib3.ProxyManager(proxy, proxy_headers=_credentials(proxy), **settings))


def _credentials(proxy: str) -> Mapping[str, str] | None:
    username, password = _user_of(proxy)
    return None if username is None else urllib3.make_headers(proxy_basic_auth=f"{username}:{password}")


def _user_of(proxy: str) -> tuple[str, str] | tuple[None, None]:
    parts = urlsplit(proxy)
    return (None, None) if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))


def _route(manager: urllib3.PoolManager, origin: str) -> _Route:
    pool: Any = manager.connection_from_url(origin)
    pool.ConnectionCls = bounded_connection(pool.ConnectionCls)  # of a ready-made one; what it has open stays as it is
    by_whole_url = manager.proxy is not None and origin.lower().startswith("http:")
    proxy = getattr(manager, "proxy_url", manager.proxy)  # of a `SOCKSProxyManager`, and of others
    return _Route(
        pool,
        by_whole_url,
        by_tunnel=manager.proxy is not None and not by_whole_url,
        proxy=None if proxy is None else place_of(str(proxy)),
    )
