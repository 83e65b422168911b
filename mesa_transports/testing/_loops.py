"""An `AsyncTransport` lives with its event loops: it is cancelled, and used by one loop after and beside the other."""

# ruff: noqa: S101  # these are tests, though they live in a package

from __future__ import annotations

import gc
import random
import warnings
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import anyio

from mesa_core.transport import AsyncTransport
from mesa_transports.testing._harness import Harness, ask
from mesa_transports.testing.server import FaultServer

__all__ = ["LoopTests"]

_CANCELLATIONS: Final = 100
_AT_ONCE: Final = 10
_LONGEST: Final = 0.004  # seconds until a call is cancelled: about what one takes here


class LoopTests(Harness):
    """Left out for a transport that is of the blocking world alone."""

    def test_cancellation_goes_through(self, server: FaultServer, loop: str) -> None:
        """A cancelled call ends as cancelled, not as an error and not as a success."""

        async def use(transport: AsyncTransport) -> None:
            with anyio.move_on_after(0.05) as scope:
                await transport.asend(ask(server, "/stall"))
            assert scope.cancelled_caught

        self._run(loop, use)

    def test_cancellation_gives_the_connection_back(self, server: FaultServer, loop: str) -> None:
        """Whenever calls are cancelled, as many at once work as before, and what was given up is closed."""
        chance = random.Random(7)  # noqa: S311 - moments, not secrets

        async def cancelled(transport: AsyncTransport) -> None:
            path = chance.choice(("/empty", "/chunked", "/gzip"))
            with anyio.move_on_after(chance.uniform(0, _LONGEST)):
                await transport.asend(ask(server, path))

        async def stalled(transport: AsyncTransport) -> None:
            await transport.asend(ask(server, "/stall", timeout=None))

        async def use(transport: AsyncTransport) -> None:
            for _ in range(_CANCELLATIONS // _AT_ONCE):
                async with anyio.create_task_group() as tasks:
                    for _ in range(_AT_ONCE):
                        tasks.start_soon(cancelled, transport)
            await anyio.to_thread.run_sync(server.wait_until_open, _AT_ONCE)
            with anyio.fail_after(5):
                async with anyio.create_task_group() as tasks:
                    for _ in range(_AT_ONCE):
                        tasks.start_soon(stalled, transport)
                    while [seen.target for seen in server.received].count("/stall") < _AT_ONCE:  # noqa: ASYNC110
                        await anyio.sleep(0.005)
                    tasks.cancel_scope.cancel()
            await transport.asend(ask(server, "/empty"))

        self._run(loop, use)

    def test_one_loop_after_the_other(self, server: FaultServer, loop: str) -> None:
        """Connections belong to their loop and end with it, even when the transport is not closed."""

        async def use() -> None:
            for _ in range(2):
                assert (await transport.asend(ask(server, "/status/200"))).content == b"status 200"

        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            transport = self._made()
            for number in range(1, 4):
                anyio.run(use, backend=loop)
                server.wait_until_open(0)
                assert server.connections == number
            anyio.run(transport.aclose, backend=loop)
            gc.collect()
        assert [str(each.message) for each in warned] == []

    def test_two_loops_at_once(self, server: FaultServer, loop: str) -> None:
        """Two threads run a loop each, with one transport."""
        transport = self._made()

        async def use() -> None:
            for number in range(40):
                response = await transport.asend(ask(server, "/mirror", method="POST", content=b"%d" % number))
                assert response.content == b"%d" % number

        def run(_: int) -> None:
            anyio.run(use, backend=loop)

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(run, range(2)))
        assert server.connections == 2  # noqa: PLR2004 - one for each
        server.wait_until_open(0)
        anyio.run(transport.aclose, backend=loop)

    def _made(self) -> AsyncTransport:
        transport = self.make()
        assert isinstance(transport, AsyncTransport)
        return transport

    def _run(self, loop: str, use: Callable[[AsyncTransport], Awaitable[None]]) -> None:
        async def main() -> None:
            transport = self._made()
            await use(transport)
            await transport.aclose()

        anyio.run(main, backend=loop)
