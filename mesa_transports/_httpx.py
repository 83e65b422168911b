"""What the transports on httpx and on httpx2 are made of: two libraries of one shape, two worlds.

Goes to a library below its `Client.send`, because a transport must not do what that does: follow or
even look at redirects, keep cookies, and log whole URLs, signatures included. Types are written as
those of httpx; httpx2 has the same under its own names.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache, partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from attrs import frozen

from mesa_core.http import Request, Response
from mesa_transports._attempt import Attempt, Faults, Stage
from mesa_transports._library_logs import hide_secrets_of
from mesa_transports._options import Options
from mesa_transports._pooled import BlockingTransport, NonBlockingTransport, checked
from mesa_transports._socks import SOCKSIO

if TYPE_CHECKING:
    import ssl

    import anyio
    import httpcore
    import httpx

    from mesa_transports._httpcore_async import CautiousAsyncPool
    from mesa_transports._tls import TrustOnUse

__all__ = ["BlockingHttpx", "LibraryOnUse", "NonBlockingHttpx"]

_KEEP_ALIVE: Final = 5.0  # seconds that an idle connection is kept, as httpx itself does
_LOOPBACK: Final = ("all://localhost", "all://*.localhost", "all://127.0.0.1", "all://[::1]")
"""Patterns of what is this machine, as httpx mounts take them."""

_USUAL_URL: Final = re.compile(
    r"(https?://[a-z0-9.-]+(?::[0-9]{1,5})?)"
    r"((?:/(?:[A-Za-z0-9_~-]|%[0-9A-F]{2})(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})*)+)"
    r"(?:\?((?:[A-Za-z0-9_.~=&-]|%[0-9A-F]{2})*))?"
)
"""Origin, path and query of a URL in which each thing is said in the one way that there is (RFC 3986, section 6.2)."""
_LONGEST: Final = 1 << 16  # characters of a URL, as the libraries have it

_TELLING_LOGGERS: Final = ("http11", "http2", "proxy", "socks")
"""Those of httpcore's loggers that show header fields or a proxy's password; it has one more, for connecting."""


@frozen(eq=False, repr=False)
class Library:
    """What is used of httpx or httpx2."""

    client: type[httpx.Client]
    async_client: type[httpx.AsyncClient]
    request: type[httpx.Request]
    url: type[httpx.URL]
    origin: Callable[[str], httpx.URL]
    """Parses as `url` does, and keeps what it has parsed: parsing takes a tenth of a request."""
    timeout: type[httpx.Timeout]
    limits: type[httpx.Limits]
    tls: Callable[..., ssl.SSLContext]
    pool: type[httpcore.ConnectionPool]
    async_pool: type[httpcore.AsyncConnectionPool]
    faults: Faults

    @classmethod
    def of(cls, library: ModuleType, core: ModuleType) -> Library:
        """Pick the parts out of a library and its core, and keep secrets out of what the core logs for them."""
        hide_secrets_of(*(f"{core.__name__}.{part}" for part in _TELLING_LOGGERS))
        return cls(
            client=library.Client,
            async_client=library.AsyncClient,
            request=library.Request,
            url=library.URL,
            origin=lru_cache(maxsize=256)(library.URL),
            timeout=library.Timeout,
            limits=library.Limits,
            tls=library.create_ssl_context,
            pool=core.ConnectionPool,
            async_pool=core.AsyncConnectionPool,
            faults=Faults(
                refused=(library.InvalidURL, library.UnsupportedProtocol, library.LocalProtocolError, ValueError),
                unsent=(library.ConnectError, library.ConnectTimeout, library.PoolTimeout, library.ProxyError),
                late=(library.TimeoutException,),
            ),
        )

    def trust(self, options: Options) -> TrustOnUse:
        """Return what TLS connections trust by the options; of their own accord, the libraries read it at once."""
        from mesa_transports._tls import TrustOnUse  # noqa: PLC0415 - with the library

        return TrustOnUse(partial(self._tls_context, options))

    def _tls_context(self, options: Options) -> ssl.SSLContext:
        from mesa_transports._tls import ALPN, load_cert  # noqa: PLC0415 - the same

        if isinstance(options.verify, str):
            import ssl  # noqa: PLC0415 - with the library

            context = ssl.create_default_context(cafile=options.verify)
        else:
            context = self.tls(verify=options.verify)
        load_cert(context, options.cert)
        context.set_alpn_protocols(ALPN)  # as httpcore does to the one that it knows
        return context

    def client_options(self, options: Options, tls: ssl.SSLContext) -> dict[str, Any]:
        """Return the options as a client takes them; how many connections there are is not its business.

        Raises:
            Unsendable: the environment names a proxy that the library cannot use.
        """
        from urllib.request import getproxies  # noqa: PLC0415 - with the library, which asks it too

        from mesa_transports._environment import refuse_unusable_of_all  # noqa: PLC0415 - with what it asks

        limits = self.limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=_KEEP_ALIVE)
        taken: dict[str, Any] = {"verify": tls, "proxy": options.proxy, "limits": limits}
        if options.proxy is None and (proxies := getproxies()):
            refuse_unusable_of_all(proxies, SOCKSIO)
            taken["mounts"] = dict.fromkeys(_LOOPBACK)  # no proxy is for what is on this machine
        return taken

    def parsed(self, text: str) -> httpx.URL:
        """Return a URL; of a usual one, the library parses but the origin, and the same object comes of it."""
        usual = _USUAL_URL.fullmatch(text)
        if usual is None or len(text) > _LONGEST:
            return self.url(text)
        origin, path, query = usual.groups()
        url = self.url.__new__(self.url)
        reference = self.origin(origin)._uri_reference  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        url._uri_reference = reference._replace(path=path, query=query)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return url

    def prepared(self, request: Request) -> httpx.Request:
        """Return a request as the library takes it; bytes keep names and values exactly as they are."""
        fields = [
            (name.encode("ascii"), value.encode("latin-1"))
            for name, value in request.headers.fields()
            if name.lower() != "content-length"  # httpx counts itself, and a wrong count would fail half-way
        ]
        if "Accept-Encoding" not in request.headers:
            fields.append((b"Accept-Encoding", b"gzip, deflate"))
        timeouts = self.timeout(request.timeout).as_dict()
        return self.request(
            request.method,
            self.parsed(request.url),
            headers=fields,
            content=request.content,
            extensions={"timeout": timeouts},
        )


class LibraryOnUse:
    """The library of a class, imported by the first request: it is half of what building a client would take."""

    def __init__(self, library: str, core: str) -> None:
        self._names: Final = library, core

    def __get__(self, instance: object, owner: type) -> Library:
        return _imported(*self._names)


class _FaultsOnUse:
    """The faults of the library of a class."""

    def __get__(self, instance: object, owner: type[BlockingHttpx | NonBlockingHttpx]) -> Faults:
        return owner.HTTP_LIBRARY.faults


@cache
def _imported(library: str, core: str) -> Library:
    return Library.of(import_module(library), import_module(core))


def _transports(client: Any) -> Iterator[Any]:
    """Yield the transports of a client; httpx has no option for what is put into them, hence the private names."""
    yield client._transport  # noqa: SLF001
    yield from client._mounts.values()  # noqa: SLF001


def _proxy_of(transport: Any) -> str | None:
    """Return host and port of a transport's proxy, if it has one; `Any`, and private names: as above."""
    pool: Any = getattr(transport, "_pool", None)
    url: Any = getattr(getattr(pool, "_pool", pool), "_proxy_url", None)
    return None if url is None else str(url.origin).rpartition("/")[2]


