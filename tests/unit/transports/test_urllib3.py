"""The transport on urllib3, where no suite reaches it."""

from __future__ import annotations

import socket
import threading

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


def test_connection_that_the_server_ended_in_the_middle_of_a_request_is_not_kept() -> None:
    may_end = threading.Event()

    def answer_and_end() -> None:
        for _ in range(2):
            with listener.accept()[0] as sock:
                sock.recv(1 << 12)
                sock.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno!")
                sock.shutdown(socket.SHUT_WR)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
                assert may_end.wait(10)

    with socket.create_server(("127.0.0.1", 0)) as listener, Urllib3Transport() as transport:
        server = threading.Thread(target=answer_and_end)
        server.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        may_end.set()
        for _ in range(2):
            response = transport.send(Request("PUT", url, content=bytes(1 << 24), timeout=10.0))
            assert (response.status_code, response.content) == (413, b"no!")
            kept = [each for route in transport._pool.routes.values() for each in route.pool.pool.queue if each]
            assert not [each for each in kept if not each.is_closed]
        server.join()
