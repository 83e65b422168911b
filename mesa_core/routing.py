"""Which endpoint an HTTP request is for: the way back from a message to what it asks.

It serves those who see requests and no operations, such as a transport that records them.
Nothing here is needed to make a call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from attrs import frozen

from mesa_core.config import DEFAULT_SERVER_URL
from mesa_core.endpoints import Endpoint
from mesa_core.resources import ENDPOINTS

__all__ = ["find_endpoint"]

_WEIGHT: Final = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")


def _segments(path: str) -> list[str]:
    return [unquote(segment) for segment in path.removeprefix("/").split("/")]


_BASE: Final = _segments(urlsplit(DEFAULT_SERVER_URL).path)


@frozen
class _Route:
    """A method and a path template, with the endpoints that share them and differ in their media types."""

    method: str
    pattern: Sequence[str | None]
    """The template's segments; None stands for a parameter."""
    endpoints: Sequence[Endpoint[Any]]
    """In the order they are declared: the first is what the server answers when it may choose."""

    def rank(self) -> tuple[int, int]:
        """Return how much a match tells: its literal segments, then its segments."""
        return len(self.pattern) - self.pattern.count(None), len(self.pattern)

    def fits(self, segments: Sequence[str]) -> bool:
        """Tell whether a path has this template."""
        return len(segments) == len(self.pattern) and all(
            given if literal is None else given == literal
            for given, literal in zip(segments, self.pattern, strict=True)
        )


def _routes() -> list[_Route]:
    grouped: dict[tuple[str, str], list[Endpoint[Any]]] = {}
    for endpoint in ENDPOINTS:
        grouped.setdefault((endpoint.method, endpoint.template), []).append(endpoint)
    routes = [
        _Route(method, [None if "{" in each else each for each in _segments(template)], endpoints)
        for (method, template), endpoints in grouped.items()
    ]
    return sorted(routes, key=_Route.rank, reverse=True)


_ROUTES: Final = _routes()


def find_endpoint(method: str, path: str, accept: str) -> Endpoint[Any] | None:
    """Return the endpoint that a request is for; None when this release knows none.

    Where the path holds the base of the default server, `/api/v1`, what follows it counts. Elsewhere
    the base is unknown, so a template need only fit the path's end. Of those that fit, the one with
    the most literal segments wins, as at the server: `/{org}/repos` before `/{org}/{repo}`; and then
    the longest, so that an organization under an unknown base reads as a repository.

    Args:
        method: The HTTP method.
        path: The URL's path, percent-encoded, without the query.
        accept: The Accept header, empty where there is none; it tells the endpoints of one template apart.
    """
    segments = _segments(path)
    ends = [segments[at:] for at in range(len(segments) + 1)]
    after_base = [end for at, end in enumerate(ends) if segments[at - len(_BASE) : at] == _BASE]
    for route in _ROUTES:
        if route.method == method and any(map(route.fits, after_base or ends)):
            return max(route.endpoints, key=lambda each: _weight(accept, each.decode.accept))
    return None


def _weight(accept: str, media_type: str) -> float:
    """Return the weight, 0 to 1, that an Accept header gives a media type (RFC 9110, section 12.5.1)."""
    weights = dict(map(_range, accept.lower().split(",")))
    ranges = (media_type, media_type.partition("/")[0] + "/*", "*/*")
    return next((weights[each] for each in ranges if each in weights), 0.0)


def _range(item: str) -> tuple[str, float]:
    """Return a media range and its weight; one that is malformed weighs nothing."""
    media_range, *parameters = (part.strip() for part in item.split(";"))
    given = next((each.removeprefix("q=") for each in parameters if each.startswith("q=")), "1")
    return media_range, float(given) if _WEIGHT.fullmatch(given) else 0.0
