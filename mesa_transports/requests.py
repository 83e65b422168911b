"""The transport on requests: for programs that use requests already, or need an adapter made for it.

Goes to the session's adapters directly, because a transport must not do what `Session.request`
does: take credentials from ~/.netrc, keep cookies, rewrite the URL, add headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy

from mesa_core.hookspecs import hookimpl
from mesa_core.http import Request, Response
from mesa_core.transport import TransportFactory
from mesa_core.urls import is_loopback
from mesa_transports._attempt import Attempt, Faults, Stage
from mesa_transports._environment import place_of, refuse_unusable
from mesa_transports._options import POOL_SIZE, Options
from mesa_transports._pooled import BlockingTransport, checked
from mesa_transports._socks import PYSOCKS
from mesa_transports._urllib3 import bounded_connection, bounded_manager, prepared_fields

__all__ = ["RequestsTransport", "provide_transports"]

_CHUNK: Final = 64 * 1024
_FAULTS: Final = Faults(
    refused=(ValueError,),
    unsent=(
        requests.exceptions.ConnectTimeout,
        requests.exceptions.ProxyError,
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ClosedPoolError,
        urllib3.exceptions.EmptyPoolError,
    ),
    late=(requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError),
)


@hookimpl
def provide_transports() -> Mapping[str, TransportFactory]:
    """Offer the transport by the name of its library."""
    return {"requests": RequestsTransport}


class RequestsTransport(BlockingTransport[requests.Session, requests.Session]):
    """Sends requests with requests.

    Args:
        proxy: URL of an HTTP or SOCKS proxy for all requests; without it the environment decides (HTTPS_PROXY,
            ALL_PROXY, NO_PROXY).
        verify: False trusts any certificate, and urllib3 warns of it; a path names a file of the CA certificates to
            trust instead of the usual.
        cert: Path of a client certificate, or a pair of paths, certificate and key.
        pool_size: Connections to one origin at most; who finds none free waits, and the wait counts toward the timeout.
        session: A ready-made session instead of all these. Its adapters, proxies and TLS settings serve; its
            own headers, cookies, authentication and hooks do not. Its owner closes it.

    Raises:
        ConfigurationError: an option is not what it must be, or stands beside a ready-made session.
    """

    _FAULTS = _FAULTS
    _SOCKS = PYSOCKS

    def __init__(
        self,
        *,
        proxy: str | None = None,
        verify: bool | str = True,
        cert: str | tuple[str, str] | None = None,
        pool_size: int = POOL_SIZE,
        session: requests.Session | None = None,
    ) -> None:
        options = Options(proxy, verify, cert, pool_size)
        super().__init__(options, checked("session", requests.Session, session, options))

    def _open(self) -> requests.Session:
        return self._given or _made(self._options)

    def _shut(self, pool: requests.Session) -> None:
        pool.close()

    def _exchange(self, pool: requests.Session, request: Request, attempt: Attempt) -> Response:
        prepared = _prepared(request)
        adapter = pool.get_adapter(request.url)
        # Given here as well as on the session, since the environment has precedence over a session.
        proxies, verify, cert = dict(pool.proxies), pool.verify, pool.cert
        settings: Any = pool.merge_environment_settings(request.url, proxies, stream=True, verify=verify, cert=cert)
        if settings["proxies"] and not pool.proxies:  # the environment's
            if is_loopback(urlsplit(request.url).hostname or ""):
                settings["proxies"] = {}  # what is on this machine is never asked for through them
            refuse_unusable(select_proxy(request.url, settings["proxies"]), PYSOCKS)
        if isinstance(adapter, HTTPAdapter) and not isinstance(adapter, _Adapter):
            _bound(adapter, prepared, settings)
        attempt.stage = Stage.CONNECTING
        timeout = attempt.remaining()
        attempt.stage = Stage.HANDED_OVER
        proxy = select_proxy(request.url, settings["proxies"])
        attempt.proxy = None if proxy is None else place_of(proxy)
        try:
            answer = adapter.send(prepared, timeout=timeout, **settings)
        except OSError as error:
            if type(error) is OSError:  # none of its own kinds, nor the system's: there is no such file of certificates
                attempt.stage = Stage.PREPARING
            raise
        with answer as response:
            content = b"".join(response.iter_content(_CHUNK))
            return Response(response.status_code, response.raw.headers.iteritems(), content)


class _Adapter(HTTPAdapter):
    """An adapter whose pools heed deadlines and whose errors do not show whole URLs."""

    def __init__(self, pool_size: int) -> None:
        super().__init__(pool_maxsize=pool_size, pool_block=True, max_retries=urllib3.Retry(total=False))

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of direct connections; `Any` stands for the signature of requests."""
        super().init_poolmanager(*args, **options)
        bounded_manager(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        """Make the pools of connections through a proxy; `Any` stands for the signature of requests."""
        return bounded_manager(super().proxy_manager_for(*args, **options))


def _made(options: Options) -> requests.Session:
    session = requests.Session()
    session.mount("https://", _Adapter(options.pool_size))
    session.mount("http://", _Adapter(options.pool_size))
    session.verify, session.cert = options.verify, options.cert
    if options.proxy is not None:
        session.proxies = {"http": options.proxy, "https": options.proxy}
    return session


def _bound(adapter: HTTPAdapter, request: requests.PreparedRequest, settings: Mapping[str, Any]) -> None:
    """Let a ready-made adapter make connections that heed deadlines; those it has open stay as they are."""
    pool: Any = adapter.get_connection_with_tls_context(  # `Any`: stubs and library disagree about its type
        request, settings["verify"], proxies=settings["proxies"], cert=settings["cert"]
    )
    pool.ConnectionCls = bounded_connection(pool.ConnectionCls)


def _prepared(request: Request) -> requests.PreparedRequest:
    """Return the request as adapters take it. `prepare()` would rewrite the URL and merge repeated header fields."""
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url = request.method, request.url
    prepared.headers = cast("Any", prepared_fields(request))  # adapters pass them on to urllib3 as they are
    prepared.body = request.content or None
    return prepared
