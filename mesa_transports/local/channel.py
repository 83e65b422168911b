"""Between waitress and the Depot: what is read before a request is answered, and waitress' own faults in the envelope.

A body is read to the end before the application sees the request, whoever sent it. So its size is
bounded here, by what the first line of the request asks for.
"""

from __future__ import annotations

import time
from copy import copy
from functools import partial
from typing import Any, Final  # Any: waitress has no types

from waitress import utilities  # type: ignore[import-untyped]  # it ships no types
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # the same
from waitress.parser import HTTPRequestParser, ParsingError  # type: ignore[import-untyped]  # the same
from waitress.task import ErrorTask  # type: ignore[import-untyped]  # the same

from mesa_transports.local.app import Application
from mesa_transports.local.refusals import (
    BadRequest,
    HeadersTooLarge,
    InternalServerError,
    PayloadTooLarge,
    Refusal,
    UnknownEncoding,
)

__all__ = ["channel_of", "close_stalled"]

_TLS: Final = b"\x16\x03"  # how a handshake begins (RFC 8446, section 5.1): no line would ever end
_LONGEST_HEADERS: Final = 30  # seconds until they have come

_REFUSALS: Final[dict[int, type[Refusal]]] = {
    400: BadRequest,
    413: PayloadTooLarge,
    431: HeadersTooLarge,
    501: UnknownEncoding,
}


def channel_of(application: Application) -> Any:
    """Return what makes waitress' channels, one a connection, for an application."""

    def make(*arguments: Any, **options: Any) -> Any:
        channel: Any = _Channel(*arguments, **options)
        channel.parser_class = partial(_Parser, application)
        channel.error_task_class = _Fault
        return channel

    return make


def close_stalled(server: Any, now: float) -> None:
    """Close the connections whose clients have let us wait too long; `now` is that of `time.time`.

    waitress closes those that do nothing between requests. Of the others, some would stay for ever, and a thread with
    each that is being sent to.
    """
    for channel in list(server.active_channels.values()):
        if channel.is_stalled(now):
            # By the loop's own thread, and at once: the socket of who reads nothing never becomes writable.
            server.trigger.pull_trigger(channel.handle_close)


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """One connection."""

    adj: Any
    request: Any
    last_activity: float
    total_outbufs_len: int

    def is_stalled(self, now: float) -> bool:
        """Tell whether its client neither ends a request's headers, nor takes what is sent."""
        coming: Any = self.request
        if coming is not None and not coming.headers_finished and now - coming.began > _LONGEST_HEADERS:
            return True
        return self.total_outbufs_len > 0 and now - self.last_activity > self.adj.channel_timeout


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Reads one request, and no more of its body than the application can need."""

    adj: Any
    command: Any
    headers: Any
    request_uri: Any

    def __init__(self, application: Application, adjustments: Any) -> None:
        super().__init__(adjustments)
        self.application = application
        self.began = time.time()

    def parse_header(self, header_plus: bytes) -> None:
        """Read the first line and the headers, and set the limit of the body."""
        try:
            super().parse_header(header_plus)
        except ValueError:
            # Some URLs and numbers raise it, which would end the connection without an answer.
            raise ParsingError("a URL or a number in it cannot be read") from None
        if self.body_rcv is not None:
            self.adj = copy(self.adj)
            # waitress refuses what reaches the limit, not what exceeds it.
            self.adj.max_request_body_size = 1 + self.application.body_limit(
                self.command, self.request_uri, self.headers.get("AUTHORIZATION", "")
            )

    def received(self, data: bytes) -> int:
        """Take bytes from the connection and return how many were this request's."""
        if not self.header_plus and data.startswith(_TLS):
            self.error = utilities.BadRequest("it is TLS, and this is a server of plain http")
            self.completed = True
            return len(data)
        consumed: int = super().received(data)
        if self.error is not None:
            self.expect_continue = False  # or waitress would ask for the body that it refuses
        return consumed


class _Fault(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """Answers what cannot be handed to the application."""

    request: Any
    response_headers: Any

    def execute(self) -> None:
        """Answer, and close the connection."""
        response = self.request.application.refuse(_refusal(self.request))
        content = response.get_data()
        self.status = response.status
        self.response_headers.extend(response.headers.items())
        self.set_close_on_finish()
        self.content_length = len(content)
        self.write(content)


def _refusal(request: Any) -> Refusal:
    fault = request.error
    kind = _REFUSALS.get(fault.code, InternalServerError)
    if kind is PayloadTooLarge:
        return kind(f"body: expected at most {request.adj.max_request_body_size - 1} bytes, got more")
    # What follows a quote is a part of the request, which may be secret.
    return kind(f"the request is not HTTP that can be read: {fault.body.partition(chr(34))[0].strip()}")
