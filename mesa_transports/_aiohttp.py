"""One exchange with aiohttp, below its session: a request, a connection, and the response that is read from it.

A session would add what a transport must not: cookies, credentials of ~/.netrc, header fields of its own, redirects,
and a second sending of a request whose connection broke; and what it does for a request costs as much as the rest. So a
request is made, sent and read here, by the methods that a session calls; they are the same in all of aiohttp 3.13 and
later. aiohttp's own timers stay off, since the one who awaits all this sets a bound.
"""

from __future__ import annotations

import asyncio
import re
import select
from base64 import b64encode
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

import aiohttp
from aiohttp.helpers import TimerNoop
from attrs import frozen

from mesa_core.http import Request, Response
from mesa_transports._attempt import Attempt, Stage, Unsendable
from mesa_transports._forks import remember
from mesa_transports._tls import TrustOnUse

if TYPE_CHECKING:
    import ssl

    from aiohttp import ClientRequest
    from aiohttp.connector import Connection
    from yarl import URL

__all__ = ["Connector", "answer", "prepared"]

_NO_TIMERS: Final = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
_NO_TIMER: Final = TimerNoop()  # which aiohttp would make for each request, and for each response
_MOST_FIELD_BYTES: Final = 100 * 1024  # of one header field, as httpcore allows
_READ_BYTES: Final = 64 * 1024  # that may wait to be read, as in a session
_PIECE: Final = 64 * 1024  # bytes of a body that are written before others get their turn
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_TYPELESS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
"""Methods that aiohttp gives no type unless there is a body."""


class Connector(aiohttp.TCPConnector):
    """Makes connections, and knows which of them the server has not ended."""

    def __init__(self, trust: TrustOnUse, **options: Any) -> None:  # `Any`: aiohttp's options
        super().__init__(ssl=trust.stand_in, **options)  # pyright: ignore[reportUnknownMemberType]  # aiohttp leaves a type open
        self._trust: Final = trust
        self.fresh: Final[set[object]] = set()
        """Those that were made, and not given out yet."""

    @property
    def is_idle(self) -> bool:
        """Whether no connection is in use. The loop may have stood still then, and have seen none end."""
        return not self._acquired

    def break_off(self) -> None:
        """Close the connections in use, without sending what is left of a request."""
        for protocol in list(self._acquired):
            if protocol.transport is not None:
                protocol.transport.abort()

    def has_ended(self, connection: Connection, *, unwatched: bool) -> bool:
        """Tell whether the server ended a connection before it was given out; asked once of each that is."""
        if connection.protocol in self.fresh:
            self.fresh.remove(connection.protocol)
            return False
        return unwatched and _readable(connection)

    def _get_ssl_context(self, req: ClientRequest) -> ssl.SSLContext | None:
        context = super()._get_ssl_context(req)
        return None if context is None else self._trust.instead_of(context)

    async def _create_connection(self, *args: Any, **options: Any) -> Any:
        """Make a connection; `Any` stands for aiohttp's signature."""
        protocol = await super()._create_connection(*args, **options)
        self.fresh.add(protocol)
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


def prepared(request: Request, url: URL, proxy: URL | None, loop: asyncio.AbstractEventLoop) -> ClientRequest:
    """Return a request as aiohttp sends it, with no field that was not in it but those that HTTP needs.

    Raises:
        Unsendable: a header field holds what aiohttp would not send, or not send as it is.
    """
    fields, content = list(request.headers.fields()), request.content
    names = _names(tuple([name for name, _ in fields]))
    values = "".join([value for _, value in fields])
    if not (values.isascii() and values.isprintable()):
        _check_values(fields)
    if names.has_length:
        fields = [pair for pair in fields if pair[0].lower() != "content-length"]  # which aiohttp counts itself
    if names.needs_encoding:
        fields.append(("Accept-Encoding", "gzip, deflate"))
    if proxy is not None and proxy.user is not None and url.scheme == "http":  # which 3.13 forgets on a kept connection
        credentials = b64encode(f"{proxy.user}:{proxy.password or ''}".encode()).decode()
        fields.append(("Proxy-Authorization", f"Basic {credentials}"))
    return aiohttp.ClientRequest(
        request.method,
        url,
        headers=fields,
        skip_auto_headers=names.skipped_without_body if not content and request.method in _TYPELESS else names.skipped,
        data=_Body(content) if len(content) > _PIECE else content or None,
        proxy=proxy,
        loop=loop,
        timer=_NO_TIMER,
        response_class=cast("type[aiohttp.ClientResponse]", _writer_of),
    )


