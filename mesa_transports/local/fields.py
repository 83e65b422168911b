"""Strict reading of JSON: each field is asked for by name and type, and a fault names field, type and expectation.

Values are never coerced, and never shown in a message: they may be secret.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn, TypeVar, cast

from mesa_transports.local.refusals import BadRequest

__all__ = ["Fields", "parsed_object"]

T = TypeVar("T")
_LARGEST_INTEGER: Final = 2**63 - 1
_KINDS: Final[dict[type, str]] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


def parsed_object(content: bytes) -> Fields:
    """Read a request body; an empty one reads as an empty object.

    Raises:
        BadRequest: it is not JSON, or not an object.
    """
    if not content.strip():
        return Fields({}, "")
    try:
        value = json.loads(content.decode(), parse_constant=_refuse_constant, parse_float=_number)
    except (ValueError, RecursionError) as error:
        reason = (
            str(error) if isinstance(error, json.JSONDecodeError) else "not UTF-8, too deep, or a number out of range"
        )
        raise BadRequest(f"body: expected a JSON object, got text that is not JSON: {reason}") from None
    return Fields(value, "")


def _refuse_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is not JSON", name, 0)


def _number(text: str) -> int | float:
    """Read a number with a fraction or an exponent; 60.0 is an integer, as it is to JSON Schema."""
    number = float(text)
    return int(number) if number.is_integer() else number


class Fields:
    """One JSON object, read field by field; `path` tells where in the body it is."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise BadRequest(f"{path or 'body'}: expected an object, got {_KINDS[type(value)]}")
        self._values = cast("dict[str, Any]", value)  # Any: JSON
        self._path = path

    def path(self, name: str) -> str:
        """Return the path of a field, to name it in a message."""
        return f"{self._path}.{name}" if self._path else name

    def has(self, name: str) -> bool:
        """Tell whether the field is there, null included."""
        return name in self._values

    def is_null(self, name: str) -> bool:
        """Tell whether the field is there and null."""
        return self.has(name) and self._values[name] is None

    def text(self, name: str, *, least: int = 1, most: int = 4096, binary: bool = False) -> str:
        """Return a required string of `least` to `most` characters; NUL only where it is `binary`."""
        return _checked_text(self._required(name, str, "a string"), self.path(name), least, most, binary=binary)

    def integer(self, name: str, least: int, most: int = _LARGEST_INTEGER) -> int:
        """Return a required integer within bounds."""
        value: int = self._required(name, int, "an integer")
        if not least <= value <= most:
            raise BadRequest(f"{self.path(name)}: expected an integer from {least} to {most}, got one outside")
        return value

    def boolean(self, name: str) -> bool:
        """Return a required boolean."""
        value: bool = self._required(name, bool, "a boolean")
        return value

    def choice(self, name: str, options: Sequence[str]) -> str:
        """Return a required string that is one of `options`."""
        return _checked_choice(self._required(name, str, "a string"), self.path(name), options)

    def texts(self, name: str, options: Sequence[str] | None = None) -> list[str]:
        """Return a required array of strings, each one of `options` where there are any."""
        texts: list[str] = []
        for index, item in enumerate(self._required(name, list, "an array")):
            path = f"{self.path(name)}[{index}]"
            if type(item) is not str:
                raise BadRequest(f"{path}: expected a string, got {_KINDS[type(item)]}")
            _checked_text(item, path, 0, 4096, binary=False)
            texts.append(item if options is None else _checked_choice(item, path, options))
        return texts

    def object(self, name: str) -> Fields:
        """Return a required object."""
        return Fields(self._required(name, dict, "an object"), self.path(name))

    def objects(self, name: str) -> list[Fields]:
        """Return a required array of objects."""
        items = self._required(name, list, "an array")
        return [Fields(item, f"{self.path(name)}[{index}]") for index, item in enumerate(items)]

    def optional(self, name: str, read: Callable[[str], T]) -> T | None:
        """Return what `read` makes of the field, or None when it was left out."""
        return read(name) if self.has(name) else None

    def _required(self, name: str, kind: type, expected: str) -> Any:  # Any: of type `kind`, which is checked
        if not self.has(name):
            raise BadRequest(f"{self.path(name)}: expected {expected}, got nothing: the field is required")
        value = self._values[name]
        # `type`, not `isinstance`: a boolean is no integer here.
        if type(value) is not kind:
            raise BadRequest(f"{self.path(name)}: expected {expected}, got {_KINDS[type(value)]}")
        return value


def _checked_text(value: str, path: str, least: int, most: int, *, binary: bool) -> str:
    if not least <= len(value) <= most:
        raise BadRequest(f"{path}: expected a string of {least} to {most} characters, got {len(value)}")
    if "\0" in value and not binary:
        raise BadRequest(f"{path}: expected a string without NUL, got one with it")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadRequest(f"{path}: expected Unicode text, got a lone surrogate") from None
    return value


def _checked_choice(value: str, path: str, options: Sequence[str]) -> str:
    if value not in options:
        raise BadRequest(f"{path}: expected one of {', '.join(options)}, got another string")
    return value
