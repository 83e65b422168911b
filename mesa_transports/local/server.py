"""Serving a Depot over HTTP with waitress: for development and tests, on loopback unless told otherwise."""

from __future__ import annotations

import socket
from contextlib import suppress
from logging import ERROR, Logger
from threading import Thread
from typing import Any, Final, Self

from mesa_transports.local.app import MOUNT
from mesa_transports.local.depot import LocalDepot

__all__ = ["Server"]

_THREADS: Final = 16
_CONNECTIONS: Final = 500


class Server:
    """A Depot that listens from the moment it is made; `run` or `start` lets it answer.

    Args:
        depot: The Depot to serve; closing the server leaves it open.
        host: The address to listen on.
        port: The port; 0 takes a free one.

    Raises:
        OSError: the address cannot be listened on.
    """

    def __init__(self, depot: LocalDepot, *, host: str = "127.0.0.1", port: int = 0) -> None:
        from waitress.server import create_server  # type: ignore[import-untyped]  # noqa: PLC0415 -- it ships no types; an optional dependency

        from mesa_transports.local.channel import channel_of, close_stalled  # noqa: PLC0415 -- needs waitress

        self._socket = _listening(host, port)
        address, self.port = self._socket.getsockname()[:2]
        self.url = f"http://{f'[{address}]' if ':' in address else address}:{self.port}{MOUNT}"
        self._server: Any = create_server(  # Any: waitress has no types
            depot.wsgi,
            sockets=[self._socket],
            threads=_THREADS,
            ident=None,
            connection_limit=_CONNECTIONS,
            asyncore_use_poll=True,  # select takes no file numbers over 1023
        )
        self._server.channel_class = channel_of(depot.wsgi)
        # A queue of requests is what a burst makes, and nothing to warn of.
        self._server.task_dispatcher.queue_logger = Logger("mesa.local.queue", ERROR)  # noqa: LOG001 -- its level must be nobody else's
        self._thread: Thread | None = None
        self._depot = depot
        depot.urls.append(self.url)

        maintenance = self._server.maintenance

        def maintain(now: float) -> None:
            maintenance(now)
            close_stalled(self._server, now)

        self._server.maintenance = maintain

    def run(self) -> None:
        """Answer requests until SystemExit or KeyboardInterrupt is raised, or `close` is called elsewhere."""
        self._server.run()

    def start(self) -> Self:
        """Answer requests in a thread until `close` is called."""
        self._thread = Thread(target=self.run, name="mesa-local-depot", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """Let the requests in hand end and stop listening; a second call does nothing."""
        with suppress(ValueError):
            self._depot.urls.remove(self.url)
        self._server.task_dispatcher.shutdown()
        if self._thread is not None and self._thread.is_alive():
            # Only the loop's own thread may close what it selects on. Something else may wake it before we do, and it
            # must not close then what we wake it with: so we hold what it takes to see that there is something to do.
            trigger = self._server.trigger
            with trigger.lock:
                trigger.thunks.append(self._close_all)
                trigger.pull_trigger()
            self._thread.join()
        else:
            self._close_all()

    def _close_all(self) -> None:
        for channel in list(self._server._map.values()):  # noqa: SLF001 -- waitress has no public way to stop
            channel.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=256)
