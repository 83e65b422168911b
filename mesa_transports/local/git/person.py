"""Persons: who wrote a commit."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

__all__ = ["Person"]


@frozen
class Person:
    """An author; `date` is None for the present."""

    name: str
    email: str
    date: datetime | None
