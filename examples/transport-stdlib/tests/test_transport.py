"""What the suite does not ask for: TLS, a client by name, pickling, and a transport that is forgotten."""

from __future__ import annotations

import gc
import pickle
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from mesa_core import AsyncMesa, ConfigurationError, ConnectError, Mesa, NotFound, TransportError
from mesa_transport_stdlib import StdlibTransport
from mesa_transports.testing import FaultServer, ask


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[FaultServer]:
    with FaultServer(tls_of(authority)) as server:
        yield server


def tls_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    return context


class TestTls:
    def test_an_authority_of_ones_own_is_trusted(self, server: FaultServer, ca_file: str) -> None:
        transport = StdlibTransport(verify=ca_file)
        for _ in range(2):
            assert transport.send(ask(server, "/status/200")).content == b"status 200"
        assert server.connections == 1
        transport.close()

    def test_an_unknown_authority_is_not(self, server: FaultServer) -> None:
        transport = StdlibTransport()
        with pytest.raises(ConnectError, match="SSLCertVerificationError"):
            transport.send(ask(server, "/status/200"))
        assert server.received == []
        transport.close()

    def test_verification_can_be_switched_off(self, server: FaultServer) -> None:
        transport = StdlibTransport(verify=False)
        assert transport.send(ask(server, "/status/200")).status_code == 200
        transport.close()

    def test_a_timeout_bounds_the_attempt(self, server: FaultServer, ca_file: str) -> None:
        transport = StdlibTransport(verify=ca_file)
        with pytest.raises(TransportError, match="no whole response in time"):
            transport.send(ask(server, "/drip-body", timeout=0.25))
        transport.close()

    @pytest.mark.parametrize("files", ["certificate and key", "one file"])
    def test_a_client_shows_its_certificate(self, files: str, authority: trustme.CA, tmp_path: Path) -> None:
        server_tls = tls_of(authority)
        server_tls.verify_mode = ssl.CERT_REQUIRED
        issued = authority.issue_cert("client@mesa.test")
        whole, certificate, key = (str(tmp_path / name) for name in ("whole.pem", "certificate.pem", "key.pem"))
        issued.private_key_and_cert_chain_pem.write_to_path(whole)
        issued.cert_chain_pems[0].write_to_path(certificate)
        issued.private_key_pem.write_to_path(key)
        transport = StdlibTransport(verify=False, cert=whole if files == "one file" else (certificate, key))
        with FaultServer(server_tls) as server:
            assert transport.send(ask(server, "/status/200")).status_code == 200
        transport.close()

    @pytest.mark.parametrize("option", ["verify", "cert"])
    def test_a_file_that_is_none_is_refused_when_a_client_is_built(self, option: str) -> None:
        with pytest.raises(ConfigurationError, match="verify, cert: expected files of certificates"):
            Mesa(api_key="key", transport="stdlib", transport_options={option: "missing.pem"})


class TestClient:
    def test_finds_it_by_name(self, server: FaultServer, ca_file: str) -> None:
        options = {"verify": ca_file}
        with Mesa(api_key="key", server_url=server.url(), transport="stdlib", transport_options=options) as client:
            assert isinstance(client.transport, StdlibTransport)
            with pytest.raises(NotFound):
                client.org.get(org="acme")
        assert server.received[0].get_all("Authorization") == ["Bearer key"]

    def test_of_the_async_world_is_told_that_it_is_blocking(self) -> None:
        with pytest.raises(ConfigurationError, match="stdlib"):
            AsyncMesa(api_key="key", transport="stdlib")


def test_it_travels_as_its_options(server: FaultServer, ca_file: str) -> None:
    original = StdlibTransport(verify=ca_file)
    original.send(ask(server, "/empty"))
    transport = pickle.loads(pickle.dumps(original))
    assert transport.send(ask(server, "/status/200")).content == b"status 200"
    assert server.connections == 2
    original.close()
    transport.close()


def test_one_that_is_forgotten_warns_and_closes_its_connections() -> None:
    with FaultServer() as server:
        transport = StdlibTransport()
        transport.send(ask(server, "/empty"))
        with pytest.warns(ResourceWarning, match="StdlibTransport was never closed"):  # noqa: PT031 - when it is gone
            del transport
            gc.collect()
        server.wait_until_open(0)
