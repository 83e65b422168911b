"""Tracing: a log record for each attempt, on the logger `mesa`, without secrets."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Final

from mesa_core import Call, MesaError, Plugin, Request, Response, TransportError, hookimpl, without_secrets

__all__ = ["Tracing"]

_log: Final = logging.getLogger("mesa")
_log.addHandler(logging.NullHandler())  # silent until the program sets logging up, as libraries are
_STARTED: Final = object()
_URL: Final = object()


class Tracing(Plugin):
    """Logs each attempt: operation, method, URL, status or error, milliseconds, number, request id.

    A success is DEBUG; a refusal that only the caller can judge, such as 404, is INFO; 429, 5xx and a transport error
    are WARNING.
    """

    @hookimpl(trylast=True)  # after everyone who may change the request
    def before_request(self, request: Request, call: Call) -> None:
        """Note when and where the attempt began."""
        call.state[_STARTED] = call.clock.monotonic()
        call.state[_URL] = request.url

    def after_response(self, response: Response, call: Call) -> None:
        """Log an attempt that was answered."""
        _record(call, _level(response.status_code), str(response.status_code), response)

    def on_error(self, error: MesaError, call: Call) -> None:
        """Log an attempt that was not answered; one that was has been logged already."""
        if isinstance(error, TransportError):
            _record(call, logging.WARNING, type(error).__name__, None)


def _level(status: int) -> int:
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return logging.WARNING
    return logging.INFO if status >= HTTPStatus.BAD_REQUEST else logging.DEBUG


def _record(call: Call, level: int, outcome: str, response: Response | None) -> None:
    if not _log.isEnabledFor(level):
        return
    elapsed = (call.clock.monotonic() - call.state[_STARTED]) * 1000
    fields = {
        "operation": call.operation.name,
        "method": call.operation.method,
        "url": without_secrets(call.state[_URL]),
        "outcome": outcome,
        "elapsed_ms": round(elapsed, 1),
        "attempt": call.attempt,
        "request_id": response.headers.get("X-Request-Id", "-") if response else "-",
    }
    _log.log(
        level,
        "%(operation)s: %(method)s %(url)s -> %(outcome)s in %(elapsed_ms).1f ms, attempt %(attempt)d, "
        "request id %(request_id)s",
        fields,
        extra={f"mesa_{name}": value for name, value in fields.items()},
    )
