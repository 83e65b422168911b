"""What a script may answer with."""

from __future__ import annotations

import json as json_text
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from attrs import evolve, frozen

from mesa_core import Request, Response, without_secrets

__all__ = ["Answer", "Expected", "Reply", "answer", "check_answer", "on", "respond", "shown", "target_of"]

Reply: TypeAlias = Response | BaseException | int | Mapping[str, Any]
"""A response; an exception to raise; a status, for `answer(status=…)`; or a JSON object, for `answer(…)`.

`KeyboardInterrupt()` and `asyncio.CancelledError()` break the call off. `Any`: JSON of every shape.
"""
_BASE: Final = "/api/v1"  # in which the URL of the service ends
_WITHOUT_BODY: Final = (204, 304)
_STATUSES: Final = range(200, 600)
_KINDS: Final = (Response, BaseException, int, Mapping)
_ERRORS: Final = 400  # where HTTP's error statuses begin


@frozen
class Expected:
    """An answer to one request alone; made by `on`."""

    request: str
    reply: Reply | Callable[[Request], Reply]

    def fits(self, request: Request) -> bool:
        """Tell whether this is the request; its query counts where one is expected, in any order."""
        method, _, target = self.request.partition(" ")
        expected, asked = urlsplit(target), urlsplit(request.url)
        if method != request.method or asked.path not in {expected.path, f"{_BASE}{expected.path}"}:
            return False
        return not expected.query or _pairs(expected.query) == _pairs(asked.query)


Answer: TypeAlias = Reply | Callable[[Request], Reply] | Expected
"""A reply, a function that makes one of a request, or either of them `on` a certain request."""


def answer(json: object = None, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with a JSON body: `{"success": true}`, or the API's error envelope, where none is given.

    Args:
        json: The body, as `json.dumps` takes it.
        status: The HTTP status; 204 and 304 have no body.
        headers: Further headers, such as `Retry-After`; `Content-Type` may be another.

    Example:
        >>> answer({"error": {"code": "BUSY", "message": "Later"}}, status=503, headers={"Retry-After": "2"})
    """
    if status in _WITHOUT_BODY:
        return Response(status, headers or {})
    body = _body(status) if json is None else json
    response = Response(status, {"Content-Type": "application/json"}, json_text.dumps(body).encode())
    response.headers.update(headers or {})
    return response


def on(request: str, reply: Reply | Callable[[Request], Reply]) -> Expected:
    """Return an answer to a certain request alone, given by method and path, with or without the query.

    Args:
        request: Such as "GET /acme/web"; the path is that behind the server's URL, which may end in "/api/v1".
        reply: A response, a JSON object, a status, an exception, or a function of the request.

    Example:
        >>> Script(on("GET /acme/web", 404), on("POST /acme/repos", {"id": …}))
    """
    return Expected(request, reply)


def respond(given: Answer, request: Request) -> Response:
    """Return the response that an answer stands for, a new one each time; raise it if it is an exception."""
    reply = given.reply if isinstance(given, Expected) else given
    if callable(reply):
        reply = reply(request)
    if isinstance(reply, BaseException):
        raise reply
    if isinstance(reply, Response):
        return evolve(reply, headers=reply.headers.copy())
    return answer(status=reply) if isinstance(reply, int) else answer(reply)


def check_answer(given: object) -> None:
    """Refuse what cannot be an answer, when a script is written and not when a client asks.

    Raises:
        TypeError: it is not of a kind that answers are of.
        ValueError: it is no status that a final response can have.
    """
    reply = given.reply if isinstance(given, Expected) else given
    if isinstance(reply, bool) or not (callable(reply) or isinstance(reply, _KINDS)):
        raise TypeError(f"expected a Response, a status, a JSON object, an exception or a function, got {reply!r}")
    if isinstance(reply, int) and reply not in _STATUSES:
        raise ValueError(f"expected a status from 200 to 599, got {reply}")


def shown(given: Answer) -> str:
    """Return an answer as a message shows it."""
    if isinstance(given, Expected):
        return f"{given.request} -> {shown(given.reply)}"
    if isinstance(given, Response):
        return str(given.status_code)
    if isinstance(given, BaseException):
        return type(given).__name__
    return getattr(given, "__name__", repr(given))


def target_of(request: Request) -> str:
    """Return method, path and query of a request, without a secret."""
    return f"{request.method} {without_secrets(request.url).removeprefix(request.origin)}"


def _pairs(query: str) -> list[tuple[str, str]]:
    return sorted(parse_qsl(query, keep_blank_values=True))


def _body(status: int) -> dict[str, Any]:  # `Any`: JSON
    if status < _ERRORS:
        return {"success": True}
    try:
        code, phrase = HTTPStatus(status).name, HTTPStatus(status).phrase
    except ValueError:  # such as 420, which some proxies answer
        code, phrase = f"HTTP_{status}", "unknown status"
    return {"error": {"code": code, "message": phrase, "details": {}}}
