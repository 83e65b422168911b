"""Commits, and their times, as the contract shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pygit2

from mesa_transports.local.clock import instant

__all__ = ["shown", "shown_time"]


def shown(commit: pygit2.Commit) -> dict[str, Any]:
    """Return a commit as the contract shows it."""
    return {
        "sha": str(commit.id),
        "message": commit.raw_message.decode("utf-8", "replace"),
        "author": _person(commit.author),
        "committer": _person(commit.committer),
    }


def _person(signature: pygit2.Signature) -> dict[str, Any]:
    person = {
        "name": signature.raw_name.decode("utf-8", "replace"),
        "email": signature.raw_email.decode("utf-8", "replace"),
    }
    date = shown_time(signature.time)
    return person if date is None else person | {"date": date}


def shown_time(seconds: int) -> str | None:
    """Return a commit's time, given in seconds since 1970; None when no calendar has it."""
    try:
        return instant(datetime.fromtimestamp(seconds, UTC), "seconds")
    except (ValueError, OverflowError, OSError):
        return None
