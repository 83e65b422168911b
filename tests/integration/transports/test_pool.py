"""How many connections a transport makes, and waiting for one."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from failing import TIMEOUT, Make, late

from mesa_core.errors import ConnectError, RequestTimeout
from mesa_core.http import Request
from mesa_transports.testing import FaultServer, ask


def test_host_with_several_addresses(make: Make, server: FaultServer) -> None:
    assert make().send(Request("GET", f"http://localhost:{server.port}/status/200", timeout=5)).status_code == 200


def test_waiting_for_a_connection_counts(make: Make, server: FaultServer) -> None:
    transport = make(pool_size=1)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(transport.send, ask(server, "/stall", timeout=2 * TIMEOUT))
        while not server.received:
            time.sleep(0.001)
        late(transport, ask(server, "/echo", timeout=TIMEOUT / 2), ConnectError)
        assert isinstance(first.exception(), RequestTimeout)
    assert [seen.target for seen in server.received] == ["/stall"]


def test_pool_size_is_the_most_connections(make: Make, server: FaultServer) -> None:
    transport = make(pool_size=2)
    with ThreadPoolExecutor(16) as threads:
        responses = list(threads.map(transport.send, [ask(server, "/status/200") for _ in range(400)]))
    assert {response.status_code for response in responses} == {200}
    assert server.connections <= 2
