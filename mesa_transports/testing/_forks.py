"""A process forks in the middle of using a transport: both go on, and share no connection."""

# ruff: noqa: S101  # these are tests, though they live in a package

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, cast

import pytest

from mesa_core.http import Request
from mesa_core.transport import Transport
from mesa_transports.testing._harness import Harness, ask
from mesa_transports.testing.server import FaultServer
from mesa_transports.testing.worlds import World

__all__ = ["ForkTests"]

_THREADS: Final = 4
_PATIENCE: Final = 20  # seconds until a child that hangs is ended


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
class ForkTests(Harness):
    """Fork safety."""

    def test_fork_in_the_middle_of_use(self, server: FaultServer, world: World) -> None:
        """Threads of the parent are calling at the moment of the fork, and their connections stay theirs."""
        transport = self.make()
        stop = threading.Event()
        failed: list[BaseException] = []

        def parent() -> None:
            try:
                _use(transport, world, server, b"parent", stop)
            except BaseException as error:  # noqa: BLE001 - the main thread is to see it
                failed.append(error)

        if world == "blocking":  # more connections than threads, so that some are idle whenever the fork comes
            with ThreadPoolExecutor(2 * _THREADS) as pool:
                pauses = [ask(server, "/pause", method="POST", content=b"parent") for _ in range(2 * _THREADS)]
                list(pool.map(cast("Transport", transport).send, pauses))
        threads = [threading.Thread(target=parent) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        while len(server.received) < 10 * _THREADS:
            time.sleep(0.001)
        status = _fork(lambda: _use(transport, world, server, b"child", None))
        time.sleep(0.05)  # the parent goes on
        stop.set()
        for thread in threads:
            thread.join()
        _use(transport, world, server, b"parent", None)
        _close(transport, world)
        assert os.waitstatus_to_exitcode(status) == 0
        assert failed == []
        users: dict[int, set[bytes]] = {}
        for received in server.received:
            users.setdefault(received.connection, set()).add(received.content)
        assert {b"child"} in users.values()
        assert {b"child", b"parent"} not in users.values()
        if world == "blocking":
            assert list(users.values()).count({b"parent"}) == 2 * _THREADS  # none of them was broken


def _use(transport: Any, world: World, server: FaultServer, who: bytes, stop: threading.Event | None) -> None:
    """Say who one is, five times or until told to stop; `Any`: a transport of the world."""

    def requests() -> Any:  # an iterator of requests
        sent = 0
        while sent < 5 if stop is None else not stop.is_set():  # noqa: PLR2004
            yield ask(server, "/mirror", method="POST", content=who)
            sent += 1

    async def use() -> None:
        for request in requests():
            assert (await transport.asend(request)).content == who

    if world == "async":
        asyncio.run(use())
        return
    for request in requests():
        assert isinstance(request, Request)
        assert transport.send(request).content == who


def _close(transport: Any, world: World) -> None:
    if world == "async":
        asyncio.run(transport.aclose())
    else:
        transport.close()


def _fork(child: Any) -> int:
    """Run `child` in a forked process, and return its status; `Any`: a callable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forking beside threads: that is the test
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(_PATIENCE)
            child()
            status = 0
        except BaseException:  # noqa: BLE001 - the status says it
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1]
