"""Fault injection: attempts that fail when and as a test says, on every transport, live, local or recorded.

Faults([
    Fault("commits.create", nth=3, status=503, retry_after=1),
    Fault("*", error="reset", rate=0.1, seed=7),
])

Faults count attempts and not calls, as the network and the server do, which know of no calls: so `nth=1` alone is
survived by a call that is repeated, and `times=4` is not by one that gives up after four attempts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from http import HTTPStatus
from random import Random
from threading import Lock
from typing import Any, Final, cast

from attrs import define, field, frozen

from mesa_core import (
    Call,
    ConfigurationError,
    ConnectError,
    ConnectionLost,
    Instead,
    MesaError,
    Plugin,
    Request,
    RequestTimeout,
    Response,
    TransportError,
)
from mesa_plugins._fault import Fault, FaultName

__all__ = ["Fault", "FaultName", "Faults", "Injected"]

_ERRORS: Final[Mapping[str, Callable[[], TransportError]]] = {
    "refused": lambda: ConnectError("injected: connection refused"),
    "reset": lambda: ConnectionLost("injected: connection reset"),
    "timeout": lambda: RequestTimeout("injected: no response in time"),
}
_GARBAGE: Final = b"<html><title>Welcome</title><p>injected: a page of some other server's</p></html>"
_CODES: Final = {each.value: each.name for each in HTTPStatus}


@frozen
class Injected:
    """A fault that was injected."""

    operation: str
    attempt: int
    """The number of the attempt in its call, from 1."""
    what: str
    """A status such as "503", an error such as "reset", or "delay"."""
    fault: Fault = field(repr=False)


@define
class _Schedule:
    """A fault, and how far its counts have come."""

    fault: Fault
    seen: int = 0
    injected: int = 0
    owed: int = 0
    """Faults that were due and did not happen, which the next attempts make up for."""
    draws: Random = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.draws = Random(self.fault.seed)  # noqa: S311 - no secret is drawn

    def due(self, operation: str) -> bool:
        """Count an attempt, if it is of the fault's operations, and tell whether it is to fail."""
        if not fnmatchcase(operation, self.fault.operation):
            return False
        self.seen += 1
        return (self._chosen() or self.owed > 0) and (self.fault.times is None or self.injected < self.fault.times)

    def inject(self) -> None:
        """Count a fault that is to happen."""
        self.injected += 1
        self.owed = max(0, self.owed - 1)

    def miss(self) -> None:
        """Count a fault that did not happen after all."""
        self.injected -= 1
        self.owed += 1

    def _chosen(self) -> bool:
        if self.fault.nth is not None:
            return self.seen == self.fault.nth
        if self.fault.rate is not None:
            return self.draws.random() < self.fault.rate
        return self.seen % (self.fault.every or 1) == 0


@frozen
class _Planned:
    """What is to come of an attempt."""

    schedule: _Schedule
    outcome: Response | TransportError | None

    @property
    def fault(self) -> Fault:
        return self.schedule.fault


class Faults(Plugin):
    """Makes attempts fail. Of several faults that are due, the first in the list happens; all count the attempt."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Prepare faults.

        Raises:
            ConfigurationError: they are not a list of `Fault`s.
        """
        self._faults: tuple[Fault, ...] = ()
        if not isinstance(cast("object", faults), Iterable):
            raise ConfigurationError(f"faults: expected a list of Fault, got {type(faults).__name__}")
        self._faults = tuple(faults)
        for each in self._faults:
            if not isinstance(cast("object", each), Fault):
                raise ConfigurationError(f"faults: expected a list of Fault, got one of {type(each).__name__}")
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Count from the beginning again, and forget what was injected."""
        with self._lock:
            self._schedules = [_Schedule(each) for each in self._faults]
            self._injected: list[Injected] = []

    @property
    def injected(self) -> tuple[Injected, ...]:
        """What was injected, in the order in which the attempts ended."""
        with self._lock:
            return tuple(self._injected)

    def before_request(self, request: Request, call: Call) -> Instead | None:
        """Count the attempt, and decide what is to come of it."""
        call.state.pop(self, None)
        schedule = self._due(call.operation.name)
        if schedule is None:
            return None
        fault = schedule.fault
        outcome = _outcome(fault)
        call.state[self] = _Planned(schedule, outcome)
        return Instead(outcome, delay=fault.delay, send=fault.after) if outcome or fault.delay else None

    def after_response(self, response: Response, call: Call) -> None:
        """Spoil a body; and take note, unless another plugin answered in our place."""
        planned: _Planned | None = call.state.pop(self, None)
        if planned is None:
            return
        if planned.outcome is not None and response is not planned.outcome:
            self._miss(planned)
            return
        if planned.fault.error:
            _spoil(response, planned.fault.error)
        self._note(planned.fault, call)

    def on_error(self, error: MesaError, call: Call) -> None:
        """Take note, unless the attempt failed for another reason."""
        planned: _Planned | None = call.state.pop(self, None)
        if planned is None:
            return
        too_slow = planned.fault.delay and isinstance(error, RequestTimeout)
        if error is planned.outcome or too_slow:
            self._note(planned.fault, call)
        elif not planned.fault.delay:  # which may have passed, and be why the caller gave up
            self._miss(planned)

    def _due(self, operation: str) -> _Schedule | None:
        with self._lock:
            due = [each for each in self._schedules if each.due(operation)]
            if not due:
                return None
            due[0].inject()
            return due[0]

    def _miss(self, planned: _Planned) -> None:
        with self._lock:
            planned.schedule.miss()

    def _note(self, fault: Fault, call: Call) -> None:
        with self._lock:
            self._injected.append(Injected(call.operation.name, call.attempt, fault.what, fault))

    def __reduce__(self) -> tuple[Any, ...]:
        # Faults travel, counts do not: another process has attempts of its own to count.
        return Faults, (self._faults,)

    def __repr__(self) -> str:
        return f"Faults({list(self._faults)!r})"


def _outcome(fault: Fault) -> Response | TransportError | None:
    if fault.status is not None:
        return _refusal(fault, fault.status)
    make = _ERRORS.get(fault.error or "")
    return make() if make else None


def _refusal(fault: Fault, status: int) -> Response:
    code = fault.code or _CODES.get(status, f"HTTP_{status}")
    error = {"code": code, "message": "injected by a test", "details": fault.details or {}}
    headers = {"Content-Type": "application/json"}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    return Response(status, headers, json.dumps({"error": error}).encode())


def _spoil(response: Response, how: FaultName) -> None:
    if how == "garbage":
        response.content = _GARBAGE
        response.headers["Content-Type"] = "text/html"
    else:
        response.content = response.content[: len(response.content) // 2]
    if "Content-Length" in response.headers:
        response.headers["Content-Length"] = str(len(response.content))
