"""What a client is built from: its arguments, then the environment, then the defaults."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast
from urllib.parse import SplitResult, urlsplit

from attrs import field, frozen

from mesa_core.errors import ConfigurationError
from mesa_core.options import (
    DEFAULT_RETRIES,
    CallOptions,
    RetryConfig,
    RetryConfigDict,
    checked_headers,
    milliseconds,
)
from mesa_core.secrets import hidden
from mesa_core.transport import AsyncTransport, Transport
from mesa_core.urls import is_loopback, origin_of

__all__ = ["DEFAULT_SERVER_URL", "ApiKey", "ClientConfig", "resolve"]

DEFAULT_SERVER_URL: Final = "https://depot.mesa.dev/api/v1"
DEFAULT_TIMEOUT_MS: Final = 30_000
_VISIBLE: Final = re.compile(r"[^\s\x00-\x1f\x7f\\]+")

_NOT_AWAITED: Final = "the callable must be a plain function, since nothing awaits it; fetch the key elsewhere"

ApiKey: TypeAlias = str | Callable[[], str]
"""A key, or a callable that is asked for one before each attempt, and once more after a 401."""


@frozen(kw_only=True)
class ClientConfig:
    """A client's configuration, complete and checked. Its `repr` shows no secret."""

    api_key: ApiKey | None = field(repr=hidden)
    """The key, or the callable that is asked for one; None where no key is needed and none was given."""
    server_url: str
    """The API's base URL, without a trailing slash: the URL of a request is this and its path."""
    origin: str
    """The server's scheme, host and port: nothing else is ever sent the key."""
    options: CallOptions
    """What holds for each call that has no options of its own: timeout, headers, retries."""
    transport: str | Transport | AsyncTransport
    """The transport's name, or the object that was given."""
    transport_options: Mapping[str, Any] = field(repr=False)
    """Handed to the transport's factory. `Any`: each transport names and checks its own."""
    plugins: Sequence[object]
    """Names and objects as they were given, the built-in plugins not among them."""
    disable_plugins: frozenset[str]
    """Names of plugins that were left out."""

    def is_own(self, url: str) -> bool:
        """Tell whether a URL is of the server's origin, so that the key may go there."""
        if url.__class__ is str and url.startswith(f"{self.server_url}/"):
            return True  # as nearly all are, and it takes no parsing to see it
        return origin_of(url) == self.origin


def resolve(
    *,
    api_key: ApiKey | None,
    server_url: str | None,
    timeout_ms: float | None,
    retry_config: RetryConfig | RetryConfigDict | None,
    headers: Mapping[str, str] | None,
    transport: str | Transport | AsyncTransport | None,
    transport_options: Mapping[str, Any] | None,
    plugins: Sequence[object] | None,
    disable_plugins: Sequence[str],
    allow_http: bool,
) -> ClientConfig:
    """Return a complete configuration from what the user gave and the environment.

    Raises:
        ConfigurationError: something needed is missing or is not what it may be; it is named.
    """
    url = _server_url(server_url, allow_http=allow_http)
    disabled = frozenset(_names("disable_plugins", disable_plugins))
    return ClientConfig(
        api_key=_api_key(api_key, needed="auth" not in disabled),
        server_url=url,
        origin=origin_of(url),
        options=CallOptions(
            milliseconds("timeout_ms", DEFAULT_TIMEOUT_MS if timeout_ms is None else timeout_ms),
            checked_headers("headers", {} if headers is None else headers),
            DEFAULT_RETRIES if retry_config is None else RetryConfig.of(retry_config),
            retries_given=retry_config is not None,
        ),
        transport=os.environ.get("MESA_TRANSPORT") or "httpx" if transport is None else transport,
        transport_options=_transport_options(transport_options),
        plugins=_plugins(plugins),
        disable_plugins=disabled,
    )


def _api_key(given: object, *, needed: bool) -> ApiKey | None:
    if callable(given):
        if inspect.iscoroutinefunction(given) or inspect.iscoroutinefunction(getattr(given, "__call__", None)):  # noqa: B004 - an object whose own __call__ is `async`
            raise ConfigurationError(f"api_key: {_NOT_AWAITED}")
        return cast("Callable[[], str]", given)
    key = os.environ.get("MESA_API_KEY") if given is None else given
    if key is None or key == "":
        if needed:
            raise ConfigurationError("no API key: pass api_key=… to the client, or set MESA_API_KEY")
        return None
    if not isinstance(key, str):
        raise ConfigurationError(f"api_key: expected a str or a callable that returns one, got {type(key).__name__}")
    return check_key(key)


def check_key(key: object) -> str:
    """Return a key that can travel in a header.

    Raises:
        ConfigurationError: it is no str, is blank, or holds white space or a control character.
    """
    if inspect.iscoroutine(key):
        key.close()  # nobody else could, and Python would warn of it
        raise ConfigurationError(f"api_key: {_NOT_AWAITED}")
    if not isinstance(key, str):
        raise ConfigurationError(f"api_key: the callable must return a str, got {type(key).__name__}")
    if not key.strip():
        raise ConfigurationError("api_key: the key is empty or blank")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigurationError("api_key: the key holds white space, a line break or a character outside ASCII")
    return key


def _server_url(given: object, *, allow_http: bool) -> str:
    source, url = "server_url", given
    if given is None:
        source, url = "server_url (MESA_SERVER_URL)", os.environ.get("MESA_SERVER_URL") or DEFAULT_SERVER_URL
    if not isinstance(url, str):
        raise ConfigurationError(f"{source}: expected a str, got {type(url).__name__}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # its message shows what may be a password
        raise ConfigurationError(f"{source}: the host or the port is malformed") from None
    if parts.scheme not in {"http", "https"} or not host or port == 0 or not _VISIBLE.fullmatch(url):
        got = _fault_of(url, parts)
        raise ConfigurationError(f"{source}: expected an http or https URL such as {DEFAULT_SERVER_URL}, got {got}")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise ConfigurationError(f"{source}: expected no user information, query or fragment")
    if parts.scheme == "http" and not (allow_http or is_loopback(host)):
        raise ConfigurationError(
            f"{source}: plain http to {host} would show the key to the network; use https, or pass allow_http=True"
        )
    return url.rstrip("/")


def _fault_of(url: str, parts: SplitResult) -> str:
    """Say what is wrong with a URL without showing it: it may be a key that was put in the wrong place."""
    if "://" not in url:
        return "one without a scheme"
    if parts.scheme not in {"http", "https"}:
        return "one of another scheme"
    return (
        "one with white space or a character that no URL has"
        if parts.hostname and parts.port != 0
        else "one without a host, or with port 0"
    )


def _transport_options(given: object) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"transport_options: expected a mapping, got {type(given).__name__}")
    return dict(cast("Mapping[str, Any]", given))


def _plugins(given: object) -> tuple[object, ...]:
    if given is None:
        return tuple(filter(None, map(str.strip, os.environ.get("MESA_PLUGINS", "").split(","))))
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ConfigurationError(f"plugins: expected a list of names and objects, got {type(given).__name__}")
    return tuple(cast("Sequence[object]", given))


def _names(option: str, given: object) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence | frozenset | set):
        raise ConfigurationError(f"{option}: expected a list of names, got {type(given).__name__}")
    names = tuple(cast("Iterable[object]", given))
    for name in names:
        if not isinstance(name, str):
            raise ConfigurationError(f"{option}: expected names, got {type(name).__name__}")
    return cast("tuple[str, ...]", names)
