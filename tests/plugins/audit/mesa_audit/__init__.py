"""Notes every attempt, as a third party's plugin would: it imports the SDK's public names alone."""

from __future__ import annotations

from typing import ClassVar

from mesa_core import Call, MesaError, Plugin, Request, Response

__all__ = ["Audit"]


class Audit(Plugin):
    """Keeps one line for each hook that is called."""

    lines: ClassVar[list[str]] = []

    def before_request(self, request: Request, call: Call) -> None:
        """Note the request."""
        self.lines.append(f"before_request {call.operation.name} {call.attempt}")

    def after_response(self, response: Response, call: Call) -> None:
        """Note the response."""
        self.lines.append(f"after_response {call.operation.name} {response.status_code}")

    def on_error(self, error: MesaError, call: Call) -> None:
        """Note the failure."""
        self.lines.append(f"on_error {call.operation.name} {type(error).__name__}")
