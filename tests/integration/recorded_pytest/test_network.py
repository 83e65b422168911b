"""A test that replays cannot reach the network, whatever it asks with."""

from __future__ import annotations

import re
import socket
from contextlib import suppress

import pytest

from mesa_transports.recorded.pytest_plugin.network import blocked

pytest_plugins = ["pytester"]

WAYS = """
    import asyncio
    import socket
    import urllib.request

    import anyio
    import httpx
    import pytest
    import requests
    import trio
    from mesa_sdk import AsyncMesa, Mesa, Request
    from mesa_transports.httpx import AsyncHttpxTransport, HttpxTransport

    pytestmark = pytest.mark.mesa_recording

    @pytest.fixture(params=["127.0.0.1", "localhost", "depot.example"])
    def host(request):
        return request.param

    def test_transport(host):
        with HttpxTransport() as transport:
            transport.send(Request("GET", f"http://{host}:9/"))

    def test_client(host):
        with Mesa(server_url=f"https://{host}:9/api/v1", api_key="k", transport="httpx") as client:
            client.repos.get(org="acme", repo="docs")

    @pytest.mark.anyio
    async def test_async_client(host):
        async with AsyncMesa(server_url=f"https://{host}:9/api/v1", api_key="k", transport="httpx") as client:
            await client.repos.get(org="acme", repo="docs")

    def test_httpx(host):
        httpx.get(f"http://{host}:9/")

    def test_requests(host):
        requests.get(f"http://{host}:9/")

    def test_urllib(host):
        urllib.request.urlopen(f"http://{host}:9/")

    def test_streams(host):
        asyncio.run(asyncio.open_connection(host, 9))

    @pytest.mark.anyio
    async def test_anyio(host):
        await anyio.connect_tcp(host, 9)

    def test_trio(host):
        trio.run(trio.open_tcp_stream, host, 9)

    def test_connect(host):
        with socket.socket() as sock:
            sock.connect((host, 9))

    def test_connect_ex(host):
        with socket.socket() as sock:
            sock.connect_ex((host, 9))

    def test_sendto(host):
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.sendto(b"x", (host, 9))

    def test_sendto_with_flags(host):
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.sendto(b"x", 0, (host, 9))

    def test_sendmsg(host):
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.sendmsg([b"x"], [], 0, (host, 9))

    def test_v6():
        with socket.socket(socket.AF_INET6) as sock:
            sock.connect(("::1", 9))
"""

SAID = (
    r"Failed(: |\(\")the network is blocked while (\S+) replays, and it asked for .*"
    r"run with --mesa-record=new; to let it through, mark the test: .*"
)


@pytest.mark.slow
def test_every_way_is_blocked(separate):
    separate.write(test_ways=WAYS)
    result = separate.run("--tb=line", "-p", "no:logging")
    result.assert_outcomes(failed=16 * 3 + 1)
    said = {found[2]: found[0] for found in re.finditer(SAID, result.stdout.str())}
    tests = re.findall(r"FAILED (\S+)", result.stdout.str())
    assert len(tests) == 16 * 3 + 1
    for test in tests:
        host = next((host for host in ("127.0.0.1", "localhost", "depot.example") if host in test), "::1")
        assert f"asked for {host}" in said[test]
        assert f"@pytest.mark.mesa_recording(allow_hosts=[{host!r}])" in said[test]
    assert "ConnectError" not in result.stdout.str()


def test_only_while_replaying(suite):
    suite.write(
        test_depot="""
        import os, socket
        import pytest

        URL = os.environ["MESA_SERVER_URL"]
        ADDRESS = ("127.0.0.1", int(URL.split(":")[2].split("/")[0]))

        def reach():
            socket.create_connection(ADDRESS).close()

        def test_before():
            reach()

        def test_client(mesa):
            mesa.repos.create(org="acme", body={"name": "docs"})
            reach()

        @pytest.mark.mesa_recording
        def test_marked():
            reach()

        @pytest.mark.mesa_recording(mode="new")
        def test_marked_new():
            reach()

        @pytest.mark.mesa_recording(allow_hosts=["127.0.0.1"])
        def test_allowed(mesa):
            mesa.repos.create(org="umbrella", body={"name": "docs"})
            reach()

        @pytest.mark.mesa_recording(allow_hosts=("LOCALHOST.",))
        def test_allowed_name():
            socket.create_connection(("localhost", ADDRESS[1])).close()

        @pytest.mark.parametrize("marked", [False, pytest.param(True, marks=pytest.mark.mesa_recording)])
        def test_sometimes_marked(marked):
            reach()

        def test_after():
            reach()
    """
    )
    suite.record(mode="once").assert_outcomes(passed=9)
    for mode in ("replay", "once"):
        result = suite.record(mode=mode)
        failing = ["client", *(["marked", "sometimes_marked[[]True[]]"] if mode == "replay" else [])]
        result.assert_outcomes(passed=9 - len(failing), failed=len(failing))
        result.stdout.fnmatch_lines([f"FAILED test_depot.py::test_{each} - *" for each in failing])


