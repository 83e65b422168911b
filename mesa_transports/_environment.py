"""The proxies that the environment names, for libraries that do not look there. Knows no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from mesa_core.urls import is_loopback
from mesa_transports._attempt import Unsendable
from mesa_transports._socks import Socks, why_unusable

__all__ = ["EnvironmentProxies", "place_of", "refuse_unusable", "refuse_unusable_of_all"]


def place_of(proxy: str) -> str:
    """Return host and port of a proxy's URL, which may hold a password."""
    return urlsplit(proxy if "://" in proxy else f"//{proxy}").netloc.rpartition("@")[2]


def refuse_unusable(proxy: str | None, socks: Socks | None) -> None:
    """Refuse a proxy that the environment names, if there is one and the library cannot use it.

    Raises:
        Unsendable: it says why.
    """
    problem = proxy and why_unusable(proxy, socks)
    if problem:
        raise Unsendable(f"the environment's proxy: {problem}")


def refuse_unusable_of_all(proxies: Mapping[str, str], socks: Socks) -> None:
    """Refuse what a library cannot use of an environment's proxies, as `getproxies` has them, if it is to use any.

    Raises:
        Unsendable: it says why.
    """
    if "*" not in map(str.strip, proxies.get("no", "").split(",")):
        for scheme in ("http", "https", "all"):
            refuse_unusable(proxies.get(scheme), socks)


class EnvironmentProxies:
    """Looks an origin's proxy up once, when it is first asked for: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY.

    Args:
        socks: By which package the library that is to use them speaks SOCKS.
    """

    def __init__(self, socks: Socks | None = None) -> None:
        self._socks = socks
        self._proxies = getproxies()
        self._known: dict[str, str | None] = {}

    def __bool__(self) -> bool:
        """Tell whether the environment names a proxy at all."""
        return bool(self._proxies)

    def proxy_of(self, origin: str) -> str | None:
        """Return the URL of the proxy through which an origin is reached; None for a direct connection.

        Raises:
            Unsendable: the library cannot use it.
        """
        if not self._proxies:
            return None
        if origin not in self._known:
            self._known[origin] = self._lookup(origin)
        return self._known[origin]

    def _lookup(self, origin: str) -> str | None:
        parts = urlsplit(origin)
        proxy = self._proxies.get(parts.scheme) or self._proxies.get("all")
        if not proxy or is_loopback(parts.hostname or "") or proxy_bypass(parts.netloc.rpartition("@")[2]):
            return None  # what is on this machine is never asked for elsewhere: plain http shows the key
        refuse_unusable(proxy, self._socks)
        return proxy if "://" in proxy else f"http://{proxy}"
