"""What the user says with `redact=`: texts, patterns, and functions, which are not trusted to do as they should."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

from mesa_core.errors import ConfigurationError
from mesa_transports.recorded.disguises import PLACEHOLDER
from mesa_transports.recorded.known import Known

__all__ = ["Redaction", "Rules"]

Redaction: TypeAlias = str | re.Pattern[str] | Callable[[str], str]
"""A secret by itself, a pattern that secrets fit, or a function from a text to the same text without its secrets."""


class Rules:
    """The patterns and functions among them. Texts are secrets like others, and so is what a pattern has found."""

    def __init__(self, redact: Sequence[Redaction], known: Known) -> None:
        self._rules: list[Callable[[str], str]] = []
        for rule in redact:
            if isinstance(rule, str):
                known.look_for(rule, known.placeholder(rule, "TEXT"))
            else:
                self._rules.append(_pattern(rule, known) if isinstance(rule, re.Pattern) else _checked(rule))

    def __bool__(self) -> bool:
        return bool(self._rules)

    def without(self, text: str) -> str:
        """Return a text without what the rules call secret.

        Raises:
            ConfigurationError: a function failed, or returned no text.
        """
        for rule in self._rules:
            text = rule(text)
        return text


def _pattern(pattern: re.Pattern[str], known: Known) -> Callable[[str], str]:
    def without(text: str) -> str:
        taken = [match.span() for match in PLACEHOLDER.finditer(text)] if "REDACTED_" in text else []

        def instead(found: re.Match[str]) -> str:
            start, end = found.span()
            if start == end or any(first <= start and end <= last for first, last in taken):
                return found[0]
            return known.learn(found[0], "TEXT")

        return pattern.sub(instead, text)

    return without


def _checked(function: Callable[[str], str]) -> Callable[[str], str]:
    name = getattr(function, "__qualname__", type(function).__qualname__)

    def without(text: str) -> str:
        try:
            clean = cast("Any", function(text))
        except Exception as error:
            # The error's own text may hold the secret; its type and traceback may not.
            raise ConfigurationError(f"redact: the function {name} raised {type(error).__name__}") from error
        if not isinstance(clean, str):
            raise ConfigurationError(f"redact: the function {name} returned {type(clean).__name__}, expected a text")
        return clean

    return without
