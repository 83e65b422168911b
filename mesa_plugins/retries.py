"""Retries: exponential backoff with full jitter, only where a repeat can do no harm.

Repeated after 429, 500, 502, 503, 504 and transport errors, when the operation is safe or
idempotent; any other operation only after what was certainly not carried out: nothing was
sent, or the server said that it did not handle it (429, 503; RFC 9110, section 15.6.4).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Final

from mesa_core import (
    DEFAULT_RETRIES,
    APIError,
    Backoff,
    Call,
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

_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
_NOT_HANDLED: Final = frozenset({429, 503})
_PASSING: Final = (ConnectError, RequestTimeout, ConnectionLost)


class _Bucket:
    """A client-wide allowance of retries, so that a dead server is not stormed by all callers at once.

    A retry takes a token, a success gives one back: as long as calls succeed, it never runs dry.
    """

    def __init__(self, capacity: int) -> None:
        self._lock = Lock()
        self._capacity = self._tokens = capacity

    def take(self) -> bool:
        with self._lock:
            if self._tokens == 0:
                return False
            self._tokens -= 1
            return True

    def give_back(self) -> None:
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + 1)


class Retries(Plugin):
    """Repeats failed attempts as `retry_config` says.

    Args:
        capacity: Retries that all calls of a client may make without a success in between.
        jitter: Draws a number from 0 to 1, for each wait anew.
    """

    def __init__(self, *, capacity: int = 100, jitter: Callable[[], float] = random.random) -> None:
        self._bucket = _Bucket(capacity)
        self._jitter = jitter

    def before_request(self, request: Request, call: Call) -> None:
        """Shorten the attempt's timeout to what is left of `max_elapsed_time`, which bounds the whole call.

        Raises:
            RequestTimeout: nothing is left, because another plugin asked for attempts beyond it.
        """
        if call.options.retries.strategy == "backoff" and request.timeout is not None:
            left = _longest(call) - call.elapsed
            if left <= 0:
                raise RequestTimeout("the call has used up its max_elapsed_time", sent=False)
            request.timeout = min(request.timeout, left)

    def after_response(self, response: Response, call: Call) -> None:
        """Count a success."""
        if response.status_code < 400:  # noqa: PLR2004 - where HTTP's errors begin
            self._bucket.give_back()

    def on_error(self, error: MesaError, call: Call) -> Retry | None:
        """Decide whether to make another attempt, and after how long."""
        retries = call.options.retries
        spent = retries.max_attempts is not None and call.attempt >= retries.max_attempts
        if retries.strategy == "none" or spent or not _may_repeat(error, call.operation.repeatable):
            return None
        wait = max(self._backoff(retries.backoff, call.attempt), _retry_after(error, call.clock.time()))
        if call.elapsed + wait >= _longest(call) or not self._bucket.take():
            return None
        return Retry(wait)

    def _backoff(self, backoff: Backoff, attempt: int) -> float:
        try:
            longest = min(backoff.max_interval, backoff.initial_interval * backoff.exponent ** (attempt - 1))
        except OverflowError:
            longest = backoff.max_interval
        return self._jitter() * longest / 1000


def _longest(call: Call) -> float:
    """Return the seconds that a call may take. A longer timeout stretches the default, but not what was asked for."""
    retries = call.options.retries
    longest = retries.backoff.max_elapsed_time / 1000
    if call.options.timeout > longest and retries == DEFAULT_RETRIES:
        return call.options.timeout
    return longest


def _may_repeat(error: MesaError, repeatable: bool) -> bool:  # noqa: FBT001 - an operation's property, read as a fact
    if isinstance(error, TransportError):
        # A plain TransportError is the transport's own refusal or fault, which another attempt would meet again.
        return isinstance(error, _PASSING) and (repeatable or not error.sent)
    if isinstance(error, APIError):
        return error.status_code in (_TRANSIENT if repeatable else _NOT_HANDLED)
    return False


def _retry_after(error: MesaError, now: float) -> float:
    """Return the seconds that a Retry-After header asks for (RFC 9110, section 10.2.3); 0 where it makes no sense."""
    value = error.headers.get("Retry-After", "").strip() if isinstance(error, APIError) else ""
    if value.isdecimal() and value.isascii():
        return float(value[:12])
    try:
        moment = parsedate_to_datetime(value)
        # A date without a zone is in UTC (RFC 9110, section 5.6.7), and not in this machine's zone.
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, OverflowError):
        return 0.0
