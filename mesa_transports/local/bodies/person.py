"""Persons, as authors of commits and merges."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from mesa_transports.local.clock import parsed_instant
from mesa_transports.local.fields import Fields
from mesa_transports.local.git.person import Person
from mesa_transports.local.refusals import BadRequest

__all__ = ["read_person"]

_EMAIL: Final = re.compile(r"[^\s<>@\x00-\x1f]+@[^\s<>@\x00-\x1f]+")
_NOT_IN_A_PERSON: Final = re.compile(r"[<>\x00-\x1f\x7f]")
_CRUD: Final = " .,:;<>\"\\'"  # what git strips from both ends of a name or an email


def read_person(fields: Fields) -> Person:
    """Read and check a person."""
    name, email = fields.text("name", most=200), fields.text("email", most=320)
    if _NOT_IN_A_PERSON.search(name) or not name.strip(_CRUD):
        raise BadRequest(f"{fields.path('name')}: expected a name without line breaks, '<' and '>', got another string")
    if not _EMAIL.fullmatch(email) or not email.strip(_CRUD):
        raise BadRequest(f"{fields.path('email')}: expected an email address, got another string")
    return Person(name, email, _read_date(fields))


def _read_date(fields: Fields) -> datetime | None:
    text = fields.optional("date", fields.text)
    if text is None:
        return None
    date = parsed_instant(text)
    if date is None:
        raise BadRequest(f"{fields.path('date')}: expected an RFC 3339 instant since 1970, got another string")
    return date
