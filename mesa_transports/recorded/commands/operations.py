"""Which operation an interaction is of, as far as its messages tell."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mesa_core.endpoints import Endpoint
from mesa_core.routing import find_endpoint
from mesa_core.secrets import is_open_parameter
from mesa_transports.recorded.interactions import Interaction, RecordedRequest
from mesa_transports.recorded.redaction import PLACEHOLDER

__all__ = ["accepts_several", "endpoint_of", "is_signed", "media_type"]


def endpoint_of(interaction: Interaction) -> Endpoint[Any] | None:
    """Return the endpoint that was asked; None where it was none that this release knows. `Any`: of any answer."""
    request = interaction.request
    if is_signed(request):
        return None
    path, accept = urlsplit(request.url).path, request.headers.get("Accept", "")
    if accepts_several(accept):
        accept = media_type(interaction)  # which tells what the server took it for
    return find_endpoint(request.method, path, accept) or _of_a_branch(request.method, path, accept)


def _of_a_branch(method: str, path: str, accept: str) -> Endpoint[Any] | None:
    """Find an endpoint whose path ends in a branch with bare slashes, as the vendor's Python client sends it."""
    parts = path.split("/")
    for at in range(len(parts) - 2, 0, -1):
        found = find_endpoint(method, "/".join([*parts[:at], "%2F".join(parts[at:])]), accept)
        if found is not None and found.template.endswith(("/{branch}", "/{base}")):
            return found
    return None


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
