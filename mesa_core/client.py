"""Mesa: puts configuration, plugins, transport and resources together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from mesa_core.assembly import load_plugins, make_transport
from mesa_core.call import Clock
from mesa_core.config import ApiKey, resolve
from mesa_core.drivers import SystemClock
from mesa_core.errors import ConfigurationError
from mesa_core.options import RetryConfig, RetryConfigDict
from mesa_core.plugins import Plugins
from mesa_core.resources import Resources
from mesa_core.transport import AsyncTransport, Transport
from mesa_core.worlds import Blocking, Parts, RawBlocking

__all__ = ["Mesa"]


class Mesa(Resources[Blocking]):
    """A blocking client of the Depot API. Safe to share among threads; close it, or use it in a `with` block.

    Example:
        >>> client = Mesa(api_key="…")
        >>> client.repos.get(org="my-org", repo="my-repo").default_branch
        'main'
    """

    raw: Resources[RawBlocking]
    """The same methods, each returning a `RawResponse`: status, headers, attempts and the result."""
    plugins: Plugins
    """The plugins of this client, in the order in which they run; `print` shows a table."""
    transport: Transport

    def __init__(
        self,
        *,
        api_key: ApiKey | None = None,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        retry_config: RetryConfig | RetryConfigDict | None = None,
        headers: Mapping[str, str] | None = None,
        transport: str | Transport | None = None,
        transport_options: Mapping[str, Any] | None = None,
        plugins: Sequence[object] | None = None,
        disable_plugins: Sequence[str] = (),
        allow_http: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """Build a client.

        Args:
            api_key: The key, or a callable that returns one and is asked before each attempt; MESA_API_KEY.
            server_url: The API's base URL; MESA_SERVER_URL, or the service's own.
            timeout_ms: Milliseconds that an attempt may take, from connecting to the last byte; 30 000.
            retry_config: Whether and how failed attempts are repeated; a `RetryConfig` or a dict like it.
            headers: Headers for every request.
            transport: The name of an installed transport, or a transport object; MESA_TRANSPORT, or "httpx".
            transport_options: Options for a transport given by name, such as `proxy` or `verify`.
            plugins: Installed plugins by name ("*": all of them), or plugin objects, in the order in which they
                run after the built-in ones; MESA_PLUGINS, names with commas between.
            disable_plugins: Names of plugins to leave out, built-in ones too.
            allow_http: Allow plain http to a host that is not this machine; the key then travels unencrypted.
            clock: Where time comes from; tests give one of their own.

        Raises:
            ConfigurationError: an option is missing or is not what it may be; the message names it.
        """
        config = resolve(
            api_key=api_key,
            server_url=server_url,
            timeout_ms=timeout_ms,
            retry_config=retry_config,
            headers=headers,
            transport=transport,
            transport_options=transport_options,
            plugins=plugins,
            disable_plugins=disable_plugins,
            allow_http=allow_http,
        )
        self.plugins = load_plugins(config)
        self._owned = isinstance(config.transport, str)
        self.transport = _blocking(make_transport(config, self.plugins))
        self._server_url = config.server_url
        world = Blocking(Parts(config, self.plugins, clock or SystemClock()), self.transport)
        super().__init__(world)
        self.raw = Resources(RawBlocking(world))

    def close(self) -> None:
        """Release the transport; one that was given as an object stays its owner's. A second call does nothing."""
        if self._owned:
            self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Mesa {self._server_url} via {type(self.transport).__name__}>"


def _blocking(transport: Transport | AsyncTransport) -> Transport:
    if isinstance(transport, Transport):
        return transport
    raise ConfigurationError(f"transport: {type(transport).__name__} has no send and close, so Mesa cannot use it")
