"""One call from operation to result, as a generator that does no I/O.

It yields what is to be done, `Wait` or `Attempt`, and is sent what came of it. Hooks run
here, and nowhere else; they decide, and a driver (`drivers.py`) acts.

    before_call → before_request → [Attempt] → after_response → decode → result → after_call
                        └── a failure → on_error → Retry(after) | a Response | nothing: raise
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from functools import lru_cache
from math import inf
from typing import Final, Generic, TypeAlias, TypeVar

from attrs import frozen

from mesa_core.call import AttemptRecord, Call, Clock, Instead, Retry
from mesa_core.config import ClientConfig
from mesa_core.drafts import maker_of
from mesa_core.errors import (
    APIError,
    ConnectionLost,
    MesaError,
    RequestTimeout,
    ResponseValidationError,
    TransportError,
    note_once,
)
from mesa_core.http import Headers, Request, Response
from mesa_core.operations import Operation
from mesa_core.options import merge_options
from mesa_core.plugins import Plugins
from mesa_core.sendable import check_sendable
from mesa_core.urls import expand
from mesa_core.version import USER_AGENT

__all__ = ["Attempt", "Ended", "Flow", "Outcome", "Wait", "exchange"]

T = TypeVar("T")


@frozen
class Attempt:
    """Send this request; the answer is the outcome."""

    request: Request


_send: Final = maker_of(Attempt)


@frozen
class Wait:
    """Let so many seconds pass; the answer is None.

    Waiting is a step of its own, so that `before_request` runs after it: a key or a trace
    context is then as fresh as the attempt.
    """

    seconds: float


@frozen(eq=False)
class Ended(Generic[T]):
    """A call that has ended well: its result, and the response it was read from."""

    parsed: T
    response: Response
    call: Call


@frozen(eq=False, repr=False)
class _Again:
    """Another attempt: after so many seconds, and because of which failure, if because of one."""

    after: float = 0.0
    failure: MesaError | None = None


_FIRST: Final = _Again()
_ended: Final = maker_of(Ended)
_recorded: Final[Callable[..., AttemptRecord]] = maker_of(AttemptRecord)

Outcome: TypeAlias = Response | TransportError
Flow: TypeAlias = Generator[Attempt | Wait, Outcome | None, T]


def exchange(operation: Operation[T], plugins: Plugins, config: ClientConfig, clock: Clock) -> Flow[Ended[T]]:
    """Carry an operation out, in as many attempts as the plugins decide.

    Raises:
        MesaError: what the last attempt ended with.
    """
    call = Call(operation, config, config.options, clock, clock.monotonic())
    try:
        plugins.before_call(call)
        call.options = merge_options(config.options, operation.options)
        url = config.server_url + expand(operation.template, operation.path, operation.query)
        again = _FIRST
        while True:
            call.attempt += 1
            if again.after:
                yield Wait(again.after)
            verdict = yield from _attempt(operation, _request(operation, call, url), plugins, call, again)
            if not isinstance(verdict, _Again):
                break
            again = verdict
    except BaseException as error:
        _end(error, plugins, call)
        raise
    _end(None, plugins, call)
    return verdict


def _end(error: BaseException | None, plugins: Plugins, call: Call) -> None:
    """Tell the plugins how a call has ended. The failure of one is raised where it hides no error of the call's own."""
    if isinstance(error, MesaError):
        _sign(error, call)
    try:
        plugins.after_call(error, call)
    except MesaError as failure:
        if error is None:
            _sign(failure, call)
            raise
        note_once(error, f"afterwards: {failure}")


def _request(operation: Operation[T], call: Call, url: str) -> Request:
    body, options = operation.body, call.options
    headers = _usual_headers(operation.decode.accept, body is not None).copy()
    if options.headers:
        for name, value in options.headers.items():
            headers[name] = value
    return Request(operation.method, url, headers, body or b"", options.timeout)


@lru_cache(maxsize=64)
def _usual_headers(accept: str, has_body: bool) -> Headers:  # noqa: FBT001 - a key of the cache
    headers = Headers({"Accept": accept, "User-Agent": USER_AGENT})
    if has_body:
        headers["Content-Type"] = "application/json"
    return headers


