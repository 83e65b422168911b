"""The Depot as a library, as a transport, and as a command that serves it."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mesa_core.errors import ConfigurationError, ConnectError
from mesa_core.http import Request
from mesa_core.transport import AsyncTransport, Transport
from mesa_transports import local
from mesa_transports.local import LocalDepot, LocalTransport
from mesa_transports.local.__main__ import main
from mesa_transports.local.server import Server

KEY = {"Authorization": "Bearer any"}
UNSIGNED = "PUT /api/v1/a/r/lfs/objects/x?size=99999999&expires=9999999999&signature=x HTTP/1.1\r\n"


def get(url):
    return Request("GET", url, KEY)


def test_the_plugin_offers_the_transport():
    assert local.provide_transports() == {"local": LocalTransport}
    assert list(local.__all__) == sorted(local.__all__)


def test_importing_loads_neither_pygit2_nor_werkzeug():
    code = "import sys, mesa_transports.local as l; assert not {'pygit2', 'werkzeug', 'waitress'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("module", ["pygit2", "werkzeug"])
def test_a_missing_library_is_a_configuration_error(module):
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from mesa_transports.local import LocalTransport\n"
        "from mesa_core.errors import ConfigurationError\n"
        "try: LocalTransport()\nexcept ConfigurationError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "pip install 'mesa-sdk[local]'" in done.stdout


@pytest.mark.parametrize(
    "url",
    ["https://depot.mesa.dev/api/v1/acme", "http://localhost/acme", "https://x.example:1/proxy/api/v1/acme"],
)
def test_any_server_url_will_do(url):
    transport = LocalTransport()
    assert isinstance(transport, Transport)
    assert isinstance(transport, AsyncTransport)
    path = transport.depot.path
    assert transport.send(get(url)).status_code == 200
    transport.close()
    transport.close()
    assert not path.exists()
    with pytest.raises(ConnectError, match="closed"):
        transport.send(get(url))


def test_urls_of_every_kind():
    with LocalDepot() as depot:
        for path in ("/ключ", "/acme?q=ключ", "/acme/repos?limit=5&q=é%C3%A9#fragment", "/acme?q=[]{}|"):
            assert depot.handle(get(f"http://x:99999{path}")).status_code in {200, 404}
        headers = {"Authorization": "Bearer ключ", "X-Odd": "ключ"}
        assert depot.handle(Request("GET", "http://x/acme", headers)).status_code == 200
        with pytest.raises(ConnectError, match="URL"):
            depot.handle(get("http://[x/acme"))


def test_signed_urls_keep_the_base_of_the_server_url():
    with LocalDepot() as depot:
        base = "http://x.example/proxy/api/v1"
        depot.handle(Request("POST", f"{base}/acme/repos", KEY, b'{"name": "r"}'))
        body = json.dumps({"objects": [{"oid": hashlib.sha256(b"x").hexdigest(), "size": 1}]}).encode()
        answer = depot.handle(Request("POST", f"{base}/acme/r/lfs/objects", KEY, body))
        url = json.loads(answer.content)["objects"][0]["upload_url"]
        assert url.startswith(f"{base}/acme/r/lfs/objects/")
        assert depot.handle(Request("PUT", url, {}, b"x")).status_code == 200


def test_async():
    async def run():
        transport = LocalTransport()
        answers = await asyncio.gather(*(transport.asend(get(f"http://x/o{n}")) for n in range(8)))
        assert [answer.status_code for answer in answers] == [200] * 8
        await transport.aclose()
        with pytest.raises(ConnectError):
            await transport.asend(get("http://x/acme"))
        depot = LocalDepot()
        assert (await depot.asend(get("http://x/acme"))).status_code == 200
        await depot.aclose()

    asyncio.run(run())


def test_a_transport_to_an_open_depot_leaves_it_open():
    with LocalDepot() as depot:
        assert isinstance(depot, Transport)
        with_depot = LocalTransport(depot=depot)
        with_depot.close()
        assert depot.transport().send(get("http://x/acme")).status_code == 200
        with pytest.raises(ConfigurationError, match="depot"):
            LocalTransport(depot=depot, root_key="x")
    with pytest.raises(ConnectError):
        depot.send(get("http://x/acme"))


def test_closing_waits_for_requests(monkeypatch):
    depot = LocalDepot()
    entered, leave = threading.Event(), threading.Event()

    def slow(self, org):
        entered.set()
        leave.wait(5)
        return 0

    monkeypatch.setattr(type(depot._services.repositories), "count", slow)
    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(depot.handle, get("http://x/acme"))
        entered.wait(5)
        closing = pool.submit(depot.close)
        assert not closing.done()
        leave.set()
        assert answer.result().status_code == 200
        closing.result()


def test_a_forgotten_depot_cleans_up():
    path = LocalDepot().path
    gc.collect()
    assert not path.exists()


def test_options_that_cannot_work(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ConfigurationError, match="path"):
        LocalDepot(file)
    with pytest.raises(ConfigurationError, match="root_key"):
        LocalDepot(root_key="")
    with pytest.raises(ConfigurationError, match="open_to_any_key"):
        LocalTransport(path=tmp_path)
    (tmp_path / "depot.sqlite3").write_bytes(b"not a database" * 1000)
    with pytest.raises(ConfigurationError, match="database"):
        LocalDepot(tmp_path)


def test_a_failed_start_leaves_no_directory(monkeypatch, tmp_path):
    import tempfile

    from mesa_transports.local.services import Services

    def broken(*arguments, **options):
        raise OSError("disk")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Services, "build", broken)
    with pytest.raises(ConfigurationError):
        LocalDepot()
    assert list(tmp_path.iterdir()) == []


def test_data_stays_where_it_was_put(tmp_path):
    for expected in (201, 409):
        transport = LocalTransport(path=tmp_path / "new" / "data", open_to_any_key=True)
        request = Request("POST", "http://x/acme/repos", KEY, b'{"name": "r"}')
        assert transport.send(request).status_code == expected
        transport.close()
    assert (tmp_path / "new/data/depot.sqlite3").stat().st_mode & 0o077 == 0


def test_it_starts_at_once():
    """In time of the processor, since the machine may have other things to do."""
    LocalDepot().close()  # what it imports
    started = time.process_time()
    LocalDepot().close()
    assert time.process_time() - started < 0.1


def ask(url, method="GET", content=None, **headers):
    request = urllib.request.Request(url, content, KEY | headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.fixture
def served():
    with LocalDepot() as depot, Server(depot).start() as server:
        yield server
    server.close()


def test_served_over_http(served):
    as_json = {"Content-Type": "application/json"}
    assert ask(f"{served.url}/acme/repos", "POST", b'{"name": "r"}', **as_json)[0] == 201
    commit = {"branch": "main", "message": "m", "author": {"name": "B", "email": "b@x.y"}, "files": []}
    assert ask(f"{served.url}/acme/r/commits", "POST", json.dumps(commit).encode(), **as_json)[0] == 201
    branch = b'{"name": "f/x", "from": "main"}'
    assert ask(f"{served.url}/acme/r/branches", "POST", branch, **as_json)[0] == 201
    assert ask(f"{served.url}/acme/r/branches/f%2Fx", "DELETE")[0] == 200
    assert ask(f"{served.url}/acme/r/branches", "POST", branch, **as_json)[0] == 201
    assert ask(f"{served.url}/acme/r/branches/f/x", "DELETE")[0] == 200
    assert ask(f"{served.url}/acme/r%2Fbranches")[0] == 404
    assert ask(f"{served.url}/acme/r/content?path=caf%C3%A9")[0] == 404
    status, body = ask(served.url.replace("/api/v1", "/acme"))
    assert (status, json.loads(body)["error"]["code"]) == (404, "NOT_FOUND")
    assert ask(f"{served.url}0/acme")[0] == 404


def test_large_files_over_http(served):
    ask(f"{served.url}/acme/repos", "POST", b'{"name": "r"}', **{"Content-Type": "application/json"})
    data = os.urandom(3 << 20)
    body = json.dumps({"objects": [{"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}]}).encode()
    as_json = {"Content-Type": "application/json"}
    url = json.loads(ask(f"{served.url}/acme/r/lfs/objects", "POST", body, **as_json)[1])["objects"][0]["upload_url"]
    assert ask(url, "PUT", data)[0] == 200
    found = json.loads(ask(f"{served.url}/acme/r/lfs/objects/download", "POST", body, **as_json)[1])["objects"][0]
    assert ask(found["download_url"]) == (200, data)


def exchange(server, content):
    """Send bytes and return the status and the JSON of what comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(content)
        with connection.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            headers = dict(line.decode().strip().split(": ", 1) for line in iter(answer.readline, b"\r\n"))
            assert headers["Content-Type"] == "application/json"
            assert headers["X-Request-Id"]
            return status, json.loads(answer.read(int(headers["Content-Length"])))["error"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        ("FOO\r\n\r\n", 400, "BAD_REQUEST"),
        ("get /api/v1/acme HTTP/1.1\r\n\r\n", 400, "BAD_REQUEST"),
        ("GET /api/v1/é HTTP/1.1\r\n\r\n", 400, "BAD_REQUEST"),
        ("GET http://[x/api/v1/acme HTTP/1.1\r\n\r\n", 400, "BAD_REQUEST"),
        ("GET /api/v1/acme HTTP/1.1\r\nAuthorization sekret\r\n\r\n", 400, "BAD_REQUEST"),
        ("GET /api/v1/acme HTTP/1.1\r\nX: 1\r\nAuthorization: \nsekret\r\n\r\n", 400, "BAD_REQUEST"),
        (f"GET /api/v1/acme HTTP/1.1\r\nX: {'a' * 300_000}\r\n\r\n", 431, "HEADERS_TOO_LARGE"),
        ("POST /api/v1/acme/repos HTTP/1.1\r\nContent-Length: abc\r\n\r\n", 400, "BAD_REQUEST"),
        (f"POST /api/v1/acme/repos HTTP/1.1\r\nContent-Length: {'9' * 5000}\r\n\r\n", 400, "BAD_REQUEST"),
        ("POST /api/v1/acme/repos HTTP/1.1\r\nContent-Length: 67108865\r\n\r\n", 413, "PAYLOAD_TOO_LARGE"),
        (f"{UNSIGNED}Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n", 413, "PAYLOAD_TOO_LARGE"),
        ("PUT /api/v2/x HTTP/1.1\r\nContent-Length: 67108865\r\n\r\n", 413, "PAYLOAD_TOO_LARGE"),
        ("POST /api/v1/acme/repos HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "NOT_IMPLEMENTED"),
        ("POST /api/v1/acme/repos HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "BAD_REQUEST"),
    ],
)
def test_faults_of_http_are_refused_in_the_envelope(served, content, status, code):
    answered, error = exchange(served, content.encode())
    assert (answered, error["code"], error["details"]) == (status, code, {})
    assert "sekret" not in error["message"]


def test_a_signed_upload_may_be_larger_than_json(as_key):
    data = os.urandom(5000)
    with LocalDepot(max_body_bytes=1000) as depot, Server(depot).start() as server:
        ask(f"{server.url}/acme/repos", "POST", b'{"name": "r"}', **{"Content-Type": "application/json"})
        body = json.dumps({"objects": [{"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}]}).encode()
        as_json = {"Content-Type": "application/json"}
        answer = ask(f"{server.url}/acme/r/lfs/objects", "POST", body, **as_json)[1]
        url = json.loads(answer)["objects"][0]["upload_url"]
        path = url.removeprefix(f"http://127.0.0.1:{server.port}")
        head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: "
        assert exchange(server, f"{head}{len(data) + 1}\r\n\r\n".encode())[0] == 413
        assert exchange(server, f"{head}1001\r\n\r\n".replace("signature=", "signature=0").encode())[0] == 413
        assert ask(url, "PUT", data)[0] == 200
        exact = b'{"name": "q"}' + b" " * 987
        assert ask(f"{server.url}/acme/repos", "POST", exact, **as_json)[0] == 201


def test_an_application_that_fails_under_waitress_is_answered_in_the_envelope(monkeypatch, caplog):
    from mesa_transports.local.app import Application

    def broken(self, environ, start_response):
        raise RuntimeError("sekret detail")

    monkeypatch.setattr(Application, "__call__", broken)
    with LocalDepot() as depot, Server(depot).start() as server:
        status, error = exchange(server, b"GET /api/v1/acme HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (status, error["code"]) == (500, "INTERNAL_SERVER_ERROR")
    assert "sekret" not in error["message"]


def test_a_burst_of_requests_is_nothing_to_warn_of(served, caplog):
    with ThreadPoolExecutor(40) as pool:
        assert {status for status, _ in pool.map(lambda _: ask(f"{served.url}/acme"), range(200))} == {200}
    assert [record for record in caplog.records if "queue" in record.getMessage()] == []


def test_chunked_bodies_and_absolute_request_targets(served):
    lines = [
        f"POST {served.url}/acme/repos HTTP/1.1", "Host: x", "Authorization: Bearer x", "Transfer-Encoding: chunked",
        "Connection: close", "", "d", '{"name": "r"}', "0", "", "",
    ]  # fmt: skip
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall("\r\n".join(lines).encode())
        with connection.makefile("rb") as answer:
            assert b" 201 " in answer.readline()


def test_other_wsgi_servers_pass_the_decoded_path_only():
    from werkzeug.test import Client

    with LocalDepot() as depot:

        def without_raw_path(environ, start_response):
            for name in ("REQUEST_URI", "RAW_URI"):
                environ.pop(name, None)
            return depot.wsgi(environ, start_response)

        client = Client(without_raw_path)
        assert client.post("/api/v1/acme/repos", json={"name": "r"}, headers=KEY).status_code == 201
        assert client.delete("/api/v1/acme/r/branches/f/x", headers=KEY).status_code == 404
        assert client.get("/api/v1/acme/é", headers=KEY).status_code == 404
        target = {"REQUEST_URI": "http://[x/api/v1/acme"}
        assert Client(depot.wsgi).get("/api/v1/acme", headers=KEY, environ_overrides=target).status_code == 404


def test_a_loop_that_wakes_by_itself_closes_nothing_that_is_still_to_be_written_to(monkeypatch):
    """Or the number would be closed, and perhaps another file's by then."""
    with LocalDepot() as depot:
        server = Server(depot).start()
        trigger = server._server.trigger
        pull = trigger._physical_pull

        def woken_before():
            pull()
            server._thread.join(0.2)  # long enough to end in, if it can
            pull()

        monkeypatch.setattr(trigger, "_physical_pull", woken_before)
        server.close()


def test_git_knows_nothing_of_requests():
    """The git layer imports itself, names, times, refusals and what is kept of histories, and no other part."""
    package = "mesa_transports.local."
    allowed = {"git", "names", "clock", "refusals", "disk", "history_index"}
    folder = Path(local.__file__).parent / "git"
    imported = {
        line.split()[1].removeprefix(package).partition(".")[0]
        for path in folder.glob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith((f"from {package}", f"import {package}"))
    }
    assert imported == allowed


def command(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "mesa_transports.local", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_it_is_told_to_stop(number):
    with command("--port", "0") as process:
        url = process.stdout.readline().split()[3]
        key = process.stdout.readline().split()[-1]
        data = process.stdout.readline().split()[1].rstrip(",")
        headers = {"Authorization": f"Bearer {key}"}
        assert ask(f"{url}/acme", **headers)[0] == 200
        assert ask(f"{url}/acme")[0] == 401
        assert Path(data).is_dir()
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""
    assert not Path(data).exists()


def test_the_command_never_prints_a_key_that_was_given(tmp_path):
    with command("--port", "0", "--data", str(tmp_path / "d"), "--root-key", "sekret") as process:
        url = process.stdout.readline().split()[3]
        assert ask(f"{url}/acme", Authorization="Bearer sekret")[0] == 200
        process.terminate()
        assert "sekret" not in process.stdout.read() + process.stderr.read()
    assert (tmp_path / "d" / "depot.sqlite3").exists()


def test_what_the_command_cannot_do_is_one_line_and_exit_2(capsys, tmp_path, served):
    file = tmp_path / "file"
    file.touch()
    for arguments in (["--data", str(file)], ["--port", str(served.port)], ["--host", "203.0.113.1", "--port", "0"]):
        assert main(arguments) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
    with pytest.raises(SystemExit) as stopped:
        main(["--port", "65536"])
    assert stopped.value.code == 2


def test_the_command_warns_when_others_can_reach_it(monkeypatch, capsys):
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(Server, "run", lambda self: None)
    assert main(["--host", "0.0.0.0", "--port", "0", "--root-key", "k"]) == 0
    out, err = capsys.readouterr()
    assert "development and tests" in out
    assert "not loopback" in err
    assert main(["--port", "0"]) == 0


def test_serving_without_waitress_is_one_line(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "waitress.server", None)
    assert main(["--port", "0"]) == 2
    assert "pip install 'mesa-sdk[local]'" in capsys.readouterr().err


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address to serve on")
def test_ipv6():
    with LocalDepot() as depot, Server(depot, host="::1") as server:
        assert server.url == f"http://[::1]:{server.port}/api/v1"
