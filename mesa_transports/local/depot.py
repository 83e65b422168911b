"""The Depot as a library: open one, talk to it in process, serve it, close it."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from mesa_core.errors import ConfigurationError, ConnectError
from mesa_core.http import Request, Response
from mesa_core.urls import is_loopback
from mesa_transports.local.clock import Clock, system_clock
from mesa_transports.local.gate import Closed
from mesa_transports.local.holding import InUse
from mesa_transports.local.identities import new_key
from mesa_transports.local.snapshots import SNAPSHOTS

if TYPE_CHECKING:
    from mesa_transports.local.app import Application
    from mesa_transports.local.server import Server
    from mesa_transports.local.services import Services
    from mesa_transports.local.snapshots import Snapshot
    from mesa_transports.local.syncs import Autosync
    from mesa_transports.local.transport import LocalTransport

__all__ = ["LocalDepot", "check_installed"]

_logger: Final = logging.getLogger("mesa.local")
_LAST_DELIVERIES: Final = 5.0  # seconds
_IN_PROCESS: Final = "http://localhost/api/v1"
"""The URL of a Depot that is not served, where one has to be told."""


class LocalDepot:
    """A Depot on this machine, for development and tests; safe to share among threads.

    Args:
        path: The data directory, made when it is missing; None for a temporary one that `close` removes.
        root_key: The key that administers every organization. With a path and no root key, one is made.
        open_to_any_key: Whether every key that the Depot did not issue administers every organization;
            by default so only when neither `path` nor `root_key` is given.
        clock: Returns the present as an aware datetime; a `ManualClock` stands until a test moves it.
        seed: Makes all ids and secrets follow from it, so that a program gets the same ones in each run; whoever
            knows it knows the keys.
        sync_timeout: Seconds that fetching from an upstream may take.
        webhook_waits: Seconds before each further attempt at a delivery that failed; none makes one attempt.
        webhook_timeout: Seconds that an attempt at a delivery may take.
        max_body_bytes: The largest JSON body that is read.

    Raises:
        ConfigurationError: the directory cannot be used, or pygit2 or werkzeug is not installed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        root_key: str | None = None,
        open_to_any_key: bool | None = None,
        clock: Clock = system_clock,
        seed: str | None = None,
        sync_timeout: float = 60.0,
        webhook_waits: Sequence[float] = (1.0, 5.0, 25.0, 125.0),
        webhook_timeout: float = 10.0,
        max_body_bytes: int = 64 << 20,
    ) -> None:
        if root_key == "":
            raise ConfigurationError("root_key: expected a key, got an empty string")
        if open_to_any_key is None:
            open_to_any_key = path is None and root_key is None
        if root_key is None and not open_to_any_key:
            root_key = new_key(seed)
        self.root_key = root_key
        self.clock = clock
        self.urls: list[str] = []
        self.path = Path(tempfile.mkdtemp(prefix="mesa-depot-") if path is None else path).absolute()
        try:
            self._services, self.wsgi = _assemble(
                self.path,
                root_key=self.root_key,
                open_to_any_key=open_to_any_key,
                clock=clock,
                seed=seed,
                sync_timeout=sync_timeout,
                webhook_waits=webhook_waits,
                webhook_timeout=webhook_timeout,
                max_body_bytes=max_body_bytes,
            )
        except BaseException:
            if path is None:
                shutil.rmtree(self.path, ignore_errors=True)
            raise
        self._autosync = _autosync(self._services, self.wsgi, self.urls)
        weakref.finalize(self, self._autosync.close)
        temporary = self.path if path is None else self.path / SNAPSHOTS
        self._release = weakref.finalize(self, _release, self._services.close, temporary, os.getpid())

    def handle(self, request: Request) -> Response:
        """Answer a request in process; the host does not count, and neither does its timeout.

        Of the path, what follows `/api/v1` counts, or all of it where it has none.

        Raises:
            ConnectError: the Depot was closed.
        """
        from mesa_transports.local.in_process import respond  # noqa: PLC0415 -- needs werkzeug

        try:
            return respond(self.wsgi, request)
        except Closed:
            raise ConnectError("the local Depot is closed") from None

    def send(self, request: Request, /) -> Response:
        """Answer a request, which makes the Depot a transport too."""
        return self.handle(request)

    async def asend(self, request: Request, /) -> Response:
        """Answer a request from `async` code: a worker thread does the work."""
        from anyio import to_thread  # noqa: PLC0415 -- blocking code does not need it

        return await to_thread.run_sync(self.handle, request)

    async def aclose(self) -> None:
        """Close, as `close` does."""
        self.close()

    def transport(self) -> LocalTransport:
        """Return a transport to this Depot; closing it leaves the Depot open."""
        from mesa_transports.local.transport import LocalTransport  # noqa: PLC0415 -- it imports this module

        return LocalTransport(depot=self)

    def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> Server:
        """Serve it over HTTP in a thread, until the server that this returns is closed; use it in a `with` block.

        Args:
            host: The address to listen on; a warning is logged where others on the network can reach it.
            port: The port; 0 takes a free one.

        Raises:
            ConfigurationError: waitress is not installed.
            OSError: the address cannot be listened on.
        """
        from mesa_transports.local.server import Server  # noqa: PLC0415 -- it imports this module

        try:
            server = Server(self, host=host, port=port)
        except ImportError as error:
            raise _not_installed(error) from error
        if not is_loopback(host):
            _logger.warning("%s is not loopback: others on the network can reach this Depot", host)
        return server.start()

    @property
    def url(self) -> str:
        """The URL that it is served at, fit for a client's `server_url`; the latest, where there are several.

        Raises:
            ConfigurationError: it is not served.
        """
        if not self.urls:
            raise ConfigurationError("url: the Depot is not served; it has a URL inside `with depot.serve():`")
        return self.urls[-1]

    def snapshot(self) -> Snapshot:
        """Put aside all that the Depot holds, to go back to it with `restore`, as often as wanted.

        It waits for the requests in hand, and the next ones wait for it.

        Raises:
            ConnectError: the Depot was closed.
            OSError: there is no room for it.
        """
        with self._alone():
            return self._services.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot; waits as `snapshot` does, and raises as it does.

        Raises:
            ConfigurationError: the snapshot is another Depot's.
        """
        with self._alone():
            self._services.restore(snapshot)

    @contextmanager
    def _alone(self) -> Generator[None]:
        try:
            with self.wsgi.gate.alone():
                yield
        except Closed:
            raise ConnectError("the local Depot is closed") from None

    def repository_path(self, org: str, repo: str) -> Path:
        """Return the bare git directory of a repository, fit for `git clone`.

        Raises:
            LookupError: there is no such repository.
        """
        from mesa_transports.local.refusals import NotFound  # noqa: PLC0415 -- keeps this module's import light

        repositories = self._services.repositories
        try:
            return repositories.path(repositories.find(org, repo))
        except NotFound:
            raise LookupError(f"there is no repository {org}/{repo}") from None

    def sync_due(self) -> None:
        """Sync the repositories whose autosync is due by the Depot's clock, and return when that is done.

        The Depot does so by itself, looking each second; this is for tests that own the clock. How each went is kept
        with its upstream.

        Raises:
            ConnectError: the Depot was closed.
        """
        try:
            self._autosync.run_due()
        except Closed:
            raise ConnectError("the local Depot is closed") from None

    def wait_for_deliveries(self, timeout: float = 10.0) -> bool:
        """Wait until webhooks were told of all that happened; False when that takes longer than `timeout` seconds."""
        return self._services.deliveries.settle(timeout)

    def close(self) -> None:
        """Wait for the requests in hand, then close; removes a temporary directory. A second call does nothing.

        What webhooks were not told yet is tried once more, within five seconds.
        """
        self._autosync.close()
        self.wsgi.gate.close()
        self._services.deliveries.close(_LAST_DELIVERIES)
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _assemble(path: Path, **options: Any) -> tuple[Services, Application]:  # Any: passed through to Services.build
    try:
        from mesa_transports.local.app import Application  # noqa: PLC0415 -- an optional dependency
        from mesa_transports.local.services import Services  # noqa: PLC0415 -- the same
    except ImportError as error:
        raise _not_installed(error) from error
    try:
        services = Services.build(path, **options)
    except InUse as user:
        raise ConfigurationError(
            f"path: expected a data directory that no other Depot uses, got {path}, which {user} uses"
        ) from None
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(f"path: expected a directory that can be written, got {path}: {error}") from error
    return services, Application(services)


def _autosync(services: Services, application: Application, urls: Sequence[str]) -> Autosync:
    from mesa_transports.local.syncs import Autosync  # noqa: PLC0415 -- needs pygit2

    autosync = Autosync(services, application.gate.shared, lambda: urls[-1] if urls else _IN_PROCESS)
    services.upstreams.on_period = autosync.watch
    if services.upstreams.is_any_polled():
        autosync.watch()
    return autosync


def check_installed() -> None:
    """Raise what making a Depot would, where a library is missing, without importing one.

    Raises:
        ConfigurationError: pygit2 or werkzeug is not installed.
    """
    for name in ("pygit2", "werkzeug"):
        if find_spec(name) is None:
            error = ModuleNotFoundError(f"No module named {name!r}", name=name)
            raise _not_installed(error) from error


def _not_installed(error: ImportError) -> ConfigurationError:
    return ConfigurationError(
        f"the local Depot needs {error.name}, which is not installed: pip install 'mesa-sdk[local]'"
    )


def _release(close: Callable[[], None], temporary: Path, owner: int) -> None:
    close()
    # A forked child inherits this duty, but not the directory.
    if os.getpid() == owner:
        shutil.rmtree(temporary, ignore_errors=True)
