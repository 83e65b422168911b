"""What fails, how and when, as a value that is checked when it is made; no part of how it is brought about."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from sys import float_info
from typing import Any, Final, Literal, TypeAlias, TypeGuard, get_args

from attrs import Attribute, field, frozen
from attrs.validators import optional

from mesa_core import ENDPOINTS, ConfigurationError, unknown

__all__ = ["Fault", "FaultName"]

FaultName: TypeAlias = Literal["refused", "reset", "timeout", "truncated", "garbage"]
"""What `Fault(error=…)` may be; docs/faults.md says what the caller gets and what the server has seen."""

_OPERATIONS: Final = frozenset({*(each.name for each in ENDPOINTS), "request"})
_STATUSES: Final = range(400, 600)


def _must(be: str, ok: Callable[[Any], bool]) -> Any:
    """Return an attrs validator. `Any`: of a field of every type, which the check narrows."""

    def check(_: object, attribute: Attribute[object], value: object) -> None:
        if not ok(value):
            raise ConfigurationError(f"{attribute.name}: expected {be}, got {value!r}")

    return check


def _one_of(names: Collection[str], fits: Callable[[str, str], bool]) -> Any:
    def check(_: object, attribute: Attribute[object], value: object) -> None:
        if not (isinstance(value, str) and any(fits(name, value) for name in names)):
            raise ConfigurationError(f"{attribute.name}: {unknown(attribute.name, value, names)}")

    return check


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_details(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return isinstance(value, dict)


_operation: Final = _one_of(_OPERATIONS, fnmatchcase)
_error: Final = optional(_one_of(get_args(FaultName), str.__eq__))
_number: Final = optional(_must("a whole number of at least 1", lambda value: _is_whole(value) and value >= 1))
_rate: Final = optional(_must("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1))
_seed: Final = optional(_must("an int or a str", lambda value: isinstance(value, int | str)))
_status: Final = optional(_must("an error status, 400 to 599", lambda value: _is_whole(value) and value in _STATUSES))
_code: Final = optional(_must("a str", lambda value: isinstance(value, str) and value != ""))
_details: Final = optional(_must("a dict that JSON can hold", _is_details))
_retry_after: Final = optional(_must("whole seconds, 0 or more", lambda value: _is_whole(value) and value >= 0))
_after: Final = _must("a bool", lambda value: isinstance(value, bool))
_delay: Final = _must("seconds, 0 or more", lambda value: _is_number(value) and 0 <= value <= float_info.max)


@frozen(kw_only=True)
class Fault:
    """What fails, how and when. Of `nth`, `every` and `rate` at most one is given; with none, every attempt fails.

    Raises:
        ConfigurationError: an argument is not what it may be, or two of them contradict each other.
    """

    operation: str = field(kw_only=False, validator=_operation)
    """An operation such as "commits.create", or a pattern such as "repos.*" or "*"; `client.request` is "request"."""
    nth: int | None = field(default=None, validator=_number)
    """Only the n-th attempt of these operations, from 1."""
    every: int | None = field(default=None, validator=_number)
    """Every n-th attempt."""
    rate: float | None = field(default=None, validator=_rate)
    """Each attempt with this probability, from 0 to 1."""
    seed: int | str | None = field(default=None, validator=_seed)
    """Makes `rate` choose the same attempts each time, by their number."""
    times: int | None = field(default=None, validator=_number)
    """At most so many attempts."""
    status: int | None = field(default=None, validator=_status)
    """The server refuses with this status and the contract's error envelope."""
    code: str | None = field(default=None, validator=_code)
    """The envelope's code, such as "MERGE_CONFLICT"; the status's name when it is left out."""
    details: dict[str, Any] | None = field(default=None, validator=_details, hash=False)
    """The envelope's details. `Any`: JSON of any shape."""
    retry_after: int | None = field(default=None, validator=_retry_after)
    """The Retry-After header, in seconds."""
    error: FaultName | None = field(default=None, validator=_error)
    """What goes wrong, if the server does not refuse.

    "refused": no connection is made (`ConnectError`). "reset": the connection breaks (`ConnectionLost`). "timeout": no
    answer comes (`RequestTimeout`), which is found out at once, or after `delay`. "truncated": half of the body is
    missing, and "garbage": it is a page of HTML, so that no result can be read (`ResponseValidationError`); of raw
    bytes and of patches, nobody can tell that a half is missing.
    """
    after: bool = field(default=False, validator=_after)
    """Whether the server acts on the request all the same, and only its answer is lost. Of a bad body this is so."""
    delay: float = field(default=0.0, validator=_delay)
    """Seconds that pass first, on the client's clock, up to the attempt's timeout; alone, it makes attempts slow."""

    def __attrs_post_init__(self) -> None:
        self._check_when()
        self._check_what()

    @property
    def what(self) -> str:
        """What happens, in a word: a status such as "503", an error such as "reset", or "delay"."""
        return str(self.status or self.error or "delay")

    def _check_when(self) -> None:
        given = [name for name in ("nth", "every", "rate") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ConfigurationError(f"{', '.join(given)}: expected one of them")
        if self.times is not None and self.nth is not None:
            raise ConfigurationError("times: it says nothing beside nth, which is one attempt")
        if self.seed is not None and self.rate is None:
            raise ConfigurationError("seed: it says nothing without rate")

    def _check_what(self) -> None:
        if self.status is not None and self.error is not None:
            raise ConfigurationError("status, error: expected one of them, got both")
        if self.status is None and self.error is None and not self.delay:
            raise ConfigurationError("status, error: expected one of them, or a delay; got neither")
        for name in ("code", "details", "retry_after"):
            if getattr(self, name) is not None and self.status is None:
                raise ConfigurationError(f"{name}: it says nothing without status")
        if self.after and self.what in {"refused", "delay"}:
            raise ConfigurationError(f"after: where the fault is {self.what!r}, no answer is lost")
