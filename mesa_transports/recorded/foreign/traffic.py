"""What all files of recorded traffic come to, whoever wrote them: exchanges, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

from attrs import field, frozen

from mesa_core.converter import Misshapen, structured
from mesa_core.http import Request, Response

__all__ = ["NOT_HTTP", "NO_ANSWER_OF_ITS_OWN", "Exchange", "Traffic", "Unreadable", "as_model", "bytes_of", "inside"]

T = TypeVar("T")
NOT_HTTP: Final = "not over HTTP"
NO_ANSWER_OF_ITS_OWN: Final = "redirected or answered by a cache"


@frozen(kw_only=True)
class Exchange:
    """A request and the response it got: their secrets still in them, their bodies without a content encoding."""

    request: Request
    response: Response
    at: datetime


@frozen(kw_only=True)
class Traffic:
    """The exchanges of a file, in its order."""

    exchanges: tuple[Exchange, ...]
    left_out: Counter[str] = field(factory=Counter[str])
    """How many more the file has that are no whole exchange, by what they are instead."""
    is_ours: bool = False
    """Whether it is a recording, which holds requests to the API alone."""


class Unreadable(ValueError):
    """A file is not what it must be; `place` is the path there, such as `log.entries[3].request.url`."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(place, what)
        self.place = place
        self.what = what

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@contextmanager
def inside(place: str) -> Generator[None]:
    """Say of what goes wrong meanwhile that it is in this part of a file."""
    try:
        yield
    except Unreadable as error:
        raise Unreadable(f"{place}.{error.place}", error.what) from error
    except (TypeError, ValueError) as error:
        raise Unreadable(place, str(error)) from error


def as_model(document: Any, kind: type[T]) -> T:
    """Return the content of a file as a model. `Any`: JSON of any shape.

    Raises:
        Unreadable: it does not have the model's shape.
    """
    try:
        result: T = structured(document, kind)
    except Misshapen as error:
        path, what = error.faults[0]
        raise Unreadable(path.removeprefix("$.") or path, what) from error
    return result


def bytes_of(text: str) -> bytes:
    """Return the bytes of a text, and of surrogate escapes those bytes that they stand for.

    Raises:
        ValueError: it holds another lone surrogate, which is no character.
    """
    return text.encode("utf-8", "surrogateescape")