def test_marked_test_whose_recording_is_there_replays_once(suite):
    suite.write(
        test_depot="""
        import socket
        import pytest

        @pytest.mark.mesa_recording("shared")
        def test_record(mesa):
            mesa.repos.create(org="acme", body={"name": "docs"})

        @pytest.mark.mesa_recording("shared")
        def test_marked():
            socket.create_connection(("127.0.0.1", 9)).close()
    """
    )
    first = suite.record()
    first.assert_outcomes(passed=1, failed=1)
    first.stdout.fnmatch_lines(["E *ConnectionRefusedError*"])  # it may: the recording is being made
    second = suite.record()
    second.assert_outcomes(passed=1, failed=1)
    second.stdout.fnmatch_lines(["E *Failed: the network is blocked while test_depot.py::test_marked replays, *"])


def test_what_stays_allowed(suite):
    suite.write(
        test_depot="""
        import asyncio, socket
        import pytest

        pytestmark = pytest.mark.mesa_recording

        def test_pairs():
            for sock in socket.socketpair():
                sock.close()

        def test_unix(tmp_path, monkeypatch):
            monkeypatch.chdir(tmp_path)
            with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as sock:
                listening.bind("s")
                listening.listen()
                sock.connect("s")

        def test_listening():
            async def serve():
                server = await asyncio.start_server(lambda reader, writer: None, "localhost", 0)
                server.close()

            asyncio.run(serve())

        def test_own_address():
            assert socket.getaddrinfo(None, 80)
            assert socket.getaddrinfo("127.0.0.1", 80)
            assert socket.getaddrinfo(b"fe80::1%1", 80)

        def test_wrong_calls_fail_as_ever():
            with socket.socket() as sock:
                with pytest.raises(TypeError):
                    sock.connect("127.0.0.1")
                with pytest.raises(TypeError):
                    sock.sendto()
    """
    )
    suite.run().assert_outcomes(passed=5)


def test_beside_pytest_socket(suite):
    suite.write(
        test_depot="""
        import socket
        import pytest

        BEFORE = {name: getattr(socket, name) for name in ("socket", "getaddrinfo", "socketpair")}

        @pytest.mark.mesa_recording
        def test_ours():
            socket.create_connection(("127.0.0.1", 9))

        def test_theirs():
            with pytest.warns(UserWarning), pytest.raises(RuntimeError, match="A test tried to use socket.socket.conn"):
                socket.create_connection(("127.0.0.2", 9))

        @pytest.mark.mesa_recording(allow_hosts=["127.0.0.2"])
        def test_both():
            with pytest.warns(UserWarning), pytest.raises(RuntimeError, match="A test tried to use socket.socket.conn"):
                socket.create_connection(("127.0.0.2", 9))

        @pytest.mark.mesa_recording
        @pytest.mark.disable_socket
        def test_no_sockets_at_all():
            with pytest.warns(UserWarning), pytest.raises(RuntimeError, match="A test tried to use socket.socket"):
                socket.socket()

        @pytest.mark.enable_socket
        def test_put_back():
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", 9))
            assert BEFORE == {name: getattr(socket, name) for name in BEFORE}
    """
    )
    connect = socket.socket.connect
    result = suite.run("--disable-socket", "--allow-hosts=127.0.0.1")
    socket.socket.connect = connect  # pytest-socket does not know that it ran inside of a test that it guards
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_depot.py::test_ours - *"])


