"""What several areas share: open enums, the unknown arm of unions, persons, wire names."""

# Annotations of TypedDicts stay unquoted, or Python would not see which keys are NotRequired.
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NotRequired, Self, TypeAlias, TypedDict

from attrs import frozen

__all__ = ["Author", "Moment", "OpenEnum", "Person", "PersonBody", "Success", "Unknown"]


class OpenEnum(StrEnum):
    """A string enum that keeps the values this release does not know."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        stranger = str.__new__(cls, value)
        stranger._name_ = stranger._value_ = value
        return stranger


@frozen(kw_only=True)
class Unknown:
    """An object of a `type` newer than this release; `raw` is the server's own object. `Any`: any JSON."""

    type: str
    raw: Mapping[str, Any]


@frozen(kw_only=True)
class Success:
    """The answer of an operation that has nothing else to tell."""

    success: Literal[True]


@frozen(kw_only=True)
class Person:
    """An author or a committer; `date` is None where the server gives none."""

    name: str
    email: str
    date: datetime | None = None


Moment: TypeAlias = datetime | str
"""An instant in a request: an aware datetime, or RFC 3339 text."""


class PersonBody(TypedDict):
    """An author in a request; the server takes its own time where `date` is left out."""

    name: str
    email: str
    date: NotRequired[Moment]


Author: TypeAlias = PersonBody | Person
"""A person in a request: a dict, or the model that a response gave, such as `commit.author`."""
