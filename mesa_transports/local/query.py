"""Query parameters, read strictly: each at most once, of its type and within its bounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl

from mesa_transports.local.refusals import BadRequest

__all__ = ["Query"]

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)


class Query:
    """The query of one request."""

    def __init__(self, raw: bytes) -> None:
        self._values: dict[str, str] = {}
        for name, value in _pairs(raw):
            if name in self._values:
                raise BadRequest(f"{name[:60]!a}: expected one value, got it twice in the query")
            self._values[name] = value

    def text(self, name: str, *, least: int = 1) -> str | None:
        """Return a parameter, or None when it was left out."""
        value = self._values.get(name)
        if value is None:
            return None
        if len(value) < least or "\0" in value:
            raise BadRequest(f"{name}: expected text without NUL and not empty, got something else")
        return value

    def required(self, name: str) -> str:
        """Return a parameter that must be there."""
        value = self.text(name)
        if value is None:
            raise BadRequest(f"{name}: expected a value in the query, got nothing: it is required")
        return value

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """Return an integer within bounds, or the default when it was left out."""
        value = self._values.get(name)
        if value is None:
            return default
        if not _INTEGER.fullmatch(value) or not least <= int(value) <= most:
            raise BadRequest(f"{name}: expected an integer from {least} to {most}, got {value[:20]!a}")
        return int(value)

    def choice(self, name: str, options: Sequence[str]) -> str | None:
        """Return one of `options`, or None when the parameter was left out."""
        value = self._values.get(name)
        if value is not None and value not in options:
            raise BadRequest(f"{name}: expected one of {', '.join(options)}, got {value[:20]!a}")
        return value

    @property
    def limit(self) -> int:
        """How many items a page may hold."""
        return self.integer("limit", 50, 1, 100)


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise BadRequest("query: expected at most 100 parameters in UTF-8, got something else") from None
