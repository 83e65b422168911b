"""Every exception that the SDK raises.

MesaError
├── ConfigurationError           a client that cannot be built as asked for
├── PluginError                  a plugin broke; its own exception is the cause
├── InvalidRequest               refused before anything was sent
├── TransportError               no answer: `sent` says whether the server may have acted
│   ├── ConnectError             no connection, or none in time: nothing was sent
│   ├── RequestTimeout           connected, but no whole answer in time
│   └── ConnectionLost           the connection broke, or what came is not HTTP
├── ResponseValidationError      an answer that does not have the documented shape
├── WebhookSignatureError        a delivery of a webhook that is not genuine, or not of just now
├── EventValidationError         a genuine one that does not have the documented shape
└── APIError                     an answer that says no
    ├── BadRequest 400, Unauthorized 401, Forbidden 403, NotFound 404, NotAcceptable 406,
    │   RateLimited 429, ServerError 5xx
    └── Conflict 409
        └── MergeConflict        409 with the code MERGE_CONFLICT

Every one of them pickles, and none shows a secret in its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mesa_core.call import AttemptRecord
    from mesa_core.http import Headers

__all__ = [
    "APIError",
    "BadRequest",
    "ConfigurationError",
    "Conflict",
    "ConnectError",
    "ConnectionLost",
    "EventValidationError",
    "Forbidden",
    "InvalidRequest",
    "MergeConflict",
    "MesaError",
    "NotAcceptable",
    "NotFound",
    "PluginError",
    "RateLimited",
    "RequestTimeout",
    "ResponseValidationError",
    "ServerError",
    "TransportError",
    "Unauthorized",
    "WebhookSignatureError",
]


class MesaError(Exception):
    """The base of all exceptions that the SDK raises; every one of them pickles, and none shows a secret.

    Attributes:
        message: One line that says what failed.
    """

    operation: str | None = None
    """The operation that failed, such as "repos.get"; None outside a call."""
    attempts: tuple[AttemptRecord, ...] = ()
    """The attempts that the call made, the last one last."""
    cursor: str | None = None
    """The cursor of the page that could not be fetched: pass it as `cursor=` to go on there. None for a first page."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        # Subclasses take keyword-only arguments, which BaseException.__reduce__ would lose.
        return _rebuild, (type(self), self.args, self.__dict__)


def note_once(error: BaseException, note: str) -> None:
    """Add a note, unless the error has it: one object may be raised by many calls."""
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)


def _rebuild(kind: type[MesaError], args: tuple[object, ...], state: dict[str, object]) -> MesaError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(MesaError):
    """A client cannot be built as asked for; the message names the option and what it takes."""


class PluginError(MesaError):
    """A plugin raised, or answered what its hook may not; its own exception is `__cause__`.

    Attributes:
        plugin: Its name, as `client.plugins` shows it.
        distribution: The distribution that it is from; None for an object.
        hook: The hook in which it broke, such as "before_request".
    """

    def __init__(self, message: str, *, plugin: str, distribution: str | None, hook: str) -> None:
        super().__init__(message)
        self.plugin = plugin
        self.distribution = distribution
        self.hook = hook


class InvalidRequest(MesaError):
    """A call was refused before anything was sent.

    Attributes:
        field: What was wrong, such as "body.name"; None where it is no single field.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class TransportError(MesaError):
    """No response arrived.

    Attributes:
        sent: False only when the server cannot have acted on the request.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class ConnectError(TransportError):
    """No connection could be made, or none in time, so nothing was sent."""

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message, sent=sent)


class RequestTimeout(TransportError):
    """A connection was made, but the whole response did not come within the attempt's timeout."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message, sent=sent)


class ConnectionLost(TransportError):
    """The connection broke before the response was whole, or what came is not HTTP."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message, sent=sent)


class ResponseValidationError(MesaError):
    """An answer does not have the documented shape.

    Attributes:
        path: The JSON path of the first fault, such as "$.repos[3].name".
        status_code: The status of the response.
        content: Its body.
    """

    def __init__(self, message: str, *, path: str, status_code: int, content: bytes) -> None:
        super().__init__(message)
        self.path = path
        self.status_code = status_code
        self.content = content

    def __str__(self) -> str:
        return f"{self.message} ({self.operation})" if self.operation else self.message


class WebhookSignatureError(MesaError):
    """A delivery is not signed by a secret of the webhook, or was not signed just now: answer 401, and ignore it."""


class EventValidationError(MesaError):
    """A genuine delivery does not have the documented shape.

    Attributes:
        path: The JSON path of the first fault, such as "$.commits[0].sha".
        content: The body that was delivered.
    """

    def __init__(self, message: str, *, path: str, content: bytes) -> None:
        super().__init__(message)
        self.path = path
        self.content = content


class APIError(MesaError):
    """The server answered with an error status.

    `code` and `message` are those of the error envelope; where a proxy answered without
    one, the code is the status's name and the message says what came instead.

    Attributes:
        status_code: The HTTP status, 400 or above.
        code: The API's word for it, such as "NOT_FOUND".
        details: What more the server says, such as the `paths` of a conflict; often nothing. `Any`: JSON of any shape.
        headers: Of the response, as `Retry-After`.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        code: str,
        details: Mapping[str, Any],
        headers: Headers,
        operation: str,
        attempts: tuple[AttemptRecord, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code
        self.details = details
        self.headers = headers
        self.operation = operation
        self.attempts = attempts

    @property
    def request_id(self) -> str | None:
        """The server's X-Request-Id, to quote in a report; None when it sent none."""
        return self.headers.get("X-Request-Id")

    def __str__(self) -> str:
        return f"{self.status_code} {self.code}: {self.message} ({self.operation})"


class BadRequest(APIError):
    """400: the server refused the request's content."""


class Unauthorized(APIError):
    """401: no key, an unknown key, or a revoked one."""


class Forbidden(APIError):
    """403: the key lacks the scope that the operation needs."""


class NotFound(APIError):
    """404: no such organization, repository, branch, commit, path or key."""


class NotAcceptable(APIError):
    """406: there is no answer in the media type asked for, such as the raw bytes of a directory."""


class Conflict(APIError):
    """409: the state of the repository does not allow it, such as a name that is taken or a branch that has moved."""


class MergeConflict(Conflict):
    """409 MERGE_CONFLICT: the changes cannot be combined; the branches stay as they were."""


class RateLimited(APIError):
    """429: too many requests; a Retry-After header may say how long to wait."""


class ServerError(APIError):
    """5xx: the server, or a proxy before it, failed."""
