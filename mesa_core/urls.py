"""URLs of the API: path parameters as one segment each, queries, origins."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
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
_USUAL_SEGMENT = re.compile(r"(?!\.\.?\Z)[A-Za-z0-9_.~-]+")
"""A segment that stands for itself, and does not move about in the path as two of them do."""
_USUAL_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/")
"""The beginning of a URL that everybody reads in the same way, with all that its origin depends on."""


def expand(template: str, path: Mapping[str, str], query: Mapping[str, QueryValue]) -> str:
    """Fill a path template and append the query; a value of None is left out.

    Raises:
        InvalidRequest: a value is not of its type, or cannot be a path segment.
    """
    form, names, known = _form(template)
    if path.keys() != known or not form.startswith("/"):
        raise _misfit(template, names, path)
    segments: list[str] = []
    for name in names:
        value = path[name]
        is_usual = value.__class__ is str and _USUAL_SEGMENT.fullmatch(value)
        segments.append(value if is_usual else _segment(name, value))
    target = form % tuple(segments)
    if not query:
        return target
    pairs = [
        f"{_quoted('query', name)}={_query_value(name, value)}" for name, value in query.items() if value is not None
    ]
    return f"{target}{'&' if '?' in target else '?'}{'&'.join(pairs)}" if pairs else target


@lru_cache(maxsize=256)  # there are as many as operations
def _form(template: str) -> tuple[str, list[str], AbstractSet[str]]:
    """Return a template as a format string, and the names of its parameters, in order and as a set."""
    names = _PARAMETER.findall(template)
    return _PARAMETER.sub("%s", template.replace("%", "%%")), names, frozenset(names)


def _misfit(template: str, names: Collection[str], values: Collection[str]) -> InvalidRequest:
    shown = repr(without_secrets(template))
    for name in values:
        if name not in names:
            return InvalidRequest(f"{name}: the template {shown} has no such parameter", field=name)
    for name in names:
        if name not in values:
            return InvalidRequest(f"{name}: the template {shown} needs a value for it", field=name)
    return InvalidRequest(f"template: expected a path that begins with a slash, got {shown}", field="template")


def _segment(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"{name}: expected str, got {type(value).__name__}", field=name)
    if value in {"", ".", ".."}:
        raise InvalidRequest(
            f"{name}: expected a non-empty path segment other than '.' and '..', got {value!r}", field=name
        )
    return _quoted(name, value)


def _query_value(name: str, value: object) -> str:
    if isinstance(value, str):
        return _quoted(name, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__repr__(value)
    raise InvalidRequest(f"{name}: expected str or int, got {type(value).__name__}", field=name)


def _quoted(name: str, text: str) -> str:
    if text.__class__ is str and _UNRESERVED.fullmatch(text):  # a member of an enumeration would not be formatted so
        return text
    try:
        return quote(str.__str__(text), safe="")
    except UnicodeEncodeError:
        raise InvalidRequest(f"{name}: the text holds a lone surrogate, which is no character", field=name) from None


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