def _attempt(
    operation: Operation[T], request: Request, plugins: Plugins, call: Call, again: _Again
) -> Flow[Ended[T] | _Again]:
    url = request.url
    try:
        answer = plugins.before_request(request, call)
        instead = Instead(answer) if isinstance(answer, Response) else answer
        _bound(request, call, again.failure)
        if instead is None or instead.outcome is None or instead.send:
            check_sendable(request, rewritten=request.url != url)
    except MesaError as error:
        _give_up(error, plugins, call)
        raise
    begun = call.clock.monotonic()
    try:
        outcome = (yield _send(request)) if instead is None else (yield from _otherwise(request, instead))
    except GeneratorExit as cancelled:
        _give_up(_cut_off(cancelled), plugins, call)
        raise
    if outcome is None:
        raise TypeError("an Attempt was answered with None; a driver must send its outcome")
    call.substituted = instead is not None and outcome is instead.outcome
    call.attempts += (_record(outcome, again.after, call.clock.monotonic() - begun),)
    if isinstance(outcome, TransportError):
        try:
            return _settle(operation, outcome, plugins, call)
        finally:
            del outcome  # as in `_settle`
    retry = plugins.after_response(outcome, call)
    if retry is not None:
        if retry.after >= call.remaining:
            raise _out_of_time(call) from _refusal(operation, outcome, call)
        return _Again(retry.after)
    try:
        return _read(operation, outcome, call)
    except (APIError, ResponseValidationError) as error:
        return _settle(operation, error, plugins, call)


def _bound(request: Request, call: Call, failure: MesaError | None) -> None:
    """Shorten an attempt's timeout to what is left of the call: last of all, since a hook may have taken its time."""
    if call.deadline == inf:
        return
    left, timeout = call.remaining, request.timeout
    if left <= 0:
        raise _out_of_time(call) from failure
    if timeout is None or left < timeout:
        request.timeout = left


def _out_of_time(call: Call) -> RequestTimeout:
    sent = any(each.sent for each in call.attempts)
    return RequestTimeout("no attempt fits into what is left of the max_elapsed_time", sent=sent)


def _otherwise(request: Request, instead: Instead) -> Flow[Outcome | None]:
    """Bring an attempt to the outcome that a plugin puts in the place of the transport's, or that it delays."""
    late = (yield from _delay(request, instead.delay)) if instead.delay else None
    if late is not None:
        return late
    if instead.outcome is not None and not instead.send:
        return instead.outcome
    outcome = yield _send(request)
    if outcome is None or instead.outcome is None or isinstance(outcome, TransportError):
        return outcome
    return instead.outcome


def _delay(request: Request, seconds: float) -> Flow[RequestTimeout | None]:
    """Let some of an attempt's time pass before it is sent, and all of it where that is less."""
    timeout = request.timeout
    if timeout is not None and seconds >= timeout:
        yield Wait(timeout)
        return RequestTimeout(f"no response within {timeout:g} s")
    yield Wait(seconds)
    if timeout is not None:
        request.timeout = timeout - seconds
    return None


def _cut_off(cancelled: GeneratorExit) -> ConnectionLost:
    error = ConnectionLost("the call was cancelled before its response came")
    error.__cause__ = cancelled
    return error


def _give_up(error: MesaError, plugins: Plugins, call: Call) -> None:
    """End an attempt that was cancelled or refused, so that no plugin's span stays open. No answer counts now."""
    _sign(error, call)
    with suppress(MesaError):
        plugins.on_error(error, call)


def _settle(operation: Operation[T], error: MesaError, plugins: Plugins, call: Call) -> Ended[T] | _Again:
    _sign(error, call)
    answer = plugins.on_error(error, call)
    if answer is None or (isinstance(answer, Retry) and answer.after >= call.remaining):
        try:
            raise error
        finally:
            del error  # its traceback has this frame: a circle, which would keep a whole response until it is collected
    return _Again(answer.after, error) if isinstance(answer, Retry) else _read(operation, answer, call)


def _refusal(operation: Operation[T], response: Response, call: Call) -> APIError | None:
    succeeded = 200 <= response.status_code < 300  # noqa: PLR2004 - what HTTP calls success
    return None if succeeded else _error_from(operation, response, call)


def _error_from(operation: Operation[T], response: Response, call: Call) -> APIError:
    from mesa_core.refusals import error_from  # noqa: PLC0415 - a program that is refused nothing need not hold it

    return error_from(response, operation.name, call.attempts)


def _read(operation: Operation[T], response: Response, call: Call) -> Ended[T]:
    if not 200 <= response.status_code < 300:  # noqa: PLR2004 - what HTTP calls success
        raise _error_from(operation, response, call)
    ended: Ended[T] = _ended(operation.decode(response), response, call)
    return ended


def _sign(error: MesaError, call: Call) -> None:
    """Say on an error which call it ended, and where a list of pages could be taken up again."""
    cursor = call.operation.query.get("cursor")
    error.operation, error.attempts = call.operation.name, call.attempts
    error.cursor = None if cursor is None else str(cursor)


def _record(outcome: Outcome, waited: float, elapsed: float) -> AttemptRecord:
    if isinstance(outcome, Response):
        return _recorded(outcome.status_code, None, waited, elapsed, True)  # noqa: FBT003 - a maker takes all in order
    return AttemptRecord(None, f"{type(outcome).__name__}: {outcome}", waited, elapsed, outcome.sent)
