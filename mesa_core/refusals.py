"""Turns a response with an error status into the exception that stands for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, cast

from mesa_core.call import AttemptRecord
from mesa_core.errors import (
    APIError,
    BadRequest,
    Conflict,
    Forbidden,
    MergeConflict,
    NotAcceptable,
    NotFound,
    RateLimited,
    ServerError,
    Unauthorized,
)
from mesa_core.http import Response
from mesa_core.text import one_line

__all__ = ["error_from"]

_BY_STATUS: Final[Mapping[int, type[APIError]]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    406: NotAcceptable,
    409: Conflict,
    429: RateLimited,
}


def error_from(response: Response, operation: str, attempts: tuple[AttemptRecord, ...]) -> APIError:
    """Return the exception for an error response, read from the contract's envelope where there is one."""
    code, message, details = _envelope(response) or _without_envelope(response)
    return _kind(response.status_code, code)(
        message,
        status_code=response.status_code,
        code=code,
        details=details,
        headers=response.headers,
        operation=operation,
        attempts=attempts,
    )


def _kind(status: int, code: str) -> type[APIError]:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerError
    kind = _BY_STATUS.get(status, APIError)
    return MergeConflict if kind is Conflict and code == "MERGE_CONFLICT" else kind


def _envelope(response: Response) -> tuple[str, str, Mapping[str, Any]] | None:
    try:
        error = json.loads(response.content)["error"]
        # Older servers spell codes in lower case.
        code, message, details = error["code"].upper(), error["message"], error.get("details")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(message, str):
        return None
    folded = (one_line(code), one_line(message))
    return *folded, cast("dict[str, Any]", details) if isinstance(details, dict) else {}


def _without_envelope(response: Response) -> tuple[str, str, Mapping[str, Any]]:
    try:
        status = HTTPStatus(response.status_code)
        code, phrase = status.name, status.phrase
    except ValueError:
        code, phrase = f"HTTP_{response.status_code}", "unknown status"
    kind = one_line(response.media_type) or "no content type"
    return code, f"{phrase} (no error envelope, {len(response.content)} bytes of {kind})", {}
