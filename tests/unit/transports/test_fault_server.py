"""The other end of the suite does what its behaviours say."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from mesa_transports.testing import FaultServer

pytest_plugins = ["pytester"]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=5) as client:
        yield client


def test_chunked_requests_are_read_whole(server: FaultServer, client: httpx.Client) -> None:
    assert client.post(server.url("/mirror"), content=iter([b"one", b"two"])).content == b"onetwo"
    assert client.get(server.url("/mirror")).content == b""
    assert server.connections == 1


def test_unknown_behaviour_is_not_found(server: FaultServer, client: httpx.Client) -> None:
    assert client.get(server.url("/nonsense")).status_code == 404


def test_waiting_for_a_close_that_does_not_come(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mesa_transports.testing.server._PATIENCE", 0.01)
    with pytest.raises(TimeoutError):
        server.wait_for_close()


def test_waiting_for_a_close_waits_for_that_of_the_last_request(
    server: FaultServer, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with httpx.Client(trust_env=False) as other:
        other.get(server.url("/status/200"))
    server.wait_until_open(0)
    client.get(server.url("/status/200"))
    with monkeypatch.context() as impatient:
        impatient.setattr("mesa_transports.testing.server._PATIENCE", 0.01)
        with pytest.raises(TimeoutError):
            server.wait_for_close()
    client.get(server.url("/farewell"))
    server.wait_for_close()
    assert server.connections - server._ended == 0


def test_suite_is_not_led_astray_by_a_proxy(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    pytester.makepyfile(
        """
        from mesa_transports.httpx import HttpxTransport
        from mesa_transports.testing import TransportSuite

        class TestMine(TransportSuite):
            def make(self, **options):
                return HttpxTransport(**options)
        """
    )
    pytester.runpytest_inprocess("-k", "test_gzip", "-p", "no:cacheprovider").assert_outcomes(passed=1)
