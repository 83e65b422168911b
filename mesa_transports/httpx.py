"""The default transport, on httpx: connections pooled, kept alive and shared by all threads.

Goes to httpx below its `Client.send`, because a transport must not do what that does: follow or
even look at redirects, keep cookies, and log whole URLs, signatures included.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Generator, Mapping
from typing import Final

import httpcore
import httpx

from mesa_core.errors import ConfigurationError, TransportError
from mesa_core.hookspecs import hookimpl
from mesa_core.http import Request, Response
from mesa_core.transport import TransportFactory
from mesa_transports._attempt import Attempt, Faults, Stage
from mesa_transports._httpcore import BoundedBackend
from mesa_transports._options import POOL_SIZE, Options, load_cert

__all__ = ["HttpxTransport", "provide_transports"]

_KEEP_ALIVE: Final = 5.0  # seconds that an idle connection is kept, as httpx itself does
_FAULTS: Final = Faults(
    refused=(httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, ValueError),
    unsent=(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError),
    late=(httpx.TimeoutException,),
)


@hookimpl
def provide_transports() -> Mapping[str, TransportFactory]:
    """Offer the transport by the name of its library."""
    return {"httpx": HttpxTransport}


class HttpxTransport:
    """Sends requests with httpx.

    Args:
        proxy: URL of an HTTP proxy for all requests; without it the environment decides (HTTPS_PROXY, NO_PROXY).
        verify: False trusts any certificate; a path names a file of the CA certificates to trust instead of the usual.
        cert: Path of a client certificate, or a pair of paths, certificate and key.
        pool_size: Connections to one origin at most; who finds none free waits, and the wait counts toward the timeout.
        client: A ready-made client instead of all these. Its connections, proxies and TLS settings serve; its
            own headers, cookies, authentication and event hooks do not. Its owner closes it.

    Raises:
        ConfigurationError: an option is not what it must be, or stands beside a ready-made client.
    """

    def __init__(
        self,
        *,
        proxy: str | None = None,
        verify: bool | str = True,
        cert: str | tuple[str, str] | None = None,
        pool_size: int = POOL_SIZE,
        client: httpx.Client | None = None,
    ) -> None:
        options = Options(proxy, verify, cert, pool_size)
        self._owned = client is None
        self._client = _made(options) if client is None else _checked(client, options)
        self._closed = False
        self._places = threading.BoundedSemaphore(pool_size)
        _bound(self._client)

    def send(self, request: Request, /) -> Response:
        """Send `request` once and return the response, whatever its status.

        Raises:
            TransportError: as `mesa_core.Transport.send` documents, and nothing else.
        """
        if self._closed or self._client.is_closed:
            raise TransportError(f"{request.method}: the transport is closed", sent=False)
        with Attempt(request) as attempt:
            try:
                prepared = _prepared(request)
                with self._place(attempt):
                    return self._exchange(prepared, attempt)
            except Exception as error:  # whatever a library raises, only our errors leave
                raise attempt.failure(error, _FAULTS) from error

    def close(self) -> None:
        """Close the connections, unless they are a ready-made client's."""
        self._closed = True
        if self._owned:
            self._client.close()

    @contextlib.contextmanager
    def _place(self, attempt: Attempt) -> Generator[None]:
        """Wait for one of `pool_size` places.

        Not left to httpcore: when its pool is full and threads wait, it may close a connection
        that it has just given to another thread.
        """
        attempt.stage = Stage.CONNECTING
        if not self._places.acquire(timeout=attempt.remaining()):
            raise TimeoutError("no connection was free in time")
        try:
            yield
        finally:
            self._places.release()

    def _exchange(self, request: httpx.Request, attempt: Attempt) -> Response:
        # The way around `Client.send`, for the reasons in the module's docstring.
        transport = self._client._transport_for_url(request.url)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        attempt.stage = Stage.HANDED_OVER
        response = transport.handle_request(request)
        try:
            content: list[bytes] = []
            for chunk in response.iter_bytes():
                attempt.remaining()  # the bound of transports that `_bound` cannot reach
                content.append(chunk)
        finally:
            response.close()
        fields = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
        return Response(response.status_code, fields, b"".join(content))


def _made(options: Options) -> httpx.Client:
    unlimited = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=_KEEP_ALIVE)
    return httpx.Client(verify=_tls(options), proxy=options.proxy, limits=unlimited)  # `_place` sets the limit


def _tls(options: Options) -> ssl.SSLContext:
    if isinstance(options.verify, str):
        context = ssl.create_default_context(cafile=options.verify)
    else:
        context = httpx.create_ssl_context(verify=options.verify)
    load_cert(context, options.cert)
    return context


def _checked(client: object, options: Options) -> httpx.Client:
    if not isinstance(client, httpx.Client):
        raise ConfigurationError(f"client: expected an httpx.Client, got {type(client).__name__}")
    options.refuse_beside("client")
    return client


def _bound(client: httpx.Client) -> None:
    """Make the pools of a client heed deadlines. httpx has no option for a network backend, hence the private names."""
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        pool = getattr(transport, "_pool", None)
        if isinstance(pool, httpcore.ConnectionPool) and not isinstance(pool._network_backend, BoundedBackend):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            pool._network_backend = BoundedBackend(pool._network_backend)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _prepared(request: Request) -> httpx.Request:
    """Return the request as httpx takes it; bytes keep names and values exactly as they are."""
    fields = [
        (name.encode("ascii"), value.encode("latin-1"))
        for name, value in request.headers.fields()
        if name.lower() != "content-length"  # httpx counts itself, and a wrong count would fail half-way
    ]
    if "Accept-Encoding" not in request.headers:
        fields.append((b"Accept-Encoding", b"gzip, deflate"))
    timeouts = httpx.Timeout(request.timeout).as_dict()
    return httpx.Request(
        request.method, request.url, headers=fields, content=request.content, extensions={"timeout": timeouts}
    )
