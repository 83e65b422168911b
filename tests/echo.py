"""An inner transport for recordings, and requests that it answers: for tests, and for the programs that they start."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from mesa_core import Request, Response, Transport
from mesa_transports.recorded.format import load

__all__ = ["Echo", "recorded", "send", "url"]


class Echo:
    """Answers with what it was asked for, and large bytes where "large" is."""

    def send(self, request: Request, /) -> Response:
        name = request.url.rpartition("/")[2]
        if "large" in name:
            return Response(200, {"Content-Type": "application/octet-stream"}, b"\xff" + name.encode() * 10_000)
        return Response(200, {"Content-Type": "application/json"}, json.dumps({"name": name}).encode())

    def close(self) -> None:
        """Nothing is held."""


def url(name: object) -> str:
    return f"https://depot.mesa.dev/api/v1/o/{name}"


def send(transport: Transport, *names: object) -> None:
    for name in names:
        transport.send(Request("GET", url(name)))


def recorded(path: Path) -> Counter[str]:
    """Return how often each name is in a recording."""
    return Counter(each.request.url.rpartition("/")[2] for each in load(path).interactions)
