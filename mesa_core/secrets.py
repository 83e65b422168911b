"""What is a secret, said once: model fields, headers and URL parts that must never be shown."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

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


def hidden(value: object) -> str:
    """Stand in for a secret in a repr; None stays visible, since it tells nothing."""
    return "None" if value is None else repr(HIDDEN)


def is_secret_header(name: str) -> bool:
    """Tell whether a header's value must be hidden: all but those known to carry no secret."""
    return name.lower() not in _OPEN_HEADERS


def is_open_parameter(name: str) -> bool:
    """Tell whether the value of a query parameter may be shown: those of the contract, and no others."""
    return name in _OPEN_PARAMETERS


def without_secrets(url: str) -> str:
    """Return a URL fit to be shown: no user information, no fragment, and query values by allow-list."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    host = parts.netloc.rpartition("@")[2]
    if not parts.query:
        return urlunsplit((parts.scheme, host, parts.path, "", ""))
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    shown = [(name, value if is_open_parameter(name) else HIDDEN) for name, value in pairs]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(shown, safe="*/"), ""))
