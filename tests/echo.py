"""What recordings are made of, and what they hold: for tests, and for the programs that they start."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from mesa_core import Request, Response, Transport
from mesa_transports.recorded.format import load

__all__ = ["Echo", "names", "recorded", "repo", "send", "url"]


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


def repo(name: str) -> Response:
    """Return an answer that is a repository."""
    data = {
        "id": "repo_1",
        "org": "o",
        "name": name,
        "default_branch": "main",
        "head_sha": None,
        "size_bytes": 0,
        "created_at": "2026-01-02T03:04:05Z",
        "upstream": None,
    }
    return Response(200, {"Content-Type": "application/json"}, json.dumps(data).encode())


def recorded(path: Path) -> Counter[str]:
    """Return how often each name is in a recording."""
    return Counter(each.request.url.rpartition("/")[2] for each in load(path).interactions)


def names(path: Path) -> list[str]:
    """Return the names of the repositories that a recording has for answers, in its order."""
    return [each["response"]["body"]["json"]["name"] for each in json.loads(path.read_text())["interactions"]]
