"""The transport on urllib3, where no suite reaches it."""

from __future__ import annotations

import pytest

from mesa_core.errors import ConnectError, TransportError
from mesa_core.http import Request
from mesa_transports.testing import FaultServer, ask
from mesa_transports.urllib3 import Urllib3Transport


@pytest.mark.parametrize("url", ["/echo/a b", "/echo?q=a b", "/echo/caf\xe9", "/echo\n", "/echo\x00"])
def test_url_that_http_client_would_refuse_half_way_is_not_begun(url: str) -> None:
    with FaultServer() as server, Urllib3Transport() as transport:
        with pytest.raises(TransportError, match="visible ASCII") as caught:
            transport.send(Request("GET", server.url(url)))
        assert (caught.value.sent, server.connections) == (False, 0)
        assert transport.send(ask(server, "/status/200")).status_code == 200


def test_fragment_is_not_sent() -> None:
    with FaultServer() as server, Urllib3Transport() as transport:
        transport.send(Request("GET", server.url("/echo?a=1#b c")))
        assert server.received[0].target == "/echo?a=1"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_host_that_is_no_name_cannot_be_asked(scheme: str) -> None:
    with Urllib3Transport() as transport, pytest.raises(TransportError, match="cannot be sent") as caught:
        transport.send(Request("GET", f"{scheme}://{'a' * 70}.example/"))
    assert not isinstance(caught.value, ConnectError)
