"""URLs in request bodies."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from mesa_transports.local.refusals import BadRequest

__all__ = ["checked_url"]


def checked_url(url: str, path: str) -> SplitResult:
    """Return the parts of a URL; BadRequest, which names the field by its path, when it is none."""
    if any(ord(character) <= ord(" ") for character in url):
        raise BadRequest(f"{path}: expected a URL without spaces and control characters, got another string")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is none
    except ValueError:
        raise BadRequest(f"{path}: expected a URL, got another string") from None
    return parts
