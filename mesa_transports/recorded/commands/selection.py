"""Which of what a browser or a test suite recorded is the API's: the rest is pages, images and other services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from mesa_core.config import DEFAULT_SERVER_URL
from mesa_core.converter import Json, Misshapen, structured
from mesa_core.endpoints import Endpoint
from mesa_core.models.lfs import LfsObjects
from mesa_core.urls import origin_of
from mesa_transports.recorded.bodies import JsonBody
from mesa_transports.recorded.commands.operations import endpoint_of, media_type
from mesa_transports.recorded.interactions import Interaction

__all__ = ["of_the_api"]

_BASE: Final = urlsplit(DEFAULT_SERVER_URL).path + "/"


def of_the_api(interactions: Sequence[Interaction]) -> list[Interaction]:
    """Return the interactions that an operation is known for, and the large files that answers of theirs gave URLs for.

    A path like `/{org}/{repo}` fits too much. So of the servers that were asked, those count that were asked something
    telling: below the API's usual base, or with a word of the API in the path. If there are none, all count.
    """
    asked = [(each, endpoint_of(each)) for each in interactions]
    fitting = [(each, endpoint) for each, endpoint in asked if endpoint and _fits(each, endpoint)]
    telling = {_server(each) for each, endpoint in fitting if _tells(each, endpoint)}
    servers = telling or {_server(each) for each, _ in fitting}
    signed = set(_signed(fitting))
    return [
        each
        for each, endpoint in asked
        if _place(each.request.url) in signed or (endpoint and _fits(each, endpoint) and _server(each) in servers)
    ]


def _fits(interaction: Interaction, endpoint: Endpoint[Any]) -> bool:
    answers = {"", "application/json", endpoint.decode.accept}
    return _BASE in _place(interaction.request.url) or media_type(interaction) in answers


def _tells(interaction: Interaction, endpoint: Endpoint[Any]) -> bool:
    segments = endpoint.template.strip("/").split("/")
    return _BASE in _place(interaction.request.url) or not all(each.startswith("{") for each in segments)


def _signed(fitting: Iterable[tuple[Interaction, Endpoint[Any]]]) -> Iterator[str]:
    """Yield where answers sent a client with its large files."""
    for interaction, endpoint in fitting:
        body = interaction.response.body
        if isinstance(endpoint.decode, Json) and endpoint.decode.kind is LfsObjects and isinstance(body, JsonBody):
            try:
                answer: LfsObjects = structured(body.json, LfsObjects)
            except Misshapen:
                continue
            for each in answer.objects:
                yield from (_place(url) for url in (each.upload_url, each.download_url) if url)


def _place(url: str) -> str:
    """Return a URL without its query, where libraries differ in their spelling of a signature."""
    return url.partition("?")[0]


def _server(interaction: Interaction) -> str:
    """Return where a server's API is, as far as a URL tells: below the usual base, or anywhere at an origin."""
    before, base, _ = _place(interaction.request.url).partition(_BASE)
    return before + base if base else origin_of(interaction.request.url)
