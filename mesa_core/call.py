"""One call as plugins see it, and what is known of it when it has ended."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from attrs import Attribute, define, field, frozen
from attrs.validators import instance_of, optional

from mesa_core.config import ClientConfig
from mesa_core.errors import TransportError
from mesa_core.http import Headers, Response
from mesa_core.options import CallOptions

if TYPE_CHECKING:
    from mesa_core.operations import Operation

__all__ = ["AttemptRecord", "Call", "Clock", "Instead", "RawResponse", "Retry"]

T = TypeVar("T")


class Clock(Protocol):
    """Where time comes from; given to a client, so that a test can own it."""

    def time(self) -> float:
        """Return the time of day in seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Block for `seconds`."""
        ...

    async def asleep(self, seconds: float, /) -> None:
        """Wait for `seconds` without blocking the event loop."""
        ...


def _waitable(_: object, attribute: Attribute[float], value: object) -> None:
    if not isinstance(value, int | float) or not isfinite(value) or value < 0:
        raise ValueError(f"{attribute.name}: expected seconds, 0 or more, got {value!r}")


@frozen
class Retry:
    """A plugin's decision to make another attempt, `after` so many seconds."""

    after: float = field(default=0.0, validator=_waitable)


@frozen
class Instead:
    """A plugin's decision that an attempt is to end in `outcome`, as if the transport had answered so.

    An error is told to `on_error`, and a response to `after_response`, as any of the transport's is.
    """

    outcome: Response | TransportError | None = field(
        default=None, validator=optional(instance_of((Response, TransportError)))
    )
    """None: what the transport answers."""
    delay: float = field(default=0.0, kw_only=True, validator=_waitable)
    """Seconds to wait first. They count towards the attempt's timeout, and are cut off by it."""
    send: bool = field(default=False, kw_only=True)
    """Whether the request is sent all the same, and its answer thrown away; an error that comes instead stands."""


@frozen
class AttemptRecord:
    """One attempt that has ended: by a status or by an error, never both.

    `wait` is the time in seconds waited before it, `elapsed` the time in seconds that it took.
    """

    status_code: int | None
    error: str | None
    wait: float
    elapsed: float
    sent: bool = True
    """Whether the server may have acted on the request; False where it certainly did not get it."""


def _scratch() -> dict[object, Any]:
    return {}  # a third of what `dict[object, Any]()` takes


@define(eq=False)
class Call:
    """One call in progress. Plugins read it and keep what they need for it in `state`."""

    operation: Operation[Any]
    """What is called: its name, its arguments, and whether it may be repeated. `Any`: of every type."""
    config: ClientConfig
    """The configuration of the client that makes the call."""
    options: CallOptions
    """The options of the client and of this call, merged."""
    clock: Clock
    """The client's clock: what a plugin takes its time from, so that a test can own it."""
    started: float
    """When the call began, by `clock.monotonic()`."""
    attempt: int = 0
    """The number of the attempt under way, from 1."""
    attempts: tuple[AttemptRecord, ...] = ()
    """The attempts that have ended."""
    state: dict[object, Any] = field(factory=_scratch, repr=False)
    """Scratch space for plugins; a plugin uses a key of its own. `Any`: it is theirs."""
    substituted: bool = False
    """Whether the attempt under way ended in what a plugin put in the place of the transport's answer."""
    deadline: float = inf
    """When the call must have ended, by `clock.monotonic()`; a plugin may bring it forward. An attempt gets no more
    time than is left until then, and a wait that would not end before it is not begun."""

    @property
    def elapsed(self) -> float:
        """Seconds since the call began, waits included."""
        return self.clock.monotonic() - self.started

    @property
    def remaining(self) -> float:
        """Seconds until the deadline; not positive when it has passed."""
        return self.deadline - self.clock.monotonic()


@frozen
class RawResponse(Generic[T]):
    """A result together with the response it was read from."""

    status_code: int
    headers: Headers
    content: bytes = field(repr=lambda content: f"<{len(content)} bytes>")
    attempts: tuple[AttemptRecord, ...]
    elapsed: float
    """Seconds that the whole call took, waits included."""
    parsed: T
    from_cache: bool = False
    """Whether a plugin kept the response from an earlier call, and nothing was sent in this one."""

    @property
    def request_id(self) -> str | None:
        """The server's X-Request-Id, to quote in a report; None when it sent none."""
        return self.headers.get("X-Request-Id")
