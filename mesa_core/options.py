"""Options of a call: timeout, headers, retries. Checked once, merged per call."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Literal, TypedDict, TypeGuard, Unpack, cast

import attrs
from attrs import Attribute, field, frozen

from mesa_core.errors import ConfigurationError
from mesa_core.suggestions import unknown

__all__ = [
    "DEFAULT_RETRIES",
    "Backoff",
    "BackoffDict",
    "CallOptions",
    "RequestOptions",
    "RetryConfig",
    "RetryConfigDict",
    "merge_options",
    "milliseconds",
]


class BackoffDict(TypedDict, total=False):
    """`Backoff` as a dict literal; times are in milliseconds."""

    initial_interval: float
    max_interval: float
    exponent: float
    max_elapsed_time: float


class RetryConfigDict(TypedDict, total=False):
    """`RetryConfig` as a dict literal."""

    strategy: Literal["backoff", "none"]
    backoff: BackoffDict | Backoff
    max_attempts: int | None


class RequestOptions(TypedDict, total=False):
    """Options for a single call; what is left out is the client's."""

    timeout_ms: float
    headers: Mapping[str, str]
    retry_config: RetryConfigDict | RetryConfig


def _is_number(value: object) -> TypeGuard[float]:
    # Compared and not asked isfinite(), which fails on an int too large for a float.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _number(minimum: float) -> Any:
    def check(owner: object, attribute: Attribute[float], value: object) -> None:
        if not _is_number(value) or value < minimum:
            where = f"{_WHERE[type(owner).__name__]}.{attribute.name}"
            raise ConfigurationError(f"{where}: expected a number of at least {minimum:g}, got {value!r}")

    return check


def _whole(_: object, attribute: Attribute[int | None], value: object) -> None:
    if isinstance(value, float):
        raise ConfigurationError(f"retry_config.{attribute.name}: expected a whole number, got {value!r}")


def _backoff(_: object, __: Attribute[Backoff], value: object) -> None:
    if not isinstance(value, Backoff):
        raise ConfigurationError(f"retry_config.backoff: expected a Backoff, got {type(value).__name__}")


def _strategy(_: object, __: Attribute[Literal["backoff", "none"]], value: object) -> None:
    if value not in ("backoff", "none"):
        raise ConfigurationError(f"retry_config.strategy: {unknown('strategy', value, ('backoff', 'none'))}")


_WHERE = {"Backoff": "retry_config.backoff", "RetryConfig": "retry_config"}


def _checked(given: object, kind: type[Any]) -> dict[str, Any]:
    where = _WHERE[kind.__name__]
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{where}: expected a {kind.__name__} or a mapping, got {type(given).__name__}")
    known = [attribute.name for attribute in attrs.fields(kind)]
    fields = cast("Mapping[str, Any]", given)
    for key in fields:
        if key not in known:
            raise ConfigurationError(f"{where}: {unknown('key', key, known)}")
    return dict(fields)


class _Default(int):
    """A default, which is told from the same number given: without retries, only what was given is a bound."""


@frozen(init=False)
class Backoff:
    """How long to wait before another attempt. Times are in milliseconds.

    The wait before retry n is drawn evenly from 0 to min(max_interval, initial_interval * exponent ** (n - 1)).
    A wait that would pass `max_elapsed_time`, counted from the start of the call, is not begun.
    """

    initial_interval: float = field(default=500, validator=_number(0))
    max_interval: float = field(default=60_000, validator=_number(0))
    exponent: float = field(default=1.5, validator=_number(1))
    max_elapsed_time: float = field(default=_Default(300_000), validator=_number(1))

    def __init__(self, **given: Unpack[BackoffDict]) -> None:
        self.__attrs_init__(**_checked(given, Backoff))  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - attrs makes it


@frozen(init=False)
class RetryConfig:
    """Whether and how failed attempts are repeated; `max_attempts` counts the first one too, None sets no bound.

    Raises:
        ConfigurationError: an argument is unknown or is not what it may be.
    """

    strategy: Literal["backoff", "none"] = field(default="backoff", validator=_strategy)
    backoff: Backoff = field(factory=Backoff, validator=_backoff)
    max_attempts: int | None = field(default=None, validator=attrs.validators.optional([_number(1), _whole]))

    def __init__(self, **given: Unpack[RetryConfigDict]) -> None:
        fields = _checked(given, RetryConfig)
        if "backoff" in fields and not isinstance(fields["backoff"], Backoff):
            fields["backoff"] = Backoff(**_checked(fields["backoff"], Backoff))
        self.__attrs_init__(**fields)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - attrs makes it

    @classmethod
    def of(cls, given: RetryConfig | Mapping[str, Any] | RetryConfigDict) -> RetryConfig:
        """Return the configuration that a dict spells out; raises as the class does."""
        return given if isinstance(given, cls) else cls(**_checked(given, cls))

    @property
    def bounded(self) -> bool:
        """Whether `max_elapsed_time` bounds a call: with retries always, and without them where it was given."""
        return self.strategy == "backoff" or not isinstance(self.backoff.max_elapsed_time, _Default)


DEFAULT_RETRIES = RetryConfig(max_attempts=4)
"""What holds where no `retry_config` is given: backoff, four attempts, within 300 seconds."""


@frozen
class CallOptions:
    """The options that a call runs under, the client's and its own merged; `timeout` is in seconds."""

    timeout: float
    headers: Mapping[str, str] = field(repr=False)
    retries: RetryConfig
    retries_given: bool = True
    """Whether `retries` were asked for; if not, they are the default."""


def milliseconds(name: str, value: object) -> float:
    """Return a time in milliseconds as seconds.

    Raises:
        ConfigurationError: it is not a positive number.
    """
    if not _is_number(value) or value <= 0:
        raise ConfigurationError(f"{name}: expected a positive number of milliseconds, got {value!r}")
    return value / 1000


def checked_headers(name: str, value: object) -> dict[str, str]:
    """Return headers given by a user as a dict of their own.

    Raises:
        ConfigurationError: they are not a mapping of str to str.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{name}: expected a mapping of str to str, got {type(value).__name__}")
    headers = cast("Mapping[object, object]", value)
    for key, text in headers.items():
        if not (isinstance(key, str) and isinstance(text, str)):
            came = type(text if isinstance(key, str) else key).__name__
            raise ConfigurationError(f"{name}: expected str for {key!r}, got {came}")
    return dict(cast("Mapping[str, str]", headers))


def merge_options(defaults: CallOptions, given: RequestOptions | None, where: str = "request_options") -> CallOptions:
    """Return the client's options with those of one call on top; headers are merged by name.

    Raises:
        ConfigurationError: an option is unknown or is not of its type.
    """
    if not given:
        return defaults
    if not isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - a caller may not type-check
        raise ConfigurationError(f"{where}: expected a mapping, got {type(given).__name__}")
    for key in given:
        if key not in RequestOptions.__annotations__:
            raise ConfigurationError(f"{where}: {unknown('option', key, RequestOptions.__annotations__)}")
    timeout, headers, retries = defaults.timeout, defaults.headers, defaults.retries
    retries_given = defaults.retries_given or "retry_config" in given
    if "timeout_ms" in given:
        timeout = milliseconds(f"{where}.timeout_ms", given["timeout_ms"])
    if "headers" in given:
        added = checked_headers(f"{where}.headers", given["headers"])
        names = {name.lower() for name in added}
        headers = {**{name: text for name, text in headers.items() if name.lower() not in names}, **added}
    if "retry_config" in given:
        retries = RetryConfig.of(given["retry_config"])
    return CallOptions(timeout, headers, retries, retries_given)
