"""The table of operations: method, path, the scope that it needs, and its handler.

Paths are matched percent-encoded, segment by segment, so that an encoded slash in one
parameter never reads as a separator. Branches, which hold slashes, may come raw as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias
from urllib.parse import quote, unquote, unquote_to_bytes

from attrs import frozen
from werkzeug.exceptions import MethodNotAllowed as WrongMethod
from werkzeug.exceptions import NotFound as NoRoute
from werkzeug.routing import BaseConverter, Map, Rule
from werkzeug.wrappers import Response

from mesa_transports.local.call import Call
from mesa_transports.local.handlers import (
    admin,
    agent_blame,
    branches,
    commits,
    content,
    diffs,
    lfs,
    merge,
    org,
    repos,
    webhooks,
)
from mesa_transports.local.refusals import BadRequest, MethodNotAllowed, NotFound

__all__ = ["Route", "match", "table"]

Handler: TypeAlias = Callable[[Call], Response]


@frozen
class Route:
    """One operation; `scope` is None where a signature in the URL takes the place of a key."""

    method: str
    path: str
    scope: str | None
    handler: Handler


ROUTES: Final = (
    Route("GET", "/<org>", "repo:read", org.get),
    Route("GET", "/<org>/api-keys", "admin", admin.list_api_keys),
    Route("POST", "/<org>/api-keys", "admin", admin.create_api_key),
    Route("DELETE", "/<org>/api-keys/<id>", "admin", admin.revoke_api_key),
    Route("GET", "/<org>/repos", "repo:read", repos.list_),
    Route("POST", "/<org>/repos", "repo:create", repos.create),
    Route("GET", "/<org>/<repo:repo>", "repo:read", repos.get),
    Route("PATCH", "/<org>/<repo:repo>", "repo:create", repos.update),
    Route("DELETE", "/<org>/<repo:repo>", "repo:delete", repos.delete),
    Route("GET", "/<org>/<repo:repo>/sync", "repo:read", repos.get_sync_status),
    Route("POST", "/<org>/<repo:repo>/sync", "git:write", repos.sync),
    Route("GET", "/<org>/<repo:repo>/branches", "git:read", branches.list_),
    Route("POST", "/<org>/<repo:repo>/branches", "git:write", branches.create),
    Route("DELETE", "/<org>/<repo:repo>/branches/<slashed:branch>", "git:write", branches.delete),
    Route("GET", "/<org>/<repo:repo>/commits", "git:read", commits.list_),
    Route("POST", "/<org>/<repo:repo>/commits", "git:write", commits.create),
    Route("GET", "/<org>/<repo:repo>/commits/<sha>", "git:read", commits.get),
    Route("GET", "/<org>/<repo:repo>/content", "git:read", content.get),
    Route("GET", "/<org>/<repo:repo>/diff", "git:read", diffs.get),
    Route("POST", "/<org>/<repo:repo>/merge/<slashed:base>", "git:write", merge.perform),
    Route("POST", "/<org>/<repo:repo>/lfs/objects", "git:write", lfs.upload),
    Route("POST", "/<org>/<repo:repo>/lfs/objects/download", "git:read", lfs.download),
    Route("PUT", "/<org>/<repo:repo>/lfs/objects/<oid:oid>", None, lfs.put_object),
    Route("GET", "/<org>/<repo:repo>/lfs/objects/<oid:oid>", None, lfs.get_object),
    Route("GET", "/<org>/<repo:repo>/webhooks", "webhook:read", webhooks.list_),
    Route("POST", "/<org>/<repo:repo>/webhooks", "webhook:write", webhooks.create),
    Route("DELETE", "/<org>/<repo:repo>/webhooks/<webhook_id>", "webhook:write", webhooks.delete),
    Route("GET", "/<org>/<repo:repo>/agentblame", "git:read", agent_blame.get),
    Route("GET", "/<org>/<repo:repo>/analytics", "git:read", agent_blame.get_analytics),
    Route("POST", "/<org>/<repo:repo>/analytics/refresh", "git:write", agent_blame.refresh_analytics),
)


class _Segment(BaseConverter):
    """One path segment, still percent-encoded."""

    regex = "[^/]+"


class _Repo(BaseConverter):
    """A segment that is none of the API's own words."""

    regex = "(?!(?:repos|api-keys)$)[^/]+"


class _Oid(BaseConverter):
    """A large file's sha256, or what comes in its place: anything but the API's own word."""

    regex = "(?!download$)[^/]+"


class _Slashed(BaseConverter):
    """The rest of the path, still percent-encoded."""

    regex = "[^/].*"
    part_isolating = False


def table(routes: Iterable[Route]) -> Map:
    """Return routes in the form in which `match` looks them up."""
    return Map(
        [Rule(route.path, methods=[route.method], endpoint=route) for route in routes],
        converters={"default": _Segment, "repo": _Repo, "oid": _Oid, "slashed": _Slashed},
        strict_slashes=False,
        merge_slashes=False,
    )


_API: Final = table(ROUTES)


def match(method: str, path: str, among: Map = _API) -> tuple[Route, Mapping[str, str]]:
    """Return the route of a percent-encoded path, and its parameters decoded.

    Raises:
        NotFound: no operation has this path.
        MethodNotAllowed: one has, but not with this method.
        BadRequest: the path is not UTF-8.
    """
    if path.startswith("//"):
        raise NotFound("no operation has this path")  # the table would take it for one with a single slash
    # Encoded again in one way, "/rep%6Fs" is "/repos" to the table, as it is to any other reader.
    canonical = "/".join(quote(unquote_to_bytes(segment), safe="~") for segment in path.split("/"))
    try:
        route, encoded = among.bind("").match(canonical, method)
    except WrongMethod as error:
        allowed = ", ".join(sorted(error.valid_methods or ()))
        raise MethodNotAllowed(
            f"expected one of {allowed} here, got {method[:20]}", headers={"Allow": allowed}
        ) from None
    except NoRoute:
        raise NotFound("no operation has this path") from None
    try:
        return route, {name: unquote(value, errors="strict") for name, value in encoded.items()}
    except UnicodeDecodeError:
        raise BadRequest("path: expected UTF-8, got other bytes") from None
