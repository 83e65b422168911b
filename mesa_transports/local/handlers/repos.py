"""Repositories and their upstreams."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from werkzeug.wrappers import Response

from mesa_transports.local import cursors, syncs
from mesa_transports.local.bodies.repos import RepositoryChange, RepositoryRequest
from mesa_transports.local.call import Call, json_response, success
from mesa_transports.local.git import refs
from mesa_transports.local.git.repository import open_repository, set_default_branch
from mesa_transports.local.git.size import size_of_objects
from mesa_transports.local.refusals import NotFound, NoUpstream
from mesa_transports.local.repositories import Repository
from mesa_transports.local.services import Services
from mesa_transports.local.upstreams import Upstream

__all__ = ["create", "delete", "get", "get_sync_status", "list_", "sync", "update"]


def create(call: Call) -> Response:
    """Answer `repos.create`. An upstream is kept; nothing is fetched before a sync is asked for."""
    asked = RepositoryRequest.read(call.body)
    services = call.services
    with services.repositories.created(call.org, asked.name, asked.default_branch) as repository:
        if asked.upstream is not None:
            services.upstreams.put(repository, asked.upstream)
    return json_response(_shown(services, repository), 201)


def list_(call: Call) -> Response:
    """Answer `repos.list`, oldest first, so that new repositories shift no page."""
    limit, cursor = call.query.limit, call.query.text("cursor", least=0)
    after = 0 if cursor is None else cursors.decoded(cursor, "repos", int)[0]
    if abs(after) >= 1 << 63:
        raise cursors.unknown_cursor()
    found = call.services.repositories.after(call.org, after, limit + 1)
    following = cursors.encoded("repos", found[limit - 1].sequence) if len(found) > limit else None
    return json_response(cursors.page("repos", _all_shown(call.services, found[:limit]), following))


def get(call: Call) -> Response:
    """Answer `repos.get`: 202 while a sync of the repository runs."""
    shown = _shown(call.services, call.repository)
    if call.services.upstreams.is_syncing(call.repository):
        return json_response(shown | {"status": "syncing"}, 202)
    return json_response(shown)


def update(call: Call) -> Response:
    """Answer `repos.update`; the default branch must exist unless the repository is empty."""
    asked = RepositoryChange.read(call.body)
    services = call.services
    with call.writing() as git:
        repository = services.repositories.current(call.repository)
        branch = asked.default_branch or repository.default_branch
        if asked.default_branch is not None and not refs.is_empty(git):
            refs.require_branch(git, branch, "default_branch")
        with services.store.transaction():
            repository = services.repositories.change(repository, asked.name or repository.name, branch)
            if asked.upstream is not None:
                services.upstreams.put(repository, asked.upstream)
            if asked.upstream_removed:
                services.upstreams.remove(repository)
        set_default_branch(git, branch)
    return json_response(_shown(services, repository))


def delete(call: Call) -> Response:
    """Answer `repos.delete`."""
    call.services.repositories.delete(call.repository)
    return success()


def get_sync_status(call: Call) -> Response:
    """Answer `repos.get_sync_status`."""
    upstream = _upstream(call)
    status: dict[str, str] = {"type": "ok"}
    if call.services.upstreams.is_syncing(call.repository):
        status = {"type": "syncing"}
    elif upstream.last_sync_error is not None:
        status = {"type": "error", "message": upstream.last_sync_error}
    return json_response(
        {
            "last_sync_attempt": upstream.last_sync_attempt,
            "last_sync_success": upstream.last_sync_success,
            "status": status,
        }
    )


def sync(call: Call) -> Response:
    """Answer `repos.sync` when the sync has ended: 409 where branches have diverged, 400 where git could not fetch."""
    syncs.sync(call.services, call.repository, call.root)
    return success()


def _upstream(call: Call) -> Upstream:
    upstream = call.services.upstreams.find(call.repository)
    if upstream is None:
        raise NoUpstream("the repository has no upstream to sync from")
    return upstream


def _all_shown(services: Services, repositories: Iterable[Repository]) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    for repository in repositories:
        # One that was deleted since it was found is left out, and the others are shown.
        with suppress(NotFound):
            shown.append(_shown(services, repository))
    return shown


def _shown(services: Services, repository: Repository) -> dict[str, Any]:
    path = services.repositories.path(repository)
    head = refs.branch_head(open_repository(path), repository.default_branch)
    upstream = services.upstreams.find(repository)
    return {
        "id": repository.id,
        "org": repository.org,
        "name": repository.name,
        "default_branch": repository.default_branch,
        "head_sha": None if head is None else str(head.id),
        "size_bytes": size_of_objects(path),
        "created_at": repository.created_at,
        "upstream": None if upstream is None else upstream.shown(),
    }
