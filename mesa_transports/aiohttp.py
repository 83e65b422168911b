"""The transport on aiohttp: for `async` code on asyncio with many calls in flight, where it costs least.

aiohttp would add what a transport must not: cookies, credentials of ~/.netrc, header fields of its
own, redirects, and a second sending of a request whose connection broke. Each is switched off here.
"""

from __future__ import annotations

import asyncio
import math
import re
import select
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from mesa_core.errors import ConfigurationError, TransportError
from mesa_core.hookspecs import hookimpl
from mesa_core.http import Request, Response
from mesa_core.transport import TransportFactory
from mesa_transports._attempt import Attempt, Faults, Stage, Unsendable, reach
from mesa_transports._environment import EnvironmentProxies
from mesa_transports._forks import remember
from mesa_transports._options import POOL_SIZE, Options, tls_context
from mesa_transports._pooled import NonBlockingTransport, checked

try:
    import aiohttp
    from multidict import CIMultiDict
    from yarl import URL
except ImportError as error:
    raise ConfigurationError("aiohttp is not installed: pip install 'mesa-sdk[aiohttp]'") from error

if TYPE_CHECKING:
    from aiohttp import ClientRequest, ClientTimeout
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

__all__ = ["AiohttpTransport", "provide_transports"]

_KEEP_ALIVE: Final = 5.0  # seconds that an idle connection is kept, as the other transports do
_MOST_FIELD_BYTES: Final = 100 * 1024  # of one header field, as httpcore allows
_PIECE: Final = 64 * 1024  # bytes of a body that are written before others get their turn
_AUTOMATIC_FIELDS: Final = ("User-Agent", "Accept", "Content-Type")  # which aiohttp would add
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")


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
            headers, cookies and authentication do not. Its owner closes it.

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

    def _check_open(self, request: Request) -> None:
        self._closed = self._closed or (self._given is not None and self._given.closed)
        super()._check_open(request)

    def _open(self) -> _Pool:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise TransportError(
                "the transport 'aiohttp' needs asyncio, and trio is running: choose 'httpx'", sent=False
            ) from None
        if self._given is None:
            connector: aiohttp.BaseConnector | None = _Connector(
                limit=self._options.pool_size, keepalive_timeout=_KEEP_ALIVE, ssl=tls_context(self._options)
            )
        else:
            connector = self._given.connector
        session = aiohttp.ClientSession(
            connector=connector,
            connector_owner=self._given is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=_MOST_FIELD_BYTES,
            max_field_size=_MOST_FIELD_BYTES,
        )
        session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # there is no option
        return _Pool(session, self._options.proxy, self._given is None or self._given.trust_env)

    async def _exchange(self, pool: _Pool, request: Request, attempt: Attempt) -> Response:
        url, fields, content = _url(request.url), _fields(request), request.content
        complete = "User-Agent" in fields and "Accept" in fields and (not content or "Content-Type" in fields)
        attempt.stage = Stage.CONNECTING
        attempt.remaining()  # which refuses a time of 0, to aiohttp no bound at all
        attempt.stage = Stage.HANDED_OVER
        async with pool.session.request(
            request.method,
            url,
            headers=fields,
            data=_Body(content) if len(content) > _PIECE else content or None,
            allow_redirects=False,
            proxy=pool.proxy_of(url),
            skip_auto_headers=None if complete else _AUTOMATIC_FIELDS,  # asked for, it costs
            timeout=_within(request.timeout),
        ) as response:
            content = await response.read()
            received = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
            return Response(response.status, received, content)


@frozen
class _Pool:
    """A session of one event loop, and the proxies it is to use."""

    session: aiohttp.ClientSession
    proxy: str | None = field(repr=False)  # it may hold a password
    trust_env: bool
    environment: EnvironmentProxies = field(factory=EnvironmentProxies)

    def proxy_of(self, url: URL) -> str | None:
        """Return the proxy for a URL. aiohttp's own look into the environment would find ~/.netrc there too."""
        if self.proxy is None and self.trust_env and self.environment:
            return self.environment.proxy_of(str(url.origin()))
        return self.proxy

    async def aclose(self) -> None:
        """Close the connections, unless they are a ready-made session's."""
        await self.session.close()


class _Connector(aiohttp.TCPConnector):
    """Makes connections, and tells the attempt how far it got."""

    def __init__(self, **options: Any) -> None:  # `Any`: aiohttp's options
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]  # aiohttp leaves a type open
        self._fresh: Final[set[object]] = set()

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:  # noqa: ASYNC109
        """Return a connection that the server has not ended."""
        reach(Stage.CONNECTING)
        # While others are in use, the loop runs and sees an idle connection end; otherwise it may have stood still.
        unwatched = not self._acquired
        while True:
            connection = await super().connect(req, traces, timeout)
            if connection.protocol in self._fresh:
                self._fresh.remove(connection.protocol)
                break
            if not (unwatched and _readable(connection)):
                break
            connection.close()
        reach(Stage.SENT)
        return connection

    async def _create_connection(self, *args: Any, **options: Any) -> Any:
        """Make a connection; `Any` stands for aiohttp's signature."""
        protocol = await super()._create_connection(*args, **options)
        self._fresh.add(protocol)
        if protocol.transport is not None:
            remember(protocol.transport.get_extra_info("socket"))
        return protocol


def _readable(connection: Connection) -> bool:
    """Tell whether an idle connection can be read, which it can only when the server ended it."""
    sock = None if connection.transport is None else connection.transport.get_extra_info("socket")
    if sock is None or sock.fileno() < 0:
        return True
    if not hasattr(select, "poll"):  # on Windows
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class _Body(aiohttp.Payload):
    """A body that is written piece by piece, so that the other tasks of the loop get their turn."""

    _autoclose = True

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._size = len(content)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text."""
        return bytes(self._value).decode(encoding, errors)

    async def write(self, writer: Any) -> None:  # `Any`: aiohttp's own writer
        """Write the body."""
        view = memoryview(self._value)
        for start in range(0, len(view), _PIECE):
            await writer.write(view[start : start + _PIECE])


@lru_cache(maxsize=256)
def _within(seconds: float | None) -> aiohttp.ClientTimeout:
    """Return a bound of a whole attempt, which aiohttp would round up to a whole second otherwise."""
    return aiohttp.ClientTimeout(total=seconds, ceil_threshold=math.inf)


def _url(text: str) -> URL:
    """Return a URL as it stands, without the user that aiohttp would make an Authorization of."""
    url = URL(text, encoded=True)
    return url if url.raw_user is None else url.with_user(None)


def _fields(request: Request) -> CIMultiDict[str]:
    """Return the header fields of a request, without the length, which aiohttp counts itself.

    Raises:
        Unsendable: one holds what aiohttp would not send, or not send as it is.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in request.headers.fields():
        if not ((value.isascii() and value.isprintable()) or _VALUE.fullmatch(value)):
            raise Unsendable(f"the value of {name!r} holds characters outside ASCII, or a line break")
        if _is_sent(name):
            pairs.append((name, value))
    fields = CIMultiDict(pairs)
    if "Accept-Encoding" not in fields:
        fields["Accept-Encoding"] = "gzip, deflate"
    return fields


@lru_cache(maxsize=256)
def _is_sent(name: str) -> bool:
    if not _NAME.fullmatch(name):
        raise Unsendable(f"{name!r} is no name of a header field")
    return name.lower() != "content-length"
