"""Differences between two refs."""

from __future__ import annotations

from werkzeug.wrappers import Response

from mesa_transports.local.call import Call, json_response
from mesa_transports.local.git import diff, refs
from mesa_transports.local.refusals import NotAcceptable

__all__ = ["get"]

_JSON = "application/json"
_TEXT = "text/plain"


def get(call: Call) -> Response:
    """Answer `diffs.get`: what changed from base's tree to head's, not since their merge base."""
    base, head, git = call.query.required("base"), call.query.required("head"), call.open()
    before, after = refs.resolve(git, base, "base"), refs.resolve(git, head, "head")
    if call.prefers(_TEXT, _JSON):
        return Response(diff.patch(before, after), content_type="text/plain; charset=utf-8")
    if not call.accepts(_JSON):
        raise NotAcceptable(f"there are {_JSON} and {_TEXT}, and the Accept header allows neither")
    return json_response({"base": base, "head": head} | diff.difference(before, after))
