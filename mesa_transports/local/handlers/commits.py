"""Commits."""

from __future__ import annotations

from typing import Any

import pygit2
from werkzeug.wrappers import Response

from mesa_transports.local import cursors
from mesa_transports.local.bodies.commits import read_commit
from mesa_transports.local.call import Call, json_response
from mesa_transports.local.git import log, refs
from mesa_transports.local.git.commit import commit_edits

__all__ = ["create", "get", "list_"]


def list_(call: Call) -> Response:
    """Answer `commits.list`; a cursor keeps the commit it started from, so new ones shift no page."""
    limit, git = call.query.limit, call.open()
    start, offset = _start(call, git)
    if start is None:
        return json_response(cursors.page("commits", [], None))
    found = log.history(git, start.id, offset, limit + 1)
    following = cursors.encoded("commits", str(start.id), offset + limit) if len(found) > limit else None
    return json_response(cursors.page("commits", found[:limit], following))


def _start(call: Call, git: pygit2.Repository) -> tuple[pygit2.Commit | None, int]:
    ref, cursor = call.query.text("ref"), call.query.text("cursor", least=0)
    if cursor is not None:
        return _position(git, *cursors.decoded(cursor, "commits", str, int))
    if ref is not None:
        return refs.resolve(git, ref, "ref"), 0
    return refs.branch_head(git, call.repository.default_branch), 0


def _position(git: pygit2.Repository, sha: str, offset: int) -> tuple[pygit2.Commit, int]:
    commit = refs.find_commit(git, sha)
    if commit is None or not 0 < offset < 1 << 31:
        raise cursors.unknown_cursor()
    return commit, offset


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