def _response(response: httpx.Response, content: bytes) -> Response:
    fields = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
    return Response(response.status_code, fields, content)


@frozen(eq=False, repr=False)
class _Pool:
    """A client, and the places in it.

    That they are limited is not left to httpcore: when its pool is full and threads wait, it may
    close a connection that it has just given to another thread.
    """

    client: httpx.Client
    places: threading.BoundedSemaphore
    trust: TrustOnUse | None  # None for a ready-made client, which has its own

    def take_place(self, attempt: Attempt) -> None:
        """Wait for one of the places; who takes it gives it back."""
        attempt.stage = Stage.CONNECTING
        if not self.places.acquire(timeout=attempt.remaining()):
            raise TimeoutError("no connection was free in time")


class BlockingHttpx(BlockingTransport["httpx.Client", _Pool]):
    """A blocking transport on either library."""

    HTTP_LIBRARY: ClassVar[LibraryOnUse]
    _FAULTS = cast("Faults", _FaultsOnUse())
    _SOCKS = SOCKSIO

    def __init__(self, options: Options, client: object) -> None:
        given = None if client is None else checked("client", self.HTTP_LIBRARY.client, client, options)
        super().__init__(options, given)

    def _open(self) -> _Pool:
        from mesa_transports._httpcore import BoundedBackend  # noqa: PLC0415 - with the library

        library = self.HTTP_LIBRARY
        trust = library.trust(self._options)
        client = self._given or library.client(**library.client_options(self._options, trust.stand_in))
        for transport in _transports(client):
            pool = getattr(transport, "_pool", None)
            if isinstance(pool, library.pool) and not isinstance(pool._network_backend, BoundedBackend):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
                pool._network_backend = BoundedBackend(pool._network_backend, trust)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return _Pool(
            client, threading.BoundedSemaphore(self._options.pool_size), trust if self._given is None else None
        )

    def _shut(self, pool: _Pool) -> None:
        pool.client.close()

    def _is_shut(self, given: httpx.Client) -> bool:
        return given.is_closed

    def _exchange(self, pool: _Pool, request: Request, attempt: Attempt) -> Response:
        prepared = self.HTTP_LIBRARY.prepared(request)
        if pool.trust is not None and prepared.url.scheme == "https":
            pool.trust.read()
        pool.take_place(attempt)
        try:
            # The way around `Client.send`, for the reasons in the module's docstring.
            transport = pool.client._transport_for_url(prepared.url)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            attempt.stage = Stage.HANDED_OVER
            try:
                response = transport.handle_request(prepared)
            except BaseException:
                attempt.proxy = _proxy_of(transport)
                for stream in attempt.unfinished():
                    stream.close()
                raise
            try:
                content: list[bytes] = []
                for chunk in response.iter_bytes():
                    attempt.remaining()  # the bound of transports that `BoundedBackend` cannot reach
                    content.append(chunk)
            finally:
                response.close()
            return _response(response, b"".join(content))
        finally:
            pool.places.release()


