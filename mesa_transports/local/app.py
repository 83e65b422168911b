"""The application: mounts the API, routes a request, lets the caller in, and puts refusals into the envelope.

No exception leaves it. One that nobody foresaw is logged and answered 500, without a word about it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote, urlsplit

import pygit2
from werkzeug.wrappers import Request, Response

from mesa_transports.local import routes
from mesa_transports.local.call import Call, json_response
from mesa_transports.local.disk import has_room, is_full
from mesa_transports.local.gate import Closed, Gate
from mesa_transports.local.handlers import lfs
from mesa_transports.local.names import is_name
from mesa_transports.local.query import Query
from mesa_transports.local.refusals import InternalServerError, NotFound, Refusal
from mesa_transports.local.services import Services
from mesa_transports.local.smart_http import answers as smart_http

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["MOUNT", "Application", "split_mount"]

MOUNT: Final = "/api/v1"
_LEAST_ROOM: Final = 1 << 20
_Refuse: TypeAlias = Callable[[Refusal], Response]
_logger: Final = logging.getLogger("mesa.local")


def split_mount(path: str) -> tuple[str, str]:
    """Split a path behind the first `/api/v1`: what the API is mounted at, and the path below.

    A path without one is all below, so a client's server_url may have any base path that ends in
    `/api/v1`, or none at all.
    """
    before, found, below = path.partition(MOUNT)
    if found and (not below or below.startswith("/")):
        return before + found, below or "/"
    return "", path


class Application:
    """The Depot's API over its services, as a WSGI application and for requests in process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.gate = Gate()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer over WSGI, with the API at `/api/v1` and git at `/{org}/{repo}.git` beside it."""
        request = Request(environ)
        root = _origin(environ) + MOUNT
        target = _raw_path(environ)
        mount, path = split_mount(target)
        try:
            if not mount and smart_http.is_for_git(target):
                response = self._respond_to_git(request, root, target)
            else:
                response = self.respond(request, root, path if mount == MOUNT else "")
        except Closed:
            response = self.refuse(InternalServerError("the Depot is closed"))
        return response(environ, start_response)

    def respond(self, request: Request, root: str, path: str) -> Response:
        """Answer a request for a percent-encoded path below `root`.

        Raises:
            Closed: the Depot was closed.
        """
        return self._in_turn(request, path, lambda: self._answer(request, root, path), self.refuse)

    def _respond_to_git(self, request: Request, root: str, path: str) -> Response:
        return self._in_turn(
            request,
            path,
            lambda: smart_http.answer(self._services, request, root, path),
            lambda refusal: self._named(smart_http.refuse(path, refusal)),
        )

    def _in_turn(self, request: Request, path: str, answer: Callable[[], Response], refuse: _Refuse) -> Response:
        with ExitStack() as stack:
            stack.enter_context(self.gate.shared())
            response = self._respond(request, path, answer, refuse)
            if response.is_streamed and not response.direct_passthrough:
                # Until it is sent, it reads from the repository; an open file needs no path any more.
                response.call_on_close(stack.pop_all().close)
            return response

    def _respond(self, request: Request, path: str, answer: Callable[[], Response], refuse: _Refuse) -> Response:
        try:
            response = answer()
        except Refusal as refusal:
            return refuse(refusal)
        except Exception as error:
            if is_full(error) or not self._has_room_for(request):
                _logger.error("%s %s failed: the disk is full", request.method, path)  # noqa: TRY400 -- where it happened says nothing
                return refuse(InternalServerError("the disk is full, or a quota of it is used up"))
            _logger.exception("%s %s failed", request.method, path)
            return refuse(InternalServerError("the Depot failed; its log says how"))
        return self._named(response)

    def _has_room_for(self, request: Request) -> bool:
        return has_room(self._services.directory, max(_LEAST_ROOM, request.content_length or 0))

    def refuse(self, refusal: Refusal) -> Response:
        """Answer a request that cannot even be routed."""
        response = json_response(refusal.envelope(), refusal.status)
        response.headers.extend(refusal.headers)
        return self._named(response)

    def _named(self, response: Response) -> Response:
        response.headers["X-Request-Id"] = self._services.identities.request()
        return response

    def body_limit(self, method: str, target: str, authorization: str) -> int:
        """Return how many bytes a request may bring: more than JSON takes for a push, and where its URL is signed."""
        limit = self._services.max_body_bytes
        mount, path = split_mount(_path_of(target))
        with suppress(Refusal, sqlite3.Error):
            if not mount and smart_http.is_for_git(path):
                return smart_http.body_limit(self._services, method, path, authorization)
            route, parameters = routes.match(method, path if mount == MOUNT else "")
            if route.scope is None:
                query = Query(target.partition("?")[2].encode("latin-1"))
                limit = max(limit, lfs.signed_size(self._services, method, parameters, query))
        return limit

    def _answer(self, request: Request, root: str, path: str) -> Response:
        route, parameters = routes.match(request.method, path)
        if route.scope is not None:
            self._admit(request, parameters["org"], route.scope)
        call = Call(self._services, request, root, parameters)
        try:
            return route.handler(call)
        except (pygit2.GitError, OSError, KeyError, ValueError, sqlite3.IntegrityError):
            # Someone may have deleted the repository while it was in use; then that is the answer.
            if "repo" in parameters:
                self._services.repositories.current(call.repository)
            raise

    def _admit(self, request: Request, org: str, scope: str) -> None:
        caller = self._services.keys.authenticate(request.headers.get("Authorization", ""))
        if not is_name(org):
            raise NotFound("Organization not found")
        caller.require(org, scope)
        self._services.organizations.ensure(org)


def _raw_path(environ: WSGIEnvironment) -> str:
    """Return the path as the client encoded it, where the server passes that on."""
    raw = str(environ.get("REQUEST_URI") or environ.get("RAW_URI") or "")
    return _path_of(raw) if raw else quote(str(environ.get("PATH_INFO", "")).encode("latin-1"), safe="/~")


def _path_of(target: str) -> str:
    """Return the path of a request target, which may be a whole URL; empty when it cannot be read."""
    if target.startswith("/"):
        return target.partition("?")[0]
    try:
        return urlsplit(target).path
    except ValueError:
        return ""


def _origin(environ: WSGIEnvironment) -> str:
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{environ['wsgi.url_scheme']}://{host}"
