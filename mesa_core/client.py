"""Mesa and AsyncMesa: a configuration, and the resources of the world that it asks for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, Unpack, cast

import attrs

from mesa_core.assembly import open_blocking, open_nonblocking
from mesa_core.call import Clock
from mesa_core.config import ApiKey, ClientConfig, resolve
from mesa_core.options import RequestOptions, RetryConfig, RetryConfigDict, merge_options
from mesa_core.plugins import Plugins
from mesa_core.resources import Resources
from mesa_core.transport import AsyncTransport, Transport
from mesa_core.worlds import Blocking, NonBlocking, RawBlocking, RawNonBlocking

__all__ = ["AsyncMesa", "Mesa"]

W = TypeVar("W", bound=Blocking | NonBlocking)
X = TypeVar("X", bound=Transport | AsyncTransport)


class Client(Resources[W], Generic[W, X]):
    """What clients of both worlds have in common, which is all but how a call is waited for."""

    def __init__(
        self,
        *,
        api_key: ApiKey | None = None,
        server_url: str | None = None,
        timeout_ms: float | None = None,
        retry_config: RetryConfig | RetryConfigDict | None = None,
        headers: Mapping[str, str] | None = None,
        transport: str | X | None = None,
        transport_options: Mapping[str, Any] | None = None,
        plugins: Sequence[object] | None = None,
        disable_plugins: Sequence[str] = (),
        allow_http: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """Build a client.

        Args:
            api_key: The key, or a callable that returns one and is asked before each attempt, and once more after a
                401; MESA_API_KEY.
            server_url: The API's base URL; MESA_SERVER_URL, or the service's own.
            timeout_ms: Milliseconds that an attempt may take, from connecting to the last byte; 30 000.
            retry_config: Whether and how failed attempts are repeated; a `RetryConfig` or a dict like it.
            headers: Headers for every request.
            transport: The name of an installed transport, or a transport object; MESA_TRANSPORT, or "httpx".
            transport_options: Options for a transport given by name, such as `proxy` or `verify`. `Any`: each
                transport names and checks its own.
            plugins: Installed plugins by name ("*": all of them), or plugin objects, in the order in which they
                run after the built-in ones; MESA_PLUGINS, names with commas between.
            disable_plugins: Names of plugins to leave out, built-in ones too.
            allow_http: Allow plain http to a host that is not this machine; the key then travels unencrypted.
            clock: Where time comes from, if not from the transport or the system; tests give one of their own.

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
        super().__init__(self._open(config, clock))

    @staticmethod
    @abstractmethod
    def _open(config: ClientConfig, clock: Clock | None) -> W:
        """Return the world that a configuration asks for."""

    @property
    def plugins(self) -> Plugins:
        """The plugins of this client, in the order in which they run; `print` shows a table."""
        return self.world.parts.plugins

    def with_options(self, **options: Unpack[RequestOptions]) -> Self:
        """Return a client with `timeout_ms`, `headers` or `retry_config` changed, sharing connections and plugins.

        Headers are added to those that this client sends. Closing the new client leaves this one open; closing this
        one ends both.

        Raises:
            ConfigurationError: an option is unknown or is not what it may be; the message names it.
        """
        config = self.world.parts.config
        merged = merge_options(config.options, options, "with_options")
        return self._of(cast("W", self.world.derived(attrs.evolve(config, options=merged))))

    @classmethod
    def _of(cls, world: W) -> Self:
        client = cls.__new__(cls)
        super().__init__(client, world)
        return client

    def __reduce__(self) -> tuple[Any, ...]:
        # A client travels as its configuration; it opens connections of its own where it arrives.
        return self._of, (self.world,)

    def __repr__(self) -> str:
        if not hasattr(self, "world"):  # whoever shows the variables of a traceback shows one that was refused
            return f"<{type(self).__name__}, not built>"
        return f"<{type(self).__name__} {self.world.parts.config.server_url} via {self.world.lifetime!r}>"


class Mesa(Client[Blocking, Transport]):
    """A blocking client of the Depot API. Safe to share among threads; close it, or use it in a `with` block.

    Its methods are in eleven areas, of which each has help of its own, such as `help(client.repos)`:

        repos, branches, commits, content, diffs, merge    repositories, and what they hold
        admin, org                                         API keys, the organization
        lfs, webhooks, agent_blame                         large files, deliveries, AI attribution

    `client.raw` has the same methods, returning status, headers and attempts besides the result.
    `client.with_options(…)` is a client with other options on the same connections, and
    `client.request(…)` calls what no area has. All that they raise is a `MesaError`.

    Example:
        >>> client = Mesa(api_key="…")
        >>> client.repos.get(org="my-org", repo="my-repo").default_branch
        'main'
    """

    _open = staticmethod(open_blocking)

    @property
    def raw(self) -> Resources[RawBlocking]:
        """The same methods, each returning a `RawResponse`: status, headers, attempts and the result."""
        return Resources(RawBlocking(self.world))

    @property
    def transport(self) -> Transport:
        """The transport that this client sends with."""
        return self.world.lifetime.transport

    def close(self) -> None:
        """Release the transport; one that was given as an object stays its owner's. A second call does nothing."""
        transport = self.world.lifetime.end()
        if transport is not None:
            transport.close()

    def __enter__(self) -> Self:
        self.world.lifetime.check()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncMesa(Client[NonBlocking, AsyncTransport]):
    """A client of the Depot API for `async` code, on asyncio or trio; close it, or use it in an `async with` block.

    It has the areas and methods of `Mesa`; each method returns a coroutine of its result, and a list is awaited for a
    page or iterated with `async for`. It may be used in several event loops, one after the other or at once; each has
    connections of its own.

    Example:
        >>> async with AsyncMesa(api_key="…") as client:
        ...     repo = await client.repos.get(org="my-org", repo="my-repo")
        ...     async for branch in client.branches.list(org="my-org", repo="my-repo"): ...
    """

    _open = staticmethod(open_nonblocking)

    @property
    def raw(self) -> Resources[RawNonBlocking]:
        """The same methods, each returning a coroutine of a `RawResponse`: status, headers, attempts and the result."""
        return Resources(RawNonBlocking(self.world))

    @property
    def transport(self) -> AsyncTransport:
        """The transport that this client sends with."""
        return self.world.lifetime.transport

    async def aclose(self) -> None:
        """Release the transport; one that was given as an object stays its owner's. A second call does nothing."""
        transport = self.world.lifetime.end()
        if transport is not None:
            await transport.aclose()

    async def __aenter__(self) -> Self:
        self.world.lifetime.check()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
