"""SOCKS proxies: which libraries can use them, and what they need for it. Knows no HTTP library."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from mesa_transports._attempt import Attempt

if TYPE_CHECKING:
    import socket

__all__ = ["PROXY_SCHEMES", "PYSOCKS", "SOCKSIO", "Socks", "dial_by_socks", "scheme_of", "why_unusable"]

_HTTP: Final = frozenset({"http", "https"})
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")
_PORT: Final = 1080  # where a URL names none (RFC 1928, section 3)


@frozen(eq=False, repr=False)
class Socks:
    """A package by which an HTTP library speaks SOCKS."""

    distribution: str
    module: str
    schemes: frozenset[str]


PYSOCKS: Final = Socks("PySocks", "socks", frozenset({"socks4", "socks4a", "socks5", "socks5h"}))
SOCKSIO: Final = Socks("socksio", "socksio", frozenset({"socks5", "socks5h"}))
PROXY_SCHEMES: Final = _HTTP | PYSOCKS.schemes


def why_unusable(proxy: str, socks: Socks | None) -> str | None:
    """Say why a proxy cannot be used by a library that speaks SOCKS by a package, or not at all; None: it can be."""
    scheme = scheme_of(proxy)
    known = _HTTP if socks is None else _HTTP | socks.schemes
    if scheme not in known:
        got = f"the scheme {scheme!r}" if _SCHEME.fullmatch(scheme) else "no scheme"  # it might be a password
        return f"expected a proxy of {', '.join(sorted(known))}, got one of {got}"
    if socks is not None and scheme in socks.schemes:
        try:
            import_module(socks.module)
        except ImportError:
            return f"a SOCKS proxy needs {socks.distribution}, which is not installed: pip install 'mesa-sdk[socks]'"
    return None


def scheme_of(proxy: str) -> str:
    """Return the scheme of a proxy's URL in lower case; the environment may name an HTTP proxy without one."""
    scheme, separator, _ = proxy.partition("://")
    return scheme.lower() if separator else "http"


def dial_by_socks(
    attempt: Attempt,
    proxy: Mapping[str, Any],
    target: tuple[str, int],
    *,
    source_address: tuple[str, int] | None,
    socket_options: Iterable[tuple[Any, ...]],
) -> socket.socket:
    """Connect to a host through a proxy with PySocks, each wait for the proxy's word within the attempt's time.

    Args:
        attempt: Whose time it is.
        proxy: `socks_version`, `proxy_host`, `proxy_port`, `rdns`, `username` and `password`, as urllib3 has them;
            `Any`: they are PySocks'.
        target: The host and its port.
        source_address: Where to connect from, if that is to be somewhere.
        socket_options: What to set on the socket.
    """
    import socket  # noqa: PLC0415 - only who connects needs it

    socks: Any = import_module(PYSOCKS.module)  # `Any`: it has no types
    port = int(proxy["proxy_port"] or _PORT)
    secrets = proxy["rdns"], proxy["username"], proxy["password"]

    def connect(address: str, seconds: float | None) -> socket.socket:
        sock = socks.socksocket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        receive = sock.recv_into

        def receive_in_time(*args: Any) -> int:
            socket.socket.settimeout(sock, attempt.remaining())
            count: int = receive(*args)
            return count

        try:
            for option in socket_options:
                sock.setsockopt(*option)
            if source_address is not None:
                sock.bind(source_address)
            sock.set_proxy(proxy["socks_version"], address, port, *secrets)
            sock.settimeout(seconds)
            sock.recv_into = receive_in_time
            sock.connect(target)
            del sock.recv_into
        except BaseException:
            sock.close()
            raise
        connected: socket.socket = sock
        return connected

    return attempt.dial(proxy["proxy_host"], port, connect)
