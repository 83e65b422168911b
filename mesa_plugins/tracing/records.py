"""The log records: one for each attempt on the logger `mesa`, and one more with its headers for who wants DEBUG.

An attempt is INFO, also one that only its caller can judge, such as a 404; 429, 5xx and a transport error are WARNING.
"""

from __future__ import annotations

import logging
from typing import Final
from urllib.parse import urlsplit

from mesa_core import Call, Request, Response, TransportError, one_line, without_secrets
from mesa_plugins.tracing.outcomes import CANCELLED, was_cancelled

__all__ = ["LOGGER", "log_attempt"]

LOGGER: Final = logging.getLogger("mesa")
LOGGER.addHandler(logging.NullHandler())  # silent until somebody sets logging up, as libraries are

_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_ATTEMPT: Final = (
    "%(operation)s: %(method)s %(path)s -> %(outcome)s in %(elapsed_ms).1f ms, attempt %(attempt)d, "
    "request id %(request_id)s"
)
_HEADERS: Final = "%(operation)s: attempt %(attempt)d sent %(request_headers)s, got %(response_headers)s"


def log_attempt(call: Call, request: Request, outcome: Response | BaseException, seconds: float) -> None:
    """Log an attempt that ended, `seconds` after it began, with a response or an error."""
    level = _level(outcome)
    if not LOGGER.isEnabledFor(level):  # nor for DEBUG, which is less
        return
    _log(level, _ATTEMPT, _attempt(call, request, outcome, seconds))
    if LOGGER.isEnabledFor(logging.DEBUG):
        _log(logging.DEBUG, _HEADERS, _headers(call, request, outcome))


def _level(outcome: Response | BaseException) -> int:
    if isinstance(outcome, Response):
        status = outcome.status_code
        failed = status == _TOO_MANY or status >= _SERVER_ERROR
    else:
        failed = isinstance(outcome, TransportError) and not was_cancelled(outcome)
    return logging.WARNING if failed else logging.INFO


def _attempt(
    call: Call, request: Request, outcome: Response | BaseException, seconds: float
) -> dict[str, str | float | None]:
    foreign = "?" in request.url and not call.config.is_own(request.url)
    url = _folded(without_secrets(request.url, foreign=foreign))
    response = outcome if isinstance(outcome, Response) else None
    return {
        "operation": call.operation.name,
        "method": _folded(request.method),
        "url": url,
        "path": urlsplit(url)._replace(scheme="", netloc="").geturl(),
        "status": response.status_code if response else None,
        "outcome": _name(outcome),
        "elapsed_ms": round(seconds * 1000, 1),
        "attempt": call.attempt,
        "request_id": _folded(response.headers.get("X-Request-Id", "-")) if response else "-",
    }


def _name(outcome: Response | BaseException) -> str:
    if isinstance(outcome, Response):
        return f"{outcome.status_code}{' from cache' if outcome.from_cache else ''}"
    return CANCELLED if was_cancelled(outcome) else type(outcome).__name__


def _folded(text: str) -> str:
    return text if text.isprintable() else one_line(text)


def _headers(call: Call, request: Request, outcome: Response | BaseException) -> dict[str, str | float | None]:
    return {
        "operation": call.operation.name,
        "attempt": call.attempt,
        "request_headers": repr(request.headers),  # the text and not the object: a formatter may look into that
        "response_headers": repr(outcome.headers) if isinstance(outcome, Response) else "no response",
    }


def _log(level: int, message: str, fields: dict[str, str | float | None]) -> None:
    LOGGER.log(level, message, fields, extra={f"mesa_{name}": value for name, value in fields.items()})
