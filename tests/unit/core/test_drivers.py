"""Both drivers do what the flow says, in the same way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from typing import Any

import anyio
import pytest

from mesa_core import ConnectError, ConnectionLost, Request, Response, TransportError
from mesa_core.drivers import SystemClock, arun, run
from mesa_core.exchange import Attempt, Wait

REQUEST = Request("GET", "https://depot.mesa.dev/")
Drive = Callable[..., Any]


class Recorder:
    """A flow that yields given steps, and notes what it is sent and whether it is closed."""

    def __init__(self, *steps: Attempt | Wait) -> None:
        self.steps = steps
        self.sent: list[object] = []
        self.closed = False

    def flow(self) -> Generator[Any, Any, str]:
        try:
            for step in self.steps:
                self.sent.append((yield step))
        except GeneratorExit:
            self.closed = True
            raise
        return "done"


@pytest.fixture
def drive(world: str, clock: Any) -> Drive:
    def drive(flow: Generator[Any, Any, Any], transport: Any) -> Any:
        if world == "blocking":
            return run(flow, transport, clock)
        return asyncio.run(arun(flow, transport, clock))

    return drive


def test_attempts_go_to_the_transport_and_waits_to_the_clock(drive: Drive, script: Any, clock: Any) -> None:
    first, second = Response(500), Response(200)
    recorder, transport = Recorder(Attempt(REQUEST), Wait(2.5), Attempt(REQUEST)), script(first, second)
    assert drive(recorder.flow(), transport) == "done"
    assert recorder.sent == [first, None, second]
    assert clock.waits == [2.5]
    assert transport.requests == [REQUEST, REQUEST]


def test_a_transport_error_is_an_outcome(drive: Drive, script: Any) -> None:
    recorder, error = Recorder(Attempt(REQUEST)), ConnectError("refused")
    drive(recorder.flow(), script(error))
    assert recorder.sent == [error]


def test_a_foreign_exception_becomes_a_transport_error_with_its_cause(drive: Drive, script: Any) -> None:
    recorder, foreign = Recorder(Attempt(REQUEST)), OSError("no route to secret")
    drive(recorder.flow(), script(foreign))
    (error,) = recorder.sent
    assert type(error) is ConnectionLost  # the system's word about a connection
    assert error.sent
    assert error.__cause__ is foreign
    assert str(error) == "the transport Script raised OSError, which is no TransportError"


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(3)])
def test_an_interrupt_closes_the_flow_and_passes_on(drive: Drive, script: Any, stop: BaseException) -> None:
    recorder = Recorder(Attempt(REQUEST))
    with pytest.raises(type(stop)):
        drive(recorder.flow(), script(stop))
    assert recorder.closed


def test_an_interrupt_of_a_wait_closes_the_flow(drive: Drive, script: Any, clock: Any) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    recorder, clock.advance = Recorder(Wait(1)), interrupted
    with pytest.raises(KeyboardInterrupt):
        drive(recorder.flow(), script(None))
    assert recorder.closed


def test_what_the_flow_raises_leaves_as_it_is(drive: Drive, script: Any) -> None:
    class Failed(Exception):
        pass

    def flow() -> Generator[Any, Any, Any]:
        yield Attempt(REQUEST)
        raise Failed

    with pytest.raises(Failed):
        drive(flow(), script(Response(200)))


def test_an_end_of_iteration_of_a_transport_is_a_foreign_exception(drive: Drive, script: Any) -> None:
    recorder = Recorder(Attempt(REQUEST))
    drive(recorder.flow(), script(StopAsyncIteration("confusing")))
    (error,) = recorder.sent
    assert isinstance(error, TransportError)


def test_cancellation_closes_the_flow_while_a_request_is_under_way() -> None:
    recorder = Recorder(Attempt(REQUEST))

    class Hangs:
        async def asend(self, request: Request, /) -> Response:
            await anyio.sleep_forever()
            raise AssertionError

        async def aclose(self) -> None:
            raise AssertionError

    async def main() -> None:
        with anyio.move_on_after(0.01) as scope:
            await arun(recorder.flow(), Hangs(), SystemClock())
        assert scope.cancelled_caught

    asyncio.run(main())
    assert recorder.closed


def test_the_systems_clock_is_the_systems() -> None:
    clock = SystemClock()
    assert abs(clock.time() - time.time()) < 5
    before = clock.monotonic()
    clock.sleep(0.001)
    asyncio.run(clock.asleep(0.001))
    assert clock.monotonic() - before >= 0.002


@pytest.mark.parametrize(
    ("response", "came"),
    [
        (Response(200, {}, "{}"), "a Response of int and str, not int and bytes"),
        (Response("200", {}, b"{}"), "a Response of str and bytes, not int and bytes"),
        (Response(200, {}, bytearray(b"{}")), "a Response of int and bytearray, not int and bytes"),
        ({"status": 200}, "dict, which is no Response"),
        (None, "NoneType, which is no Response"),
    ],
)
def test_what_is_no_response_becomes_a_transport_error_that_names_the_transport(
    drive: Drive, response: Any, came: str
) -> None:
    class Careless:
        def send(self, request: Request, /) -> Any:
            return response

        async def asend(self, request: Request, /) -> Any:
            return response

    recorder = Recorder(Attempt(REQUEST))
    drive(recorder.flow(), Careless())
    (error,) = recorder.sent
    assert type(error) is TransportError
    assert error.sent
    assert str(error) == f"the transport Careless returned {came}"
