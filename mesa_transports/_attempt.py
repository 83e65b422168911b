"""One attempt: its deadline, how far it got, and which error its failure becomes.

HTTP libraries bound each read, so a server that drips bytes is never cut off. An `Attempt`
holds the end of the whole exchange instead; the code that waits on a socket (`_httpcore`,
`_urllib3`) finds it in `current` and waits no longer than what remains. Knows no HTTP library.
"""

from __future__ import annotations

import enum
import re
import time
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, Final, Self, TypeVar, cast

from attrs import frozen

from mesa_core.errors import ConnectError, ConnectionLost, RequestTimeout, TransportError
from mesa_core.http import Request, Response
from mesa_core.secrets import without_secrets

__all__ = ["Attempt", "Faults", "Stage", "Unsendable", "current", "reach"]

T = TypeVar("T")

_REFUSED: Final = re.compile(r"(?:Tunnel connection failed: )?([1-5][0-9][0-9])\b")
"""A proxy's status, in the words of http.client, of httpcore, or alone; the rest is the proxy's own words."""

current: Final[ContextVar[Attempt | None]] = ContextVar("mesa_attempt", default=None)
"""The attempt that this thread or task is making; None when a library is used by its owner."""


class Stage(enum.Enum):
    """How far an attempt got, as far as it is known."""

    PREPARING = enum.auto()
    """The library does not have the request yet."""
    HANDED_OVER = enum.auto()
    """The library has it; only the class of an error tells whether it was sent."""
    CONNECTING = enum.auto()
    """A connection is being made for it, so nothing was sent."""
    SENT = enum.auto()
    """Its first bytes were written, so the server may act on it."""


def reach(stage: Stage) -> None:
    """Note how far the current attempt got, if there is one."""
    attempt = current.get()
    if attempt is not None:
        attempt.stage = stage


class Unsendable(ValueError):
    """What a transport of ours says of a request that cannot be sent, in words that show no secret."""


@frozen(eq=False, repr=False)
class Faults:
    """What the exceptions of an HTTP library mean."""

    refused: tuple[type[Exception], ...]  # the library does not accept the request
    unsent: tuple[type[Exception], ...]  # there was no connection to send it on
    late: tuple[type[Exception], ...]  # a timeout of the library's own passed


class Attempt:
    """A request on its way; as a context manager, the current attempt."""

    __slots__ = ("_end", "_token", "connecting", "proxy", "request", "stage")

    def __init__(self, request: Request) -> None:
        self.request: Final = request
        self.stage = Stage.PREPARING
        self.connecting: Any = None  # `Any`: a stream of some library's
        """The connection that was made for it last, which a library may forget when a proxy refuses or is silent."""
        self.proxy: str | None = None
        """Host and port of the proxy through which it goes, as far as it is known; for what a failure says."""
        timeout = request.timeout
        self._end = None if timeout is None else time.monotonic() + timeout
        self._token: Token[Attempt | None] | None = None

    def __enter__(self) -> Self:
        self._token = current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            current.reset(self._token)

    def remaining(self) -> float | None:
        """Return the seconds that are left, None when there is no bound.

        Raises:
            TimeoutError: none are left.
        """
        if self._end is None:
            return None
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the attempt's time is over")
        return seconds

    def dial(self, host: str, port: int, connect: Callable[[str, float | None], T]) -> T:
        """Connect to the first address of a host that answers, giving each a fair share of what remains.

        The libraries give each address the whole timeout. The system's resolver knows no
        timeout: time spent in it counts, but it is not cut short.
        """
        import socket  # noqa: PLC0415 - only who connects needs it

        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        while True:
            address, remaining = addresses.pop(0), self.remaining()
            share = None if remaining is None else remaining / (len(addresses) + 1)
            try:
                return connect(address, share)
            except Exception:
                if not addresses:
                    raise

    def unfinished(self) -> list[Any]:
        """Return the connection that was made and is of no use yet, if there is one; `Any`: see `connecting`."""
        return [self.connecting] if self.connecting is not None and self.stage is Stage.CONNECTING else []

    def answered(self, response: Response) -> Response:
        """Return a response that ends the exchange; one that switches to another protocol does not."""
        if response.status_code < 200:  # noqa: PLR2004 - where HTTP's final responses begin
            raise ConnectionLost(self._message(f"no final response (status {response.status_code})"))
        return response

    def failure(self, error: Exception, faults: Faults) -> TransportError:
        """Return what a library's exception means, in one line without the library's words, which may show secrets.

        Nor is that exception the cause: it may quote the URL and what the server sent, and its frames hold the key. The
        cause is the system's error, where it was the system.
        """
        failure = self._failure(error, faults)
        cause = _system_error(error)
        if cause is not None:  # to set None would hide what the caller is handling
            failure.__cause__ = cause
        return failure

    def _failure(self, error: Exception, faults: Faults) -> TransportError:
        sent = self.stage is Stage.SENT
        if not sent and (self.stage is Stage.PREPARING or isinstance(error, faults.refused)):
            return TransportError(self._message(f"cannot be sent ({_reason(error)})"), sent=False)
        if self.stage is Stage.CONNECTING or (not sent and isinstance(error, faults.unsent)):
            return ConnectError(self._message(self._unconnected(error, faults)))
        if self._is_late(error, faults):
            return RequestTimeout(self._message(f"no whole response ({self._late_or(error, faults)})"))
        return ConnectionLost(self._message(f"connection lost before the response was whole ({_reason(error)})"))

    def _unconnected(self, error: Exception, faults: Faults) -> str:
        if self.proxy is None:
            return f"no connection ({self._late_or(error, faults)})"
        refused = _REFUSED.match(str(getattr(_first(error), "status", _first(error))))
        why = f"it answered {refused[1]}" if refused else self._late_or(error, faults)
        return f"no connection through the proxy {self.proxy} ({why})"

    def _message(self, what: str) -> str:
        return f"{self.request.method} {without_secrets(self.request.url)}: {what}"

    def _late_or(self, error: Exception, faults: Faults) -> str:
        return f"timeout of {self.request.timeout} s" if self._is_late(error, faults) else _reason(error)

    def _is_late(self, error: Exception, faults: Faults) -> bool:
        if isinstance(error, faults.late) or (self._end is not None and time.monotonic() >= self._end):
            return True
        first = _first(error)
        return isinstance(first, TimeoutError) and first.errno is None  # a wait of ours; with a number, the system's


def _reason(error: BaseException) -> str:
    """Name the first cause: in the system's words or ours where it was either, otherwise by the exception's class."""
    first, system = _first(error), _system_error(error)
    if isinstance(first, Unsendable):
        return str(first)
    return type(first).__name__ if system is None else f"{type(system).__name__}: {system.strerror}"


def _system_error(error: BaseException) -> OSError | None:
    """Return the first cause, without its frames, if it was the system that failed."""
    first = _first(error)
    by_system = type(first).__module__ in {"builtins", "socket", "ssl"}
    return first.with_traceback(None) if by_system and isinstance(first, OSError) and first.strerror else None


def _first(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__ or _one_of(error)) is not None:
        error = cause
    return error


def _one_of(error: BaseException) -> BaseException | None:
    """Return the first of several that failed at once, such as the attempts of trio to reach a host's addresses."""
    return (
        cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
        if isinstance(error, BaseExceptionGroup)
        else None
    )