@frozen(eq=False, repr=False)
class _AsyncPool:
    """A client of one event loop, and the places in it. A ready-made one limits itself, and has its own trust."""

    client: httpx.AsyncClient
    places: anyio.Semaphore | None
    trust: TrustOnUse | None
    own: Iterable[CautiousAsyncPool]

    async def aclose(self) -> None:
        """Close the connections that are the transport's own."""
        for pool in self.own:
            await pool.aclose()


class NonBlockingHttpx(NonBlockingTransport["httpx.AsyncClient", _AsyncPool]):
    """An `async` transport on either library, for asyncio and trio."""

    HTTP_LIBRARY: ClassVar[LibraryOnUse]
    _FAULTS = cast("Faults", _FaultsOnUse())
    _SOCKS = SOCKSIO

    def __init__(self, options: Options, client: object) -> None:
        given = None if client is None else checked("client", self.HTTP_LIBRARY.async_client, client, options)
        super().__init__(options, given)

    def _open(self) -> _AsyncPool:
        import anyio  # noqa: PLC0415 - with the library

        from mesa_transports._httpcore_async import CautiousAsyncBackend, CautiousAsyncPool  # noqa: PLC0415 - the same

        library = self.HTTP_LIBRARY
        trust = library.trust(self._options)
        client = self._given or library.async_client(**library.client_options(self._options, trust.stand_in))
        own: list[CautiousAsyncPool] = []
        for transport in _transports(client):
            pool = getattr(transport, "_pool", None)
            if not isinstance(pool, library.async_pool):
                continue
            if not isinstance(pool._network_backend, CautiousAsyncBackend):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
                pool._network_backend = CautiousAsyncBackend(pool._network_backend, trust)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            if self._given is None:
                transport._pool = CautiousAsyncPool(pool)  # noqa: SLF001  # as above
                own.append(transport._pool)  # noqa: SLF001
        if self._given is not None:
            return _AsyncPool(client, None, None, own)
        return _AsyncPool(client, anyio.Semaphore(self._options.pool_size), trust, own)

    def _is_shut(self, given: httpx.AsyncClient) -> bool:
        return given.is_closed

    async def _exchange(self, pool: _AsyncPool, request: Request, attempt: Attempt) -> Response:
        import anyio  # noqa: PLC0415 - as above

        from mesa_transports._httpcore_async import CautiousAsyncPool, close_all  # noqa: PLC0415 - the same

        prepared = self.HTTP_LIBRARY.prepared(request)
        if pool.trust is not None and prepared.url.scheme == "https":
            pool.trust.read()
        attempt.stage = Stage.CONNECTING
        with attempt, anyio.fail_after(attempt.remaining()):
            async with pool.places or contextlib.nullcontext():
                # The way around `AsyncClient.send`, for the reasons in the module's docstring.
                transport = pool.client._transport_for_url(prepared.url)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
                if not isinstance(getattr(transport, "_pool", None), (self.HTTP_LIBRARY.async_pool, CautiousAsyncPool)):
                    # Of another kind, which does not tell when it sends.
                    attempt.stage = Stage.HANDED_OVER
                try:
                    response = await transport.handle_async_request(prepared)
                except BaseException:
                    attempt.proxy = _proxy_of(transport)
                    await close_all(attempt.unfinished())
                    raise
                try:
                    return _response(response, await response.aread())
                finally:
                    await response.aclose()
