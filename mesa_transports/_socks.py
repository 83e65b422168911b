"""SOCKS proxies: which libraries can use them, and what they need for it. Knows no HTTP library."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from attrs import frozen

__all__ = ["PROXY_SCHEMES", "PYSOCKS", "SOCKSIO", "Socks", "scheme_of", "why_unusable"]

_HTTP: Final = frozenset({"http", "https"})


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
        return f"expected a proxy of {', '.join(sorted(known))}, got one of the scheme {scheme!r}"
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
