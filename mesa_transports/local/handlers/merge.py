"""Merges."""

from __future__ import annotations

import pygit2
from attrs import asdict
from werkzeug.wrappers import Response

from mesa_transports.local.bodies.merge import MergeRequest
from mesa_transports.local.call import Call, json_response
from mesa_transports.local.git import refs
from mesa_transports.local.git.merge import merge
from mesa_transports.local.refusals import BadRequest, Conflict

__all__ = ["perform"]


def perform(call: Call) -> Response:
    """Answer `merge.perform`; a base that has head already stays as it is, as after a fast-forward of nothing."""
    base, asked = call.parameters["base"], MergeRequest.read(call.body)
    with call.writing() as git:
        if asked.delete_branch:
            _check_deletable(call, git, base, asked.head)
        merged = merge(git, base, asked.head, asked.author, call.services.clock(), message=asked.message)
        if asked.delete_branch:
            refs.delete_branch(git, asked.head)
    answer = {"base": base, "head": asked.head, "branch_deleted": asked.delete_branch}
    return json_response(asdict(merged) | answer)


def _check_deletable(call: Call, git: pygit2.Repository, base: str, head: str) -> None:
    if head == base:
        raise BadRequest("delete_branch: expected a head that is not base, got the same branch")
    if refs.find_commit(git, head) is not None and refs.branch_head(git, head) is None:
        raise BadRequest("delete_branch: expected head to be a branch, got a commit sha")
    if head == call.services.repositories.current(call.repository).default_branch:
        raise Conflict("head is the default branch, which cannot be deleted")
