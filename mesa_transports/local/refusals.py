"""Refusals: what the Depot says no with, each a status and a code of the contract.

Handlers and the git layer raise them; the application turns them into the error envelope.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

__all__ = [
    "BadRequest",
    "Conflict",
    "Forbidden",
    "HeadersTooLarge",
    "InternalServerError",
    "MergeConflict",
    "MethodNotAllowed",
    "NoUpstream",
    "NotAcceptable",
    "NotFound",
    "PayloadTooLarge",
    "RangeNotSatisfiable",
    "Refusal",
    "Unauthorized",
    "UnknownEncoding",
]


class Refusal(Exception):
    """The base of all refusals; `details` and `headers` go into the answer."""

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(
        self,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,  # Any: JSON of any shape
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})
        self.headers = dict(headers or {})

    def envelope(self) -> dict[str, Any]:
        """Return the contract's error envelope."""
        return {"error": {"code": self.code, "message": self.message, "details": self.details}}


class BadRequest(Refusal):
    """The request's content is not what the contract says."""

    status = 400
    code = "BAD_REQUEST"


class NoUpstream(BadRequest):
    """The repository has no upstream to sync from."""

    code = "NO_UPSTREAM"


class Unauthorized(Refusal):
    """There is no key, or none that is known and in force."""

    status = 401
    code = "UNAUTHORIZED"


class Forbidden(Refusal):
    """The key does not reach that far."""

    status = 403
    code = "FORBIDDEN"


class NotFound(Refusal):
    """There is no such thing."""

    status = 404
    code = "NOT_FOUND"


class MethodNotAllowed(Refusal):
    """The path exists, but not with this method."""

    status = 405
    code = "METHOD_NOT_ALLOWED"


class NotAcceptable(Refusal):
    """There is no answer in the media type asked for."""

    status = 406
    code = "NOT_ACCEPTABLE"


class Conflict(Refusal):
    """The state of the organization or repository does not allow it."""

    status = 409
    code = "CONFLICT"


class MergeConflict(Conflict):
    """The changes cannot be combined."""

    code = "MERGE_CONFLICT"


class InternalServerError(Refusal):
    """The Depot failed in a way that nobody foresaw."""

    status = 500
    code = "INTERNAL_SERVER_ERROR"


class PayloadTooLarge(Refusal):
    """The body is larger than the Depot reads."""

    status = 413
    code = "PAYLOAD_TOO_LARGE"


class RangeNotSatisfiable(Refusal):
    """The object holds none of the bytes asked for."""

    status = 416
    code = "RANGE_NOT_SATISFIABLE"


class HeadersTooLarge(Refusal):
    """The request's first line and headers are longer than a server reads."""

    status = 431
    code = "HEADERS_TOO_LARGE"


class UnknownEncoding(Refusal):
    """The body is encoded for its transfer in a way that the server does not know."""

    status = 501
    code = "NOT_IMPLEMENTED"
