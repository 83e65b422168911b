"""Answering git's clients: routes a request, lets the caller in, and says no in the way that each client shows."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from mesa_transports.local.call import Call
from mesa_transports.local.refusals import Refusal
from mesa_transports.local.routes import match
from mesa_transports.local.services import Services
from mesa_transports.local.smart_http import git
from mesa_transports.local.smart_http.access import admit, caller_of
from mesa_transports.local.smart_http.lfs import lfs_refusal
from mesa_transports.local.smart_http.routes import TABLE

__all__ = ["answer", "body_limit", "is_for_git", "refuse"]

_BELOW_A_REPOSITORY: Final = re.compile(r"/[^/]+/[^/]+\.git/.*", re.DOTALL)
_LFS: Final = "/info/lfs/"
_UNLIMITED: Final = 2**63 - 1


def is_for_git(path: str) -> bool:
    """Tell whether a percent-encoded path is one that git's clients ask for."""
    return _BELOW_A_REPOSITORY.fullmatch(unquote(path)) is not None


def answer(services: Services, request: Request, root: str, path: str) -> Response:
    """Answer a request of a git client; `root` is the URL that the API is mounted at."""
    route, parameters = match(request.method, path, TABLE)
    call = Call(services, request, root, parameters)
    if route.scope is not None:
        admit(call, route.scope)
    return route.handler(call)


def refuse(path: str, refusal: Refusal) -> Response:
    """Return a refusal as git-lfs reads it, or as text, which git shows."""
    if _LFS in path:
        return lfs_refusal(refusal)
    response = Response(f"{refusal.message}\n", refusal.status, content_type="text/plain; charset=utf-8")
    response.headers.extend(refusal.headers)
    return response


def body_limit(services: Services, method: str, path: str, authorization: str) -> int:
    """Return how many bytes a request may bring: a push of a key that may write has no limit.

    Raises:
        Refusal: there is no such request, or the key does not reach it.
    """
    route, parameters = match(method, path, TABLE)
    if route.handler is not git.receive_pack:
        return services.max_body_bytes
    caller_of(services.keys, authorization).require(parameters["org"], "git:write")
    return _UNLIMITED
