"""Which operation an interaction is of, as far as its messages tell."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mesa_core.endpoints import Endpoint
from mesa_core.routing import find_endpoint
from mesa_core.secrets import is_open_parameter
from mesa_transports.recorded.interactions import Interaction, RecordedRequest
from mesa_transports.recorded.redaction import PLACEHOLDER

__all__ = ["accepts_several", "endpoint_of", "is_signed", "media_type", "path_of"]


def endpoint_of(interaction: Interaction) -> Endpoint[Any] | None:
    """Return the endpoint that was asked; None where it was none that this release knows. `Any`: of any answer."""
    request = interaction.request
    if is_signed(request):
        return None
    accept = request.headers.get("Accept", "")
    if accepts_several(accept):
        accept = media_type(interaction)  # which tells what the server took it for
    return find_endpoint(request.method, path_of(request), accept)


def path_of(request: RecordedRequest) -> str:
    """Return the path as the SDK spells it: the slashes of a branch are bare in what the vendor's Python client sends.

    They separate nothing there, and the server knows that from the rest of the path.
    """
    path = urlsplit(request.url).path
    parts = path.split("/")
    if find_endpoint(request.method, path, "") is None:
        for at in range(len(parts) - 2, 0, -1):
            spelt = "/".join([*parts[:at], "%2F".join(parts[at:])])
            found = find_endpoint(request.method, spelt, "")
            if found is not None and found.template.endswith(("/{branch}", "/{base}")):
                return spelt
    return path


def accepts_several(accept: str) -> bool:
    """Tell whether an Accept header leaves the media type to the server."""
    return not accept or "," in accept or "*" in accept


def media_type(interaction: Interaction) -> str:
    """Return the media type of an answer, without parameters; empty where there is none."""
    return interaction.response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def is_signed(request: RecordedRequest) -> bool:
    """Tell whether a request is for a signed URL, as large files are sent to and fetched from: no operation's."""
    pairs = parse_qsl(urlsplit(request.url).query)
    return any(PLACEHOLDER.search(value) and not is_open_parameter(name) for name, value in pairs)
