"""The two drivers of an exchange, and the system's clock: alone in the core, these block or await."""

from __future__ import annotations

import time
from typing import TypeGuard, TypeVar

from mesa_core.call import Clock
from mesa_core.errors import ConnectionLost, TransportError
from mesa_core.exchange import Attempt, Flow, Outcome, Wait
from mesa_core.http import Response
from mesa_core.transport import AsyncTransport, Transport

__all__ = ["SystemClock", "arun", "run"]

T = TypeVar("T")


class SystemClock:
    """The clock of a client that is given no other."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)
    time = staticmethod(time.time)  # last: from here on, the class body's `time` is this one

    async def asleep(self, seconds: float, /) -> None:
        """Wait on whichever event loop runs, asyncio's or trio's."""
        import anyio  # noqa: PLC0415 - only async code pays for it

        await anyio.sleep(seconds)


def run(flow: Flow[T], transport: Transport, clock: Clock) -> T:
    """Carry a flow out, blocking."""
    outcome: Outcome | None = None
    try:
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as done:
                result: T = done.value
                return result
            if isinstance(step, Wait):
                clock.sleep(step.seconds)
                outcome = None
            else:
                outcome = _send(transport, step)
    finally:
        outcome = None  # an error's traceback has this frame: a circle
        flow.close()


async def arun(flow: Flow[T], transport: AsyncTransport, clock: Clock) -> T:
    """Carry a flow out, awaiting."""
    outcome: Outcome | None = None
    try:
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as done:
                result: T = done.value
                return result
            if isinstance(step, Wait):
                await clock.asleep(step.seconds)
                outcome = None
            else:
                outcome = await _asend(transport, step)
    finally:
        outcome = None  # an error's traceback has this frame: a circle
        flow.close()


def _send(transport: Transport, attempt: Attempt) -> Outcome:
    try:
        response: object = transport.send(attempt.request)
        return response if _is_whole(response) else _none_of(transport, response)
    except TransportError as error:
        return error
    except Exception as error:  # noqa: BLE001 - no other library's exception may leave
        return _foreign(transport, error)


async def _asend(transport: AsyncTransport, attempt: Attempt) -> Outcome:
    try:
        response: object = await transport.asend(attempt.request)
        return response if _is_whole(response) else _none_of(transport, response)
    except TransportError as error:
        return error
    except Exception as error:  # noqa: BLE001 - no other library's exception may leave
        return _foreign(transport, error)


def _is_whole(response: object) -> TypeGuard[Response]:
    """Tell whether a transport returned a response; who wrote it may not type-check."""
    return (
        isinstance(response, Response) and response.content.__class__ is bytes and isinstance(response.status_code, int)  # pyright: ignore[reportUnnecessaryIsInstance]
    )


def _none_of(transport: object, response: object) -> TransportError:
    """Say that what a transport returned is no response."""
    came = f"{type(response).__name__}, which is no Response"
    if isinstance(response, Response):
        kinds = f"{type(response.status_code).__name__} and {type(response.content).__name__}"
        came = f"a Response of {kinds}, not int and bytes"
    return TransportError(f"the transport {type(transport).__name__} returned {came}", sent=True)


def _foreign(transport: object, error: Exception) -> TransportError:
    """Stand in for an exception that a transport should not have let out."""
    kind = ConnectionLost if isinstance(error, OSError) else TransportError  # the system's word, or a bug's
    stand_in = kind(
        f"the transport {type(transport).__name__} raised {type(error).__name__}, which is no TransportError", sent=True
    )
    stand_in.__cause__ = error
    return stand_in
