"""One attempt: what remains of its time, whom it connects to, which error its failure becomes."""

from __future__ import annotations

import errno
import socket
import time

import pytest

from mesa_core.errors import ConnectError, ConnectionLost, RequestTimeout, TransportError
from mesa_core.http import Request
from mesa_transports._attempt import Attempt, Faults, Stage, Unsendable, current

FAULTS = Faults(refused=(ValueError,), unsent=(LookupError,), late=(BufferError,))
TARGET = "GET http://api.invalid/x"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found = ["10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.3"]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", (address, 80)) for address in found])
    return found


def attempt(timeout: float | None = None, stage: Stage = Stage.PREPARING) -> Attempt:
    made = Attempt(Request("GET", "http://api.invalid/x", timeout=timeout))
    made.stage = stage
    return made


def test_time_that_remains(clock: list[float]) -> None:
    bounded = attempt(2.0)
    assert bounded.remaining() == 2.0
    clock[0] += 1.5
    assert bounded.remaining() == 0.5
    clock[0] += 0.5
    with pytest.raises(TimeoutError):
        bounded.remaining()


def test_no_timeout_is_no_bound(clock: list[float]) -> None:
    unbounded = attempt(None)
    clock[0] += 1e9
    assert unbounded.remaining() is None


def test_current_attempt_ends_with_its_block() -> None:
    with attempt() as outer:
        with attempt() as inner:
            assert current.get() is inner
        assert current.get() is outer
    assert current.get() is None


@pytest.mark.usefixtures("addresses")
def test_addresses_share_the_time_fairly(clock: list[float]) -> None:
    tried: list[tuple[str, float | None]] = []

    def connect(address: str, seconds: float | None) -> str:
        tried.append((address, seconds))
        clock[0] += seconds or 0
        if address != "10.0.0.3":
            raise OSError
        return address

    assert attempt(9.0).dial("api.invalid", 80, connect) == "10.0.0.3"
    assert tried == [("10.0.0.1", 3.0), ("10.0.0.2", 3.0), ("10.0.0.3", 3.0)]


@pytest.mark.usefixtures("addresses")
def test_last_address_that_fails_says_why() -> None:
    def connect(address: str, seconds: float | None) -> str:
        raise OSError(address, seconds)

    with pytest.raises(OSError, match=r"10\.0\.0\.3"):
        attempt().dial("api.invalid", 80, connect)


def test_time_spent_resolving_counts(clock: list[float], addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> list[object]:
        clock[0] += 5
        return [(2, 1, 6, "", (addresses[0], 80))]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(TimeoutError):
        attempt(3.0).dial("api.invalid", 80, lambda *_: None)


KINDS: list[tuple[Stage, Exception, type[TransportError], bool, str]] = [
    (Stage.PREPARING, TypeError(), TransportError, False, "cannot be sent (TypeError)"),
    (Stage.HANDED_OVER, ValueError("s3cret"), TransportError, False, "cannot be sent (ValueError)"),
    (Stage.CONNECTING, ValueError(), TransportError, False, "cannot be sent (ValueError)"),
    (Stage.HANDED_OVER, LookupError(), ConnectError, False, "no connection (LookupError)"),
    (Stage.CONNECTING, OSError(111, "Refused"), ConnectError, False, "no connection (ConnectionRefusedError: Refused)"),
    (
        Stage.CONNECTING,
        ExceptionGroup("all addresses failed", [OSError(111, "Refused"), OSError(110, "Late")]),
        ConnectError,
        False,
        "no connection (ConnectionRefusedError: Refused)",
    ),
    (Stage.CONNECTING, BufferError(), ConnectError, False, "no connection (timeout of 9 s)"),
    (Stage.HANDED_OVER, BufferError(), RequestTimeout, True, "no whole response (timeout of 9 s)"),
    (Stage.SENT, BufferError(), RequestTimeout, True, "no whole response (timeout of 9 s)"),
    (Stage.SENT, TimeoutError("timed out"), RequestTimeout, True, "no whole response (timeout of 9 s)"),
    (
        Stage.SENT,
        TimeoutError(errno.ETIMEDOUT, "Connection timed out"),
        ConnectionLost,
        True,
        "connection lost before the response was whole (TimeoutError: Connection timed out)",
    ),
    (Stage.SENT, ValueError(), ConnectionLost, True, "connection lost before the response was whole (ValueError)"),
    (Stage.SENT, LookupError(), ConnectionLost, True, "connection lost before the response was whole (LookupError)"),
    (Stage.HANDED_OVER, OSError(), ConnectionLost, True, "connection lost before the response was whole (OSError)"),
]


def test_words_of_ours_are_shown() -> None:
    failure = attempt().failure(Unsendable("expected an HTTP URL"), FAULTS)
    assert str(failure) == f"{TARGET}: cannot be sent (expected an HTTP URL)"


@pytest.mark.parametrize(("stage", "error", "kind", "sent", "words"), KINDS)
def test_failure_says_what_and_whether_it_was_sent(
    stage: Stage, error: Exception, kind: type[TransportError], sent: object, words: str
) -> None:
    failure = attempt(9, stage).failure(error, FAULTS)
    assert type(failure) is kind
    assert failure.sent is sent
    assert str(failure) == f"{TARGET}: {words}"


def test_any_failure_after_the_deadline_is_a_timeout(clock: list[float]) -> None:
    late = attempt(1.0, Stage.SENT)
    clock[0] += 1
    assert type(late.failure(OSError(), FAULTS)) is RequestTimeout
