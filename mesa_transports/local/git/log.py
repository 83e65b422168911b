"""Commits: reading them, in the order of `git log`."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pygit2

from mesa_transports.local.clock import instant

__all__ = ["commit_time", "history", "shown"]


def history(repository: pygit2.Repository, start: pygit2.Oid, offset: int, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` commits that `start` can reach, newest first, leaving out the first `offset`."""
    return [shown(commit) for commit in islice(repository.walk(start), offset, offset + limit)]


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
    date = _instant(signature.time)
    return person if date is None else person | {"date": date}


def commit_time(commit: pygit2.Commit) -> str | None:
    """Return when a commit was made; None when it carries a time that no calendar has."""
    return _instant(commit.commit_time)


def _instant(seconds: int) -> str | None:
    try:
        return instant(datetime.fromtimestamp(seconds, UTC), "seconds")
    except (ValueError, OverflowError, OSError):
        return None
