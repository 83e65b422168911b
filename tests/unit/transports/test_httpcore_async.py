"""The wrappers around httpcore's asynchronous parts, where no suite reaches them."""

# ruff: noqa: ASYNC109  # the signatures are httpcore's

from __future__ import annotations

import ssl

import anyio
import httpcore
import pytest

from mesa_core.http import Request
from mesa_transports._attempt import Attempt, Stage
from mesa_transports._httpcore_async import CautiousAsyncBackend, close_all
from mesa_transports._tls import TrustOnUse


class Recording(httpcore.AsyncMockBackend):
    timeouts: tuple[float | None, ...] = ()

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: object = None,
    ) -> httpcore.AsyncNetworkStream:
        self.timeouts += (timeout,)
        return await super().connect_unix_socket(path, timeout)


class Connection:
    closed = False

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error

    async def aclose(self) -> None:
        self.closed = True
        if self.error is not None:
            raise self.error


def test_unix_socket_is_watched_too() -> None:
    async def main() -> None:
        inner = Recording([b"answer"])
        backend = CautiousAsyncBackend(inner, TrustOnUse(ssl.create_default_context))
        stream = await backend.connect_unix_socket("/run/api", 3.0)
        assert await stream.read(100, 3.0) == b"answer"
        await backend.sleep(0)
        with Attempt(Request("GET", "http://api.invalid/", timeout=1.0)) as attempt:
            stream = await backend.connect_unix_socket("/run/api", 3.0)
            assert attempt.stage is Stage.CONNECTING
            await stream.write(b"GET / HTTP/1.1\r\n")
            assert attempt.stage is Stage.SENT
        assert inner.timeouts == (3.0, None)  # the attempt's own is around it all

    anyio.run(main)


def test_all_are_closed_when_one_fails() -> None:
    connections = [Connection(OSError("broken")), Connection()]
    with pytest.raises(OSError, match="broken"):
        anyio.run(close_all, connections)
    assert all(connection.closed for connection in connections)
