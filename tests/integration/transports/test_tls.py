"""Whom transports trust, what they show of themselves, and deadlines over TLS."""

from __future__ import annotations

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trustme
from failing import TIMEOUT, Make, failure, late

from mesa_core.errors import ConnectError, RequestTimeout, TransportError
from mesa_core.http import Request
from mesa_transports.requests import RequestsTransport
from mesa_transports.testing import FaultServer, ask


def test_verify_with_a_ca_file(
    make: Make, tls_server: FaultServer, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")  # the option has precedence
    assert make(verify=ca_file).send(ask(tls_server, "/all-bytes")).content == bytes(range(256))


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_verify_false_trusts_anyone(make: Make, tls_server: FaultServer) -> None:
    assert make(verify=False).send(ask(tls_server, "/status/200")).status_code == 200


def test_unknown_certificate_is_refused(make: Make, tls_server: FaultServer, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    for options in ({}, {"verify": str(other)}):
        error = failure(make(**options), ask(tls_server, "/echo"), ConnectError)
        assert error.sent is False
        assert "SSLCertVerificationError" in str(error)
    assert tls_server.received == []


@pytest.mark.parametrize("pair", [True, False], ids=["pair", "one file"])
def test_client_certificate(make: Make, authority: trustme.CA, ca_file: str, tmp_path: Path, pair: object) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    client = authority.issue_cert("client.example")
    whole, chain, key = (str(tmp_path / name) for name in ("whole.pem", "chain.pem", "key.pem"))
    client.private_key_and_cert_chain_pem.write_to_path(whole)
    client.cert_chain_pems[0].write_to_path(chain)
    client.private_key_pem.write_to_path(key)
    with FaultServer(context) as server:
        transport = make(verify=ca_file, cert=(chain, key) if pair else whole)
        assert transport.send(ask(server, "/status/200")).status_code == 200
        failure(make(verify=ca_file), ask(server, "/status/200"), TransportError)
        assert len(server.received) == 1


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often authorities were read, from wherever they may come."""
    read: list[str] = []

    def counted(name: str) -> None:
        inner = getattr(ssl.SSLContext, name)

        def reads(context: ssl.SSLContext, *args: Any, **options: Any) -> None:
            read.append(name)
            inner(context, *args, **options)

        monkeypatch.setattr(ssl.SSLContext, name, reads)

    counted("load_verify_locations")
    counted("load_default_certs")
    return read


@pytest.mark.parametrize("trusted", ["usual", "a file"])
def test_authorities_are_read_for_tls_alone(
    make: Make, tls_server: FaultServer, ca_file: str, read: list[str], trusted: str
) -> None:
    options = {} if trusted == "usual" else {"verify": ca_file}
    with FaultServer() as server:
        make(**options).send(ask(server, "/status/200"))  # which may be the first use of the library
        transport = make(**options)
        read.clear()  # a file was looked at, to refuse it at once if it is none
        assert transport.send(ask(server, "/status/200")).status_code == 200
    assert read == []
    if trusted == "usual":
        failure(transport, ask(tls_server, "/status/200"), ConnectError)
    else:
        transport.send(ask(tls_server, "/status/200"))
    assert read


@pytest.mark.parametrize("case", ["verify", "cert", "verify by proxy", "cert by proxy"])
def test_what_cannot_be_read_is_a_request_that_cannot_be_sent(
    make: Make, tls_server: FaultServer, ca_file: str, tmp_path: Path, case: str
) -> None:
    option, _, by_proxy = case.partition(" by ")
    paths = {"verify": tmp_path / "ca.pem", "cert": tmp_path / "identity.pem"}
    paths["verify"].write_text(Path(ca_file).read_text())
    trustme.CA().issue_cert("worker@acme.example").private_key_and_cert_chain_pem.write_to_path(paths["cert"])
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxied = {"proxy": f"http://127.0.0.1:{proxy.getsockname()[1]}"} if by_proxy else {}
        transport = make(**proxied, **{name: str(path) for name, path in paths.items()})
        moved = paths[option].rename(tmp_path / "elsewhere")
        for _ in range(2):
            error = failure(transport, ask(tls_server, "/status/200"), TransportError)
            assert type(error) is TransportError
            assert error.sent is False
            assert "cannot be sent" in str(error)
        proxy.settimeout(0)
        with pytest.raises(BlockingIOError):
            proxy.accept()
    assert tls_server.connections == 0
    moved.rename(paths[option])
    if not by_proxy:
        assert transport.send(ask(tls_server, "/status/200")).status_code == 200


def test_threads_share_what_is_read(make: Make, tls_server: FaultServer, ca_file: str, read: list[str]) -> None:
    make(verify=ca_file).send(ask(tls_server, "/status/200"))  # which may be the first use of the library
    transport = make(verify=ca_file)
    read.clear()
    with ThreadPoolExecutor(16) as pool:
        answers = [*pool.map(lambda _: transport.send(ask(tls_server, "/status/200")), range(64))]
    assert {answer.status_code for answer in answers} == {200}
    assert {*read} == {"load_verify_locations"}
    assert len(read) == 1 or isinstance(transport, RequestsTransport)  # which reads it for each of its connections


def test_a_path_stays_what_it_was_when_the_client_was_built(
    make: Make, tls_server: FaultServer, ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(ca_file).parent)
    transport = make(verify=Path(ca_file).name)
    monkeypatch.chdir(tmp_path)
    trustme.CA().cert_pem.write_to_path(Path(ca_file).name)
    assert transport.send(ask(tls_server, "/status/200")).status_code == 200


def test_http_1_1_is_asked_for(make: Make, authority: trustme.CA, ca_file: str) -> None:
    chosen: list[str | None] = []

    class Watched(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the standard library's signature
            super().do_handshake(block)
            chosen.append(self.selected_alpn_protocol())

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslsocket_class = Watched
    context.set_alpn_protocols(["h2", "http/1.1"])
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with FaultServer(context) as server:
        assert make(verify=ca_file).send(ask(server, "/status/200")).status_code == 200
    assert chosen == ["http/1.1"]


@pytest.mark.parametrize("path", ["/stall", "/drip-fields", "/drip-body"])
def test_timeout_bounds_tls(make: Make, tls_server: FaultServer, ca_file: str, path: str) -> None:
    late(make(verify=ca_file), ask(tls_server, path, timeout=TIMEOUT), RequestTimeout)


def test_timeout_bounds_sending_over_tls(make: Make, tls_server: FaultServer, ca_file: str) -> None:
    request = ask(tls_server, "/deaf", method="PUT", content=b"x" * (32 * 1024 * 1024), timeout=TIMEOUT)
    late(make(verify=ca_file), request, RequestTimeout)


def test_timeout_bounds_the_handshake(make: Make, silent: str) -> None:
    late(make(), Request("GET", f"https://{silent}/", timeout=TIMEOUT), ConnectError)
