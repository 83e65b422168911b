"""URLs of the API: path parameters as one segment each, queries, origins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import cast
from urllib.parse import quote, urlsplit

from mesa_core.errors import InvalidRequest
from mesa_core.secrets import without_secrets

__all__ = ["expand", "is_loopback", "origin_of"]

_DEFAULT_PORTS = {"http": 80, "https": 443}
QueryValue = str | int | None
_PARAMETER = re.compile(r"{(\w*)}")
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]+")
"""What stands for itself (RFC 3986, section 2.3)."""
_USUAL_SEGMENT = re.compile(rf"(?!\.{{1,2}}\Z){_UNRESERVED.pattern}")
"""A segment of such characters, other than the two that mean a step."""
_USUAL_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/")
"""The beginning of a URL that everybody reads in the same way, with all that its origin depends on."""


def expand(template: str, path: Mapping[str, str], query: Mapping[str, QueryValue]) -> str:
    """Fill a path template and append the query; a value of None is left out.

    Raises:
        InvalidRequest: a value is not of its type, or cannot be a path segment.
    """
    first, following, names = _parts(template)
    if path.keys() != names:  # pyright: ignore[reportUnnecessaryComparison]  # both are sets, and compare as such
        raise _misfit(template, path, names)
    target = first
    for name, text in following:
        value = path[name]
        usual = value.__class__ is str and _USUAL_SEGMENT.fullmatch(value)
        target += (value if usual else _segment(name, value)) + text
    if not query:
        return target
    pairs = [f"{_quoted(name)}={_query_value(name, value)}" for name, value in query.items() if value is not None]
    return f"{target}?{'&'.join(pairs)}" if pairs else target


@lru_cache(maxsize=256)
def _parts(template: str) -> tuple[str, tuple[tuple[str, str], ...], frozenset[str]]:
    """Return a template's first text; each parameter with the text that follows it; and the parameters' names."""
    if not template.startswith("/"):
        raise InvalidRequest(
            f"template: expected a path that begins with a slash, got {without_secrets(template)!r}", field="template"
        )
    first, *rest = _PARAMETER.split(template)
    return first, tuple(zip(rest[::2], rest[1::2], strict=True)), frozenset(rest[::2])


def _misfit(template: str, path: Mapping[str, str], names: frozenset[str]) -> InvalidRequest:
    shown = repr(without_secrets(template))
    for name in path:
        if name not in names:
            return InvalidRequest(f"{name}: the template {shown} has no such parameter", field=name)
    name = next(each for each in _PARAMETER.findall(template) if each not in path)
    return InvalidRequest(f"{name}: the template {shown} needs a value for it", field=name)


def _segment(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"{name}: expected str, got {type(value).__name__}", field=name)
    if value in {"", ".", ".."}:
        raise InvalidRequest(
            f"{name}: expected a non-empty path segment other than '.' and '..', got {value!r}", field=name
        )
    return quote(_text(name, value), safe="")


def _query_value(name: str, value: object) -> str:
    if isinstance(value, str):
        return _quoted(_text(name, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise InvalidRequest(f"{name}: expected str or int, got {type(value).__name__}", field=name)


def _quoted(text: str) -> str:
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="")


def _text(name: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(f"{name}: the text holds a lone surrogate, which is no character", field=name) from None
    return value


def origin_of(url: str) -> str:
    """Return scheme, host and port of an http or https URL, lower-case, the scheme's default port left out.

    A URL that is not one, or that libraries read differently, has the empty origin, which is nobody's.
    """
    usual = _USUAL_ORIGIN.match(url) if isinstance(cast("object", url), str) else None
    return _origin_of(url) if usual is None else _usual_origin(usual[0])


@lru_cache(maxsize=256)
def _usual_origin(beginning: str) -> str:
    return _origin_of(beginning)


def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
        scheme, host, number = parts.scheme, parts.hostname, parts.port
    except (ValueError, TypeError, AttributeError):
        return ""
    # Some libraries end the host at a backslash, others do not.
    if scheme not in _DEFAULT_PORTS or not host or "\\" in parts.netloc:
        return ""
    port = "" if number in (None, _DEFAULT_PORTS[scheme]) else f":{number}"
    return f"{scheme}://[{host}]{port}" if ":" in host else f"{scheme}://{host}{port}"


def is_loopback(host: str) -> bool:
    """Tell whether a host name can only mean this machine (RFC 6761, RFC 5735)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    import ipaddress  # noqa: PLC0415 - few clients have an address for a server

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