def _writer_of(*_: object, writer: asyncio.Task[None] | None, **__: object) -> asyncio.Task[None] | None:
    """Return what still writes a body: all that is asked of a response of aiohttp's, which costs as much as reading."""
    return writer


def _check_values(fields: list[tuple[str, str]]) -> None:
    for name, value in fields:
        if not _VALUE.fullmatch(value):
            raise Unsendable(f"the value of {name!r} holds characters outside ASCII, or a line break")


@frozen
class _Names:
    """What the names of a request's header fields ask for."""

    has_length: bool
    needs_encoding: bool
    skipped: tuple[str, ...] | None
    """The fields that aiohttp would add; None where it would add none, since being asked costs it."""
    skipped_without_body: tuple[str, ...] | None


@lru_cache(maxsize=256)
def _names(names: tuple[str, ...]) -> _Names:
    for name in names:
        if not _NAME.fullmatch(name):
            raise Unsendable(f"{name!r} is no name of a header field")
    known = {name.lower() for name in names}
    without_body = tuple(name for name in ("User-Agent", "Accept") if name.lower() not in known)
    skipped = without_body if "content-type" in known else (*without_body, "Content-Type")
    return _Names("content-length" in known, "accept-encoding" not in known, skipped or None, without_body or None)


async def answer(made: ClientRequest, connector: aiohttp.BaseConnector, attempt: Attempt) -> Response:
    """Send a request, and return the response, read to its end; raises what aiohttp raises."""
    ours = connector if isinstance(connector, Connector) else None
    unwatched = ours is not None and ours.is_idle
    connection = await connector.connect(made, [], _NO_TIMERS)
    while ours is not None and (unwatched or ours.fresh) and ours.has_ended(connection, unwatched=unwatched):
        connection.close()
        connection = await connector.connect(made, [], _NO_TIMERS)
    attempt.stage = Stage.SENT
    protocol: Any = connection.protocol  # `Any`: it is there, as long as the connection was not released
    protocol.set_response_params(
        timer=_NO_TIMER,
        skip_payload=made.method == "HEAD",
        read_until_eof=True,
        auto_decompress=True,
        read_bufsize=_READ_BYTES,
        max_line_size=_MOST_FIELD_BYTES,
        max_field_size=_MOST_FIELD_BYTES,
    )
    writer: asyncio.Task[None] | None = None
    try:
        writer = cast("Any", await made.send(connection))  # see `_writer_of`
        head, body = await protocol.read()
        while 100 <= head.code < 200 and head.code != HTTPStatus.SWITCHING_PROTOCOLS:  # noqa: PLR2004 - interim
            _go_on(made)
            head, body = await protocol.read()
        content = body.read_nowait() if body.is_eof() else await body.read()
        if writer is not None and not writer.done():  # it was answered before it was whole
            writer.cancel()
            await asyncio.wait([writer])
            _break_off(connection)
    except BaseException:
        if writer is not None:
            writer.cancel()
        _break_off(connection)
        raise
    connection.release()  # for others, unless aiohttp knows that it is of no use to them
    received = [(_name(name), value.decode("latin-1")) for name, value in head.raw_headers]
    return Response(head.code, received, content)


def _go_on(made: Any) -> None:  # `Any`: what waits for 100 Continue is private
    """Let a body be sent that waits for the server's word (RFC 9110, section 10.1.1), as aiohttp's response does."""
    expected = made._continue  # noqa: SLF001
    if expected is not None and not expected.done():
        expected.set_result(True)


def _break_off(connection: Connection) -> None:
    """Close a connection without sending what is left of a request: its closing would wait for a server to take it."""
    transport = connection.transport
    connection.close()
    if transport is not None:
        transport.abort()


@lru_cache(maxsize=512)  # servers give all their answers the same
def _name(raw: bytes) -> str:
    return raw.decode("latin-1")


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
