"""The options of the recorded transport, checked when a client is built."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self, cast

from attrs import frozen

from mesa_core.errors import ConfigurationError
from mesa_core.suggestions import unknown
from mesa_transports.recorded.matching import MatchOn, matching
from mesa_transports.recorded.redaction import Redaction
from mesa_transports.recorded.tape import Mode, Settings

__all__ = ["DEFAULT_INNER", "DEFAULT_PATH", "Options", "mode_of"]

DEFAULT_PATH: Final = "recordings/mesa.json"
DEFAULT_INNER: Final = "httpx"


@frozen
class Options:
    """Checked options.

    Raises:
        ConfigurationError: one is not what it must be; the message names it.
    """

    path: Path
    for_good: bool
    """Whether the file is the program's: named by the environment, if at all, and used by all its clients together."""
    mode: Mode
    inner: object
    inner_options: Mapping[str, Any]  # each transport names and checks its own
    settings: Settings

    @classmethod
    def of(
        cls,
        *,
        path: str | os.PathLike[str] | None,
        mode: str | None,
        inner: object,
        inner_options: Mapping[str, Any] | None,
        match_on: MatchOn,
        allow_repeats: bool,
        redact: Sequence[Redaction],
    ) -> Self:
        """Return what was given and what the environment says."""
        if inner_options and not isinstance(inner, str):
            raise ConfigurationError("inner_options: they are for an inner transport given by name, not for an object")
        return cls(
            _path(path),
            path is None,
            mode_of("mode", mode),
            inner,
            inner_options or {},
            Settings(matching(match_on), _flag("allow_repeats", allow_repeats), _redactions(redact)),
        )


def mode_of(option: str, given: object) -> Mode:
    """Return the mode that is given, or that MESA_RECORD says, or `replay`.

    Raises:
        ConfigurationError: there is no such mode.
    """
    if given is None:
        option, given = "MESA_RECORD", os.environ.get("MESA_RECORD") or Mode.REPLAY
    if given not in list(Mode):
        raise ConfigurationError(f"{option}: {unknown('mode', given, map(str, Mode))}")
    return Mode(cast("str", given))


def _path(given: Any) -> Path:
    if given is None:
        given = os.environ.get("MESA_RECORDING") or DEFAULT_PATH
    try:
        path = Path(given).absolute()
    except TypeError:
        raise ConfigurationError(f"path: expected the path of a file, got {type(given).__name__}") from None
    if path.is_dir() or path.suffix != ".json":
        raise ConfigurationError(f"path: expected a file whose name ends in .json, got {str(path)!r}")
    return path


def _flag(option: str, given: object) -> bool:
    if not isinstance(given, bool):
        raise ConfigurationError(f"{option}: expected True or False, got {given!r:.80}")
    return given


def _redactions(given: Any) -> tuple[Redaction, ...]:
    if given.__class__ not in {list, tuple}:
        raise ConfigurationError(f"redact: expected a list, got {_kind(given)}")
    rules = tuple(cast("Sequence[Any]", given))
    for rule in rules:
        if not (callable(rule) or (isinstance(rule, str) and rule) or _is_pattern(rule)):
            kind = "an empty text" if rule == "" else _kind(rule)
            raise ConfigurationError(f"redact: expected texts, patterns of text and functions, got {kind}")
    return rules


def _is_pattern(rule: Any) -> bool:
    return isinstance(rule, re.Pattern) and isinstance(cast("re.Pattern[str] | re.Pattern[bytes]", rule).pattern, str)


def _kind(given: object) -> str:
    return type(given).__name__
