"""What is a secret, said once: model fields, headers and URL parts that must never be shown."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote_plus, unquote_plus, urlsplit, urlunsplit

__all__ = ["HIDDEN", "SECRET", "hidden", "is_open_parameter", "is_secret_header", "without_secrets"]

HIDDEN: Final = "***"


class _SecretMark:
    """The type of `SECRET`."""

    def __repr__(self) -> str:
        return "SECRET"


SECRET: Final = _SecretMark()
"""Marks a field of a model or a body as secret: `key: Annotated[str, SECRET]`."""

_OPEN_HEADERS: Final = frozenset(
    [
        "accept",
        "accept-encoding",
        "accept-ranges",
        "age",
        "allow",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "date",
        "etag",
        "expires",
        "host",
        "keep-alive",
        "last-modified",
        "range",
        "retry-after",
        "server",
        "traceparent",
        "transfer-encoding",
        "user-agent",
        "vary",
        "x-request-id",
    ]
)
_OPEN_PARAMETERS: Final = frozenset({"base", "cursor", "depth", "head", "limit", "path", "period", "ref"})
_PATH_PARAMETERS: Final = re.compile(";[^/]*")
_PAIRS: Final = re.compile("[^&;]+")  # servers differ about the semicolon, so it separates


def hidden(value: object) -> str:
    """Stand in for a secret in a repr; None stays visible, since it tells nothing."""
    return "None" if value is None else repr(HIDDEN)


def is_secret_header(name: str) -> bool:
    """Tell whether a header's value must be hidden: all but those known to carry no secret."""
    return name.lower() not in _OPEN_HEADERS


def is_open_parameter(name: str) -> bool:
    """Tell whether the value of a query parameter may be shown: those of the contract, and no others."""
    return name in _OPEN_PARAMETERS


def without_secrets(url: str, *, foreign: bool = False) -> str:
    """Return a URL fit to be shown: no user information, no fragment, and query values by allow-list.

    Args:
        url: The URL, or the path and query of one.
        foreign: It does not lead to the API, where alone the names on the list mean what they do: no value is shown.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    host = parts.netloc.rpartition("@")[2]
    path = _PATH_PARAMETERS.sub(f";{HIDDEN}", parts.path) if ";" in parts.path else parts.path
    query = "&".join(_shown_pair(pair, foreign=foreign) for pair in _PAIRS.findall(parts.query)) if parts.query else ""
    return urlunsplit((parts.scheme, host, path, query, ""))


def _shown_pair(pair: str, *, foreign: bool) -> str:
    name, _, value = pair.partition("=")
    if is_open_parameter(name) and not foreign:
        return f"{name}={quote_plus(unquote_plus(value), safe='*/')}"
    # Without a value, even if with the padding of base64, what looks like a name may be all of the secret.
    return f"{quote_plus(unquote_plus(name))}={HIDDEN}" if value.strip("=") else HIDDEN
