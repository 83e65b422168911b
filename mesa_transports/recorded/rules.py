"""What the user says with `redact=`: texts, patterns, and functions, which are not trusted to do as they should."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

from mesa_core.errors import ConfigurationError
from mesa_transports.recorded.known import Known
from mesa_transports.recorded.placeholders import PLACEHOLDER, Place, put_in

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
    looks_around = "\\b" in pattern.pattern or "(?" in pattern.pattern

    def without(text: str) -> str:
        places: list[Place] = []
        done = 0
        for start, end in [*_placeholders(text), (len(text), len(text))]:
            found = [match.span() for match in pattern.finditer(text, done, start)]
            if looks_around and (done or start < len(text)):  # a placeholder is no part of a word
                piece = text[done:start]
                found += [(done + first, done + last) for first, last in map(_span, pattern.finditer(piece))]
            places += [(first, last, known.learn(text[first:last], "TEXT")) for first, last in found if first < last]
            done = end
        return put_in(text, places)

    return without


def _placeholders(text: str) -> list[tuple[int, int]]:
    return list(map(_span, PLACEHOLDER.finditer(text))) if "REDACTED_" in text else []


def _span(found: re.Match[str]) -> tuple[int, int]:
    return found.span()


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
