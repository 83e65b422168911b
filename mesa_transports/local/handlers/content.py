"""Content of files, symlinks and directories."""

from __future__ import annotations

import pygit2
from werkzeug.wrappers import Response

from mesa_transports.local.call import Call, json_response
from mesa_transports.local.git import content, refs
from mesa_transports.local.history_index import HistoryIndex
from mesa_transports.local.names import checked_path
from mesa_transports.local.refusals import NotAcceptable, NotFound

__all__ = ["get"]

_RAW = "application/octet-stream"
_JSON = "application/json"
_DEEPEST = 1_000_000


def get(call: Call) -> Response:
    """Answer `content.get`: JSON, or a file's raw bytes where the Accept header ranks them higher."""
    depth = call.query.integer("depth", 1, 1, _DEEPEST)
    path = call.query.text("path", least=0) or ""
    git, index = call.open(), HistoryIndex(call.services.store, call.repository)
    commit = _commit(call, git)
    found = content.find(commit, checked_path(path, "path") if path else path)
    if isinstance(found, pygit2.Tree):
        if not call.accepts(_JSON):
            raise NotAcceptable("a directory has no raw bytes; accept application/json")
        return json_response(content.shown_directory(git, index, commit, path, found, depth))
    if call.prefers(_RAW, _JSON):
        return Response(found.data, content_type=_RAW)
    if not call.accepts(_JSON):
        raise NotAcceptable(f"there are {_JSON} and {_RAW}, and the Accept header allows neither")
    return json_response(content.shown_blob(git, index, commit, path, found))


def _commit(call: Call, git: pygit2.Repository) -> pygit2.Commit:
    ref = call.query.text("ref")
    if ref is not None:
        return refs.resolve(git, ref, "ref")
    head = refs.branch_head(git, call.repository.default_branch)
    if head is None:
        raise NotFound("the repository's default branch has no commit yet")
    return head
