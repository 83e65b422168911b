"""Branches."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from mesa_transports.local import cursors
from mesa_transports.local.bodies.branches import BranchRequest
from mesa_transports.local.call import Call, json_response, success
from mesa_transports.local.git import refs
from mesa_transports.local.refusals import Conflict

__all__ = ["create", "delete", "list_"]


def list_(call: Call) -> Response:
    """Answer `branches.list`, by name."""
    limit, cursor = call.query.limit, call.query.text("cursor", least=0)
    after = "" if cursor is None else str(cursors.decoded(cursor, "branches", str)[0])
    found = refs.branches_after(call.open(), after, limit + 1)
    following = cursors.encoded("branches", found[limit - 1][0]) if len(found) > limit else None
    return json_response(cursors.page("branches", [_shown(call, *branch) for branch in found[:limit]], following))


def create(call: Call) -> Response:
    """Answer `branches.create`."""
    asked = BranchRequest.read(call.body)
    with call.writing() as git:
        source = refs.resolve(git, asked.source, "from")
        refs.create_branch(git, asked.name, source.id)
    return json_response(_shown(call, asked.name, str(source.id)), 201)


def delete(call: Call) -> Response:
    """Answer `branches.delete`; the default branch stays."""
    branch = call.parameters["branch"]
    with call.writing() as git:
        refs.require_branch(git, branch, "branch")
        if branch == call.services.repositories.current(call.repository).default_branch:
            raise Conflict("the default branch cannot be deleted")
        refs.delete_branch(git, branch)
    return success()


def _shown(call: Call, name: str, head_sha: str) -> dict[str, Any]:
    return {"name": name, "head_sha": head_sha, "is_default": name == call.repository.default_branch}
