"""A third party's plugin, as small as one that does something is: it counts attempts, answers and calls."""

from __future__ import annotations

from collections import Counter

from mesa_core import Call, Plugin, Request, Response


class Counting(Plugin):
    """Counts attempts and calls."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._attempts = Counter[str]()
        self._statuses = Counter[int]()
        self._calls = Counter[str]()

    def before_request(self, request: Request, call: Call) -> None:
        """Count the attempt."""
        self._attempts[request.method] += 1

    def after_response(self, response: Response, call: Call) -> None:
        """Count the answer."""
        self._statuses[response.status_code] += 1

    def after_call(self, error: BaseException | None, call: Call) -> None:
        """Count the call."""
        self._calls[call.operation.name] += 1