class TestBlocked:
    """The context manager by itself."""

    @pytest.fixture
    def reached(self, monkeypatch):
        """Where connections would have gone."""
        reached = []
        monkeypatch.setattr(socket.socket, "connect", lambda _, address: reached.append(address))
        return reached

    def test_everything_is_put_back(self):
        names = ("connect", "connect_ex", "sendto", "sendmsg")
        before = [vars(socket.socket).get(name) for name in names]
        functions = [socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex, socket.socketpair]
        with suppress(ZeroDivisionError), blocked("a test"), blocked("a test in a test"):
            raise ZeroDivisionError
        assert [vars(socket.socket).get(name) for name in names] == before
        assert [socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex, socket.socketpair] == functions

    def test_what_others_put_back_stays(self, monkeypatch):
        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", print)
            with blocked("a test"):
                socket.getaddrinfo = len
            assert socket.getaddrinfo is len

    def test_system_without_sendmsg(self, monkeypatch):
        """Windows is one."""
        kind = type("Plain", (), {"__module__": "socket", "connect": None, "connect_ex": None, "sendto": None})
        with monkeypatch.context() as patched:
            patched.setattr(socket, "socket", kind)
            with blocked("a test"):
                assert not hasattr(kind, "sendmsg")

    def test_pair_that_is_a_connection(self, monkeypatch):
        """As on Windows, where event loops need one."""

        def pair() -> tuple[socket.socket, socket.socket]:
            with socket.create_server(("127.0.0.1", 0)) as server:
                one = socket.socket()
                one.connect(server.getsockname())
                return one, server.accept()[0]

        monkeypatch.setattr(socket, "socketpair", pair)
        with blocked("a test"):
            for sock in socket.socketpair():
                sock.close()
            with pytest.raises(pytest.fail.Exception):
                socket.create_connection(("127.0.0.1", 9))

    @pytest.mark.parametrize(
        ("allowed", "address"),
        [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1", "::ffff:127.0.0.1"),
            ("0:0:0:0:0:0:0:1", "::1"),
            ("fe80::1", "fe80::1%eth0"),
            ("depot.example", "Depot.Example."),
            ("depot.example", b"depot.example"),
        ],
    )
    def test_spellings_of_hosts(self, reached, allowed, address):
        with blocked("a test", [allowed]), socket.socket() as sock:
            sock.connect((address, 9))
            with pytest.raises(pytest.fail.Exception):
                sock.connect((f"not-{allowed}", 9))
        assert reached == [(address, 9)]

    @pytest.mark.parametrize("look_up", ["getaddrinfo", "gethostbyname", "gethostbyname_ex"])
    def test_look_ups(self, reached, look_up, monkeypatch):
        answers = {
            "getaddrinfo": [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 9))],
            "gethostbyname": "192.0.2.1",
            "gethostbyname_ex": ("depot.example", [], ["192.0.2.1"]),
        }
        monkeypatch.setattr(socket, look_up, lambda *_: answers[look_up])
        arguments = (9,) if look_up == "getaddrinfo" else ()
        with blocked("a test", ["depot.example"]), socket.socket() as sock:
            with pytest.raises(pytest.fail.Exception, match=r"asked for other\.example\."):
                getattr(socket, look_up)("other.example", *arguments)
            getattr(socket, look_up)("depot.example", *arguments)
            getattr(socket, look_up)(socket.gethostname(), *arguments)
            sock.connect(("192.0.2.1", 9))
        assert reached == [("192.0.2.1", 9)]

    def test_datagrams_to_allowed_hosts(self):
        with (
            blocked("a test", ["127.0.0.1"]),
            socket.socket(type=socket.SOCK_DGRAM) as receiver,
            socket.socket(type=socket.SOCK_DGRAM) as sender,
        ):
            receiver.bind(("127.0.0.1", 0))
            sender.sendto(b"to", receiver.getsockname())
            sender.sendmsg([b"msg"], [], 0, receiver.getsockname())
            assert [receiver.recv(9), receiver.recv(9)] == [b"to", b"msg"]

    def test_socket_is_closed(self):
        """Who makes a connection closes the socket after an OSError only."""
        with blocked("a test"):
            sock = socket.socket()
            with pytest.raises(pytest.fail.Exception):
                sock.connect(("127.0.0.1", 9))
            assert sock.fileno() == -1
