"""Reads JSON text as `json` does, and a large one faster where `msgspec` is installed (the extra `speedups`).

Nothing else depends on which of them reads. What msgspec takes, it reads to the same values; what it does not take is
`json`'s to decide about, which reads it after all, such as a lone surrogate, or says what is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, Final

__all__ = ["read_json"]

_LARGE: Final = 4096
"""Bytes. Below, msgspec would save a few microseconds of a call, and its import takes ten milliseconds."""


def read_json(content: bytes) -> Any:
    """Return the JSON that UTF-8 text holds. `Any`: JSON of any shape.

    Raises:
        ValueError: it holds none, or is no UTF-8; NaN and Infinity are no JSON.
        RecursionError: it is nested deeper than Python's stack may be.
    """
    if len(content) >= _LARGE and (faster := _faster()) is not None:
        with suppress(Exception):
            return faster(content)
    return _standard(content)


@cache  # which Python does not, for an import that fails
def _faster() -> Callable[[bytes], Any] | None:
    try:
        from msgspec.json import decode  # noqa: PLC0415 - it may not be installed, and takes its time
    except ImportError:
        return None
    return decode


_BOM: Final = b"\xef\xbb\xbf"


def _standard(content: bytes) -> Any:
    """Read with `json`; its `decode` would look for white space around the text, which servers do not send."""
    text = content.decode("utf-8-sig" if content.startswith(_BOM) else "utf-8")
    try:
        value, end = _DECODER.raw_decode(text)
    except ValueError:  # white space before it, or no JSON
        return _DECODER.decode(text)
    return value if end == len(text) else _DECODER.decode(text)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)  # json.loads would let NaN and Infinity pass
