"""A recording as values: interactions, each a request and its response, and the header of the file that holds them."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from mesa_core.http import Headers, Request, Response
from mesa_core.secrets import without_secrets
from mesa_transports.recorded.bodies import Body

__all__ = ["Header", "Interaction", "RecordedRequest", "RecordedResponse", "Recording"]


@frozen(kw_only=True)
class RecordedRequest:
    """A request without its secrets."""

    method: str
    url: str
    headers: Headers
    body: Body | None = None

    def message(self) -> Request:
        """Return it as a message of the SDK."""
        content = self.body.content() if self.body else b""
        return Request(self.method, self.url, self.headers.copy(), content)


@frozen(kw_only=True)
class RecordedResponse:
    """A response without its secrets."""

    status: int
    headers: Headers
    body: Body | None = None

    def message(self) -> Response:
        """Return it as a message of the SDK, which its receiver may change."""
        return Response(self.status, self.headers.copy(), self.body.content() if self.body else b"")


@frozen(kw_only=True)
class Interaction:
    """One request and the response that it got."""

    request: RecordedRequest
    response: RecordedResponse
    recorded_at: datetime | None = None
    """When, if not when the file was begun."""

    def __str__(self) -> str:
        return f"{self.request.method} {without_secrets(self.request.url)} -> {self.response.status}"


@frozen(kw_only=True)
class Header:
    """What a file says of itself."""

    format_version: int
    sdk_version: str
    contract_version: str
    recorded_at: datetime
    """When the run began that wrote the file first."""


@frozen(kw_only=True)
class Recording:
    """All that a file holds, interactions in recorded order."""

    header: Header
    interactions: tuple[Interaction, ...] = ()
