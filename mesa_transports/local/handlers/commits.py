"""Commits."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

import pygit2
from werkzeug.wrappers import Response

from mesa_transports.local import cursors
from mesa_transports.local.bodies.commits import read_commit
from mesa_transports.local.call import Call, json_response
from mesa_transports.local.git import log, refs
from mesa_transports.local.git.commit import commit_edits
from mesa_transports.local.git.order import Walk
from mesa_transports.local.history_index import HistoryIndex

__all__ = ["create", "get", "list_"]


_WIDEST: Final = 64
"""The most commits that a cursor names: a URL has to hold it."""


def list_(call: Call) -> Response:
    """Answer `commits.list`; a cursor names the commits to go on from, so new ones shift no page."""
    limit, git = call.query.limit, call.open()
    frontier, skipped = _position(call, git)
    walk = Walk(git, HistoryIndex(call.services.store, call.repository), frontier)
    found = [log.shown(commit) for commit in islice(walk, skipped, skipped + limit)]
    walk.keep()
    left = walk.frontier
    if len(left) <= _WIDEST:
        frontier, skipped = left, 0
    else:
        # More branches lie open side by side than a cursor holds, so the next page walks through this one again.
        skipped += limit
    following = cursors.encoded("commits", "".join(map(str, frontier)), skipped) if left else None
    return json_response(cursors.page("commits", found, following))


def _position(call: Call, git: pygit2.Repository) -> tuple[list[pygit2.Oid], int]:
    """Return the commits to walk from, and how many of the walk earlier pages have shown."""
    ref, cursor = call.query.text("ref"), call.query.text("cursor", least=0)
    if cursor is not None:
        return _named(git, *cursors.decoded(cursor, "commits", str, int))
    head = refs.resolve(git, ref, "ref") if ref is not None else refs.branch_head(git, call.repository.default_branch)
    return [] if head is None else [head.id], 0


def _named(git: pygit2.Repository, shas: str, skipped: int) -> tuple[list[pygit2.Oid], int]:
    if not 0 < len(shas) <= 40 * _WIDEST or len(shas) % 40 or not 0 <= skipped < 1 << 31:
        raise cursors.unknown_cursor()
    found = [refs.find_commit(git, shas[start : start + 40]) for start in range(0, len(shas), 40)]
    commits = [commit.id for commit in found if commit is not None]
    if len(set(commits)) < len(found):
        raise cursors.unknown_cursor()
    return commits, skipped


def get(call: Call) -> Response:
    """Answer `commits.get`."""
    return json_response(log.shown(refs.require_commit(call.open(), call.parameters["sha"], "sha")))


def create(call: Call) -> Response:
    """Answer `commits.create`; no edits make an empty commit."""
    asked = read_commit(call.body)
    with call.writing() as git:
        default_branch = call.services.repositories.current(call.repository).default_branch
        commit = commit_edits(git, asked, call.services.clock(), default_branch)
    answer: dict[str, Any] = {"sha": str(commit), "branch": asked.branch, "message": asked.message}
    return json_response(answer, 201)
