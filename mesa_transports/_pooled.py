"""What transports with pooled connections have in common, in both worlds. Knows no HTTP library.

A pool is opened by the first request that needs it. A forked child opens its own, a pickled
transport is its options, and one that is forgotten unclosed warns and lets go of its sockets.
"""

from __future__ import annotations

import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar

from attrs import asdict

from mesa_core.errors import ConfigurationError, TransportError
from mesa_core.http import Request, Response
from mesa_transports._attempt import Attempt, Faults
from mesa_transports._forks import renew_in_child
from mesa_transports._loops import LoopPool, PerLoop
from mesa_transports._options import Options
from mesa_transports._socks import Socks, why_unusable

__all__ = ["BlockingTransport", "NonBlockingTransport", "checked"]

C = TypeVar("C")
P = TypeVar("P")
L = TypeVar("L", bound=LoopPool)


def checked(name: str, kind: type[C], given: object, options: Options) -> C | None:
    """Return a ready-made client of a library, if one was given.

    Raises:
        ConfigurationError: it is of another kind, or stands beside options that it would not heed.
    """
    if given is None:
        return None
    if not isinstance(given, kind):
        article = "an" if kind.__module__[0] in "aeiouh" else "a"  # "an httpx.Client", "a requests.Session"
        name_of_kind = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
        raise ConfigurationError(f"{name}: expected {article} {name_of_kind}, got {type(given).__name__}")
    options.refuse_beside(name)
    return given


class _Pooled(ABC, Generic[C]):
    """Options or a ready-made client, and whether the transport is closed."""

    _FAULTS: ClassVar[Faults]
    """What the exceptions of the library mean."""
    _SOCKS: ClassVar[Socks | None] = None
    """By which package the library speaks SOCKS, if it can."""
    _closed = False

    def __init__(self, options: Options, given: C | None) -> None:
        problem = options.proxy and why_unusable(options.proxy, self._SOCKS)
        if problem:
            raise ConfigurationError(f"proxy: {problem}")
        self._options = options
        self._given = given
        renew_in_child(self)

    @abstractmethod
    def renew(self) -> object:
        """Start anew in a forked child."""

    def _is_shut(self, given: C) -> bool:
        """Tell whether a ready-made client was closed by its owner, where it can tell."""
        return False

    def _check_open(self, request: Request) -> None:
        if self._closed or (self._given is not None and self._is_shut(self._given)):
            raise TransportError(f"{request.method}: the transport is closed", sent=False)

    def _warn(self) -> None:
        warnings.warn(f"{type(self).__name__} was never closed", ResourceWarning, stacklevel=3, source=self)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._given is not None:
            raise TypeError(
                f"this {type(self).__name__} was made with a client of your own, which does not pickle: "
                f"make the transport from options instead"
            )
        return _from_options, (type(self), asdict(self._options, recurse=False))


def _from_options(kind: type[Any], options: Mapping[str, Any]) -> object:  # `Any`: a transport and its options
    return kind(**options)


class BlockingTransport(_Pooled[C], Generic[C, P]):
    """A transport for blocking code, made of one pool that all threads share."""

    _pool: P | None = None

    def __init__(self, options: Options, given: C | None) -> None:
        super().__init__(options, given)
        self._opening = threading.Lock()

    @abstractmethod
    def _open(self) -> P:
        """Make the pool, of the options or on a ready-made client."""

    @abstractmethod
    def _shut(self, pool: P) -> None:
        """Close a pool of the transport's own."""

    @abstractmethod
    def _exchange(self, pool: P, request: Request, attempt: Attempt) -> Response:
        """Send a request and read its response to the end; raises what the library raises."""

    def send(self, request: Request, /) -> Response:
        """Send `request` once and return the response, whatever its status.

        Raises:
            TransportError: as `mesa_core.Transport.send` documents, and nothing else.
        """
        self._check_open(request)
        with Attempt(request) as attempt:
            try:
                return attempt.answered(self._exchange(self._pool or self._opened(request), request, attempt))
            except TransportError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a library raises, only our errors leave
                failure = attempt.failure(error, self._FAULTS)
        try:
            raise failure  # out here, where no exception of the library becomes its context
        finally:
            del failure  # which this frame would keep, and be kept by

    def _opened(self, request: Request) -> P:
        with self._opening:
            self._check_open(request)  # it may have been closed meanwhile
            if self._pool is None:
                self._pool = self._open()
            return self._pool

    def close(self) -> None:
        """Close the connections, unless they are a ready-made client's."""
        with self._opening:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None and self._given is None:
            self._shut(pool)

    def renew(self) -> object:
        """Start anew in a forked child, which must not wait for a lock of the parent's threads."""
        self._opening = threading.Lock()
        pool, self._pool = self._pool, None
        return pool

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._pool is not None and self._given is None:
            self._shut(self._pool)
            self._warn()


class NonBlockingTransport(_Pooled[C], Generic[C, L]):
    """A transport for `async` code, made of a pool for each event loop that uses it."""

    _pools: PerLoop[L]

    def __init__(self, options: Options, given: C | None) -> None:
        super().__init__(options, given)
        self._pools = PerLoop()

    @abstractmethod
    def _open(self) -> L:
        """Make a pool for the running event loop, of the options or on a ready-made client."""

    @abstractmethod
    async def _exchange(self, pool: L, request: Request, attempt: Attempt) -> Response:
        """Send a request and read its response to the end, in time; raises what the library raises.

        Where code below the library needs to know the attempt, this makes it the current one.
        """

    async def asend(self, request: Request, /) -> Response:
        """Send `request` once and return the response, whatever its status. A cancellation goes through untouched.

        Raises:
            TransportError: as `mesa_core.AsyncTransport.asend` documents, and nothing else.
        """
        self._check_open(request)
        attempt = Attempt(request)
        try:
            pool = self._pools.here() or await self._pools.enter(self._open())
            return attempt.answered(await self._exchange(pool, request, attempt))
        except TransportError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a library raises, only our errors leave
            failure = attempt.failure(error, self._FAULTS)
        try:
            raise failure  # out here, where no exception of the library becomes its context
        finally:
            del failure  # which this frame would keep, and be kept by

    async def aclose(self) -> None:
        """Close the connections, unless they are a ready-made client's; those of other loops by and by."""
        self._closed = True
        await self._pools.aclose()

    def renew(self) -> object:
        """Start anew in a forked child, in which the parent's event loops do not run."""
        pools, self._pools = self._pools, PerLoop()
        return pools

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        pools: PerLoop[L] | None = getattr(self, "_pools", None)  # None when `__init__` refused its options
        if pools is not None and pools.leave() and self._given is None:
            self._warn()
