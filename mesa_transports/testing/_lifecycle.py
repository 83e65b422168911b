"""Connections are kept, shared and closed as promised."""

# ruff: noqa: S101  # these are tests, though they live in a package

from __future__ import annotations

import pytest

from mesa_core.errors import TransportError
from mesa_transports.testing._harness import Harness, ask
from mesa_transports.testing.server import FaultServer
from mesa_transports.testing.worlds import Driver

__all__ = ["LifecycleTests"]


class LifecycleTests(Harness):
    """A transport from its first request to its end."""

    def test_connection_is_kept_alive(self, transport: Driver, server: FaultServer) -> None:
        """One request after the other goes over one connection."""
        for path in ("/status/200", "/empty", "/chunked", "/gzip", "/status/404", "/status/204", "/mirror"):
            transport.send(ask(server, path))
        assert server.connections == 1

    def test_connection_that_the_server_closed_is_not_used(self, transport: Driver, server: FaultServer) -> None:
        """A server may close an idle connection at any time; the next request takes another."""
        transport.send(ask(server, "/farewell"))
        server.wait_for_close()
        assert transport.send(ask(server, "/status/200")).content == b"status 200"

    def test_16_at_once_get_their_own_answers(self, transport: Driver, server: FaultServer) -> None:
        """A transport is shared by many; 16 send 20 requests each."""
        requests = [ask(server, "/mirror", method="POST", content=b"%d" % number) for number in range(320)]
        responses = transport.send_all(requests)
        assert [response.content for response in responses] == [request.content for request in requests]

    def test_close_twice(self, transport: Driver, server: FaultServer) -> None:
        """A second close does nothing."""
        transport.send(ask(server, "/empty"))
        transport.close()
        transport.close()

    def test_close_closes_the_connections(self, transport: Driver, server: FaultServer) -> None:
        """Nothing stays open."""
        transport.send_all([ask(server, "/empty") for _ in range(16)])
        transport.close()
        server.wait_until_open(0)

    def test_use_after_close(self, transport: Driver, server: FaultServer) -> None:
        """A closed transport says that it is closed, and sends nothing."""
        transport.close()
        with pytest.raises(TransportError, match="closed") as caught:
            transport.send(ask(server, "/empty"))
        assert caught.value.sent is False
        assert server.received == []
