"""Retries: exponential backoff with full jitter, only where a repeat can do no harm.

Repeated after 429, 500, 502, 503, 504 and transport errors, when the operation is safe or
idempotent; any other operation only after what was certainly not carried out: nothing was
sent, or the server said that it did not handle it (429, 503; RFC 9110, section 15.6.4).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from typing import Final

from attrs import define

from mesa_core import (
    APIError,
    Backoff,
    Call,
    CallOptions,
    ConfigurationError,
    ConnectError,
    ConnectionLost,
    MesaError,
    Plugin,
    Request,
    RequestTimeout,
    Response,
    Retry,
    TransportError,
)

__all__ = ["Retries"]

_LONGEST: Final = 1e9  # seconds of a Retry-After; no clock sleeps for longer
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
_NOT_HANDLED: Final = frozenset({429, 503})
_PASSING: Final = (ConnectError, RequestTimeout, ConnectionLost)


class _Bucket:
    """A client-wide allowance of retries, so that a dead server is not stormed by all callers at once.

    A retry takes a token, a success gives one back: as long as calls succeed, it never runs dry.
    """

    def __init__(self, capacity: int) -> None:
        # A deque is safe among threads without a lock, which a fork could leave locked for ever.
        self._tokens = deque[None]([None] * capacity, maxlen=capacity)

    def take(self) -> bool:
        try:
            self._tokens.pop()
        except IndexError:
            return False
        return True

    def give_back(self) -> None:
        self._tokens.append(None)


def _chance() -> float:
    from random import random  # noqa: PLC0415 - a program without retries need not hold it

    return random()  # noqa: S311 - it spreads callers out, and keeps no secret


@define(eq=False, repr=False)
class _Made:
    """The retries that were decided on in one call."""

    count: int = 0
    begun: bool = True
    """Whether the attempt that the last one was for has begun; until then, it has used nothing up."""


class Retries(Plugin):
    """Repeats failed attempts as `retry_config` says.

    `max_attempts` and the backoff count the first attempt and this plugin's repeats. Attempts that other plugins ask
    for, to poll or to send a new key, are bound by `max_elapsed_time` alone.

    Args:
        capacity: Retries that all calls of a client may make without a success in between.
        jitter: Draws a number from 0 to 1, for each wait anew; one outside counts as the nearer end.

    Raises:
        ConfigurationError: `capacity` is not a whole number of at least 0.
    """

    def __init__(self, *, capacity: int = 100, jitter: Callable[[], float] = _chance) -> None:
        if type(capacity) is not int or capacity < 0:
            raise ConfigurationError(f"capacity: expected a whole number of at least 0, got {capacity!r}")
        self._bucket = _Bucket(capacity)
        self._jitter = jitter
        self._seen: tuple[CallOptions | None, float] = None, inf

    def before_request(self, request: Request, call: Call) -> None:
        """Bound the whole call, attempts and waits included, by `max_elapsed_time`."""
        call.deadline = min(call.deadline, call.started + self._longest_of(call.options))
        made: _Made | None = call.state.get(self)
        if made is not None:
            made.begun = True

    def after_response(self, response: Response, call: Call) -> None:
        """Count a success of the server's."""
        if response.status_code < 400 and not response.from_cache:  # noqa: PLR2004 - where HTTP's errors begin
            self._bucket.give_back()

    def on_error(self, error: MesaError, call: Call) -> Retry | None:
        """Decide whether to make another attempt, and after how long."""
        retries = call.options.retries
        made: _Made = call.state.setdefault(self, _Made())
        spent = retries.max_attempts is not None and made.count + 1 >= retries.max_attempts
        given_up = len(call.attempts) < call.attempt  # cancelled or refused: no answer counts, so none costs a token
        if retries.strategy == "none" or spent or given_up or not _may_repeat(error, call.operation.repeatable):
            return None
        wait = max(self._backoff(retries.backoff, made.count), _retry_after(error, call.clock.time()))
        if wait >= call.remaining or not self._bucket.take():
            return None
        made.count, made.begun = made.count + 1, False
        return Retry(wait)

    def after_call(self, error: BaseException | None, call: Call) -> None:
        """Take a token back that was for an attempt which never began: the caller was cancelled in the wait for it."""
        made: _Made | None = call.state.get(self)
        if made is not None and not made.begun:
            self._bucket.give_back()

    def _longest_of(self, options: CallOptions) -> float:
        """Return the seconds that a call with these options may take; those of the last are kept, as most are alike."""
        known, seconds = self._seen
        if known is not options:
            seconds = _longest(options) if options.retries.bounded else inf
            self._seen = options, seconds
        return seconds

    def _backoff(self, backoff: Backoff, made: int) -> float:
        return min(1.0, max(0.0, self._jitter())) * _interval(backoff, made) / 1000


def _interval(backoff: Backoff, made: int) -> float:
    """Return the longest wait, in milliseconds, after so many retries."""
    if backoff.initial_interval == 0:
        return 0.0
    try:
        return min(backoff.max_interval, backoff.initial_interval * float(backoff.exponent) ** made)
    except OverflowError:
        return backoff.max_interval


def _longest(options: CallOptions) -> float:
    """Return the seconds that a call may take. A longer timeout stretches the default, but not what was asked for."""
    longest = options.retries.backoff.max_elapsed_time / 1000
    return longest if options.retries_given else max(longest, options.timeout)


def _may_repeat(error: MesaError, repeatable: bool) -> bool:  # noqa: FBT001 - an operation's property, read as a fact
    if isinstance(error, TransportError):
        # A plain TransportError is the transport's own refusal or fault, which another attempt would meet again.
        return isinstance(error, _PASSING) and (repeatable or not error.sent)
    if isinstance(error, APIError):
        return error.status_code in (_TRANSIENT if repeatable else _NOT_HANDLED)
    return False


def _retry_after(error: MesaError, now: float) -> float:
    """Return the seconds that Retry-After asks for (RFC 9110, section 10.2.3); the longest, where a proxy added one."""
    values = error.headers.get_all("Retry-After") if isinstance(error, APIError) else []
    return max((_seconds(value, now) for value in values), default=0.0)


def _seconds(value: str, now: float) -> float:
    """Return the seconds that a Retry-After field asks for; 0 where it makes no sense."""
    numbers = [float(part) for part in map(str.strip, value.split(",")) if part.isdecimal() and part.isascii()]
    if numbers:  # several, where a library has joined the fields
        return min(max(numbers), _LONGEST)
    from datetime import UTC  # noqa: PLC0415 - hardly a server sends a date
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - the same

    try:
        moment = parsedate_to_datetime(value)
        # A date without a zone is in UTC (RFC 9110, section 5.6.7), and not in this machine's zone.
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, OverflowError):
        return 0.0
