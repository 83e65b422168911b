"""The proxies that the environment names, for libraries that do not look there. Knows no HTTP library."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

__all__ = ["EnvironmentProxies"]


class EnvironmentProxies:
    """Looks an origin's proxy up once, when it is first asked for: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY."""

    def __init__(self) -> None:
        self._known: dict[str, str | None] = {}

    def proxy_of(self, origin: str) -> str | None:
        """Return the URL of the proxy through which an origin is reached; None for a direct connection."""
        try:
            return self._known[origin]
        except KeyError:
            return self._known.setdefault(origin, _lookup(origin))


def _lookup(origin: str) -> str | None:
    parts = urlsplit(origin)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
