"""Clients of both worlds, over every transport, against a server on loopback that fails: what a caller gets.

A client outlives its faults: each test uses the one that the tests before it have left. Backoff is waited for on a
clock that does not wait.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Self, cast

import pytest
from anyio.from_thread import start_blocking_portal
from anyio.lowlevel import checkpoint
from attrs import define, field, frozen
from waiting import Waiting

from mesa_core import AttemptRecord, Call, MesaError, Plugin, RawResponse, Request, hookimpl
from mesa_core.drivers import SystemClock
from mesa_sdk import APIError, AsyncMesa, ConnectError, Mesa, RateLimited, TransportError, Unauthorized
from mesa_transports.testing.peer import Peer, Received

Method = Callable[..., RawResponse[Any]]
Behaviour = Callable[[Peer, Received], bool]

TRANSPORTS = {
    "httpx": (Mesa, "httpx"),
    "httpx2": (Mesa, "httpx2"),
    "requests": (Mesa, "requests"),
    "urllib3": (Mesa, "urllib3"),
    "async httpx": (AsyncMesa, "httpx"),
    "async httpx2": (AsyncMesa, "httpx2"),
    "async aiohttp": (AsyncMesa, "aiohttp"),
}
KEY = "mesa_s3cr3t"
SHORT = 150  # milliseconds that a slow attempt may take
ANSWER = {  # read as an organization and as a repository
    "created_at": "2026-01-02T03:04:05Z",
    "num_repos": 3,
    "id": "r1",
    "org": "o",
    "name": "n",
    "default_branch": "main",
    "head_sha": None,
    "size_bytes": 12,
    "upstream": None,
}
JSON = ("Content-Type", "application/json")


class FailingServer:
    """Answers each request with the next behaviour of its script, the last one again and again."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._script: list[Behaviour] = []
        self._stopping = threading.Event()
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = _Listener(self)
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.server_address[1]}"

    def play(self, *script: Behaviour) -> None:
        """Forget what was received, and fail by another script."""
        with self._lock:
            self.received, self._script = [], list(script)

    def serve(self, sock: socket.socket) -> None:
        peer = Peer(sock, self._stopping)
        self._open.append(sock)
        try:
            while (received := peer.receive()) is not None:
                if not self._next(received)(peer, received):
                    break
        finally:
            peer.close()

    def _next(self, received: Received) -> Behaviour:
        with self._lock:
            self.received.append(received)
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._listener.shutdown()
        for sock in self._open:
            with suppress(OSError):  # closed already
                sock.shutdown(socket.SHUT_RDWR)
        self._listener.server_close()
        self._thread.join()


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):  # the client went away
            cast("_Listener", self.server).owner.serve(self.request)


class _Listener(socketserver.ThreadingTCPServer):
    request_queue_size = 128

    def __init__(self, owner: FailingServer) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)

    def shutdown_request(self, request: Any) -> None:
        """Leave closing to the peer: this would end in peace what is to end in a reset."""


@define
class Impatient(SystemClock):
    """A clock that notes waits and does not wait."""

    waits: list[float] = field(factory=list)

    def sleep(self, seconds: float, /) -> None:
        self.waits.append(seconds)

    async def asleep(self, seconds: float, /) -> None:
        self.waits.append(seconds)


def answer(status: int, content: object = ANSWER, *fields: tuple[str, str]) -> Behaviour:
    """Answer with JSON, or with bytes as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    def behave(peer: Peer, received: Received) -> bool:
        peer.respond(status, body, *(fields or (JSON,)))
        return True

    return behave


GOOD = answer(200)


def reset(peer: Peer, received: Received) -> bool:
    peer.reset()
    return False


def close(peer: Peer, received: Received) -> bool:
    return False


def reset_before_body(peer: Peer, received: Received) -> bool:
    peer.respond(200, b"", JSON, ("Content-Length", "1000"))
    return reset(peer, received)


def reset_in_body(peer: Peer, received: Received) -> bool:
    peer.respond(200, b'{"num_repos": ', JSON, ("Content-Length", "1000"))
    return reset(peer, received)


def end_in_body(peer: Peer, received: Received) -> bool:
    peer.respond(200, b'{"num_repos": ', JSON, ("Content-Length", "1000"))
    return False


def slow_headers(peer: Peer, received: Received) -> bool:
    peer.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    peer.drip(b"x" * 500, 0.02)
    return False


def slow_body(peer: Peer, received: Received) -> bool:
    peer.respond(200, b"", JSON, ("Content-Length", "1000"))
    peer.drip(b" " * 500, 0.02)
    return False


def not_http(peer: Peer, received: Received) -> bool:
    peer.send(b"\x00\x15 this is not HTTP\r\n\r\n")
    return False


def safe(client: Any, **options: Any) -> Any:
    return client.raw.org.get(org="o", request_options=options)


def unsafe(client: Any, **options: Any) -> Any:
    return client.raw.repos.create(org="o", body={"name": "n"}, request_options=options)


ALWAYS, IF_SAFE, NEVER = (safe, unsafe), (safe,), ()


@frozen
class Fault:
    """What a server does once, and what a caller sees of it."""

    behaviour: Behaviour
    seen: int | str
    """A status, or the name of an error."""
    repeated: tuple[Method, ...]
    """The calls that make another attempt after it."""
    asks: float = 0.0
    timeout_ms: float = 10_000


REFUSAL = {"error": {"code": "INTERNAL_SERVER_ERROR", "message": "m"}}
FAULTS = {
    "reset before an answer": Fault(reset, "ConnectionLost", IF_SAFE),
    "reset before the body": Fault(reset_before_body, "ConnectionLost", IF_SAFE),
    "reset in the body": Fault(reset_in_body, "ConnectionLost", IF_SAFE),
    "closed before an answer": Fault(close, "ConnectionLost", IF_SAFE),
    "closed in the body": Fault(end_in_body, "ConnectionLost", IF_SAFE),
    "no HTTP": Fault(not_http, "ConnectionLost", IF_SAFE),
    "503": Fault(answer(503, b"busy", ("X", "y")), 503, ALWAYS),
    "503 with Retry-After": Fault(answer(503, b"", ("Retry-After", "7")), 503, ALWAYS, asks=7),
    "429 with Retry-After": Fault(answer(429, REFUSAL, JSON, ("Retry-After", "9")), 429, ALWAYS, asks=9),
    "500": Fault(answer(500, REFUSAL), 500, IF_SAFE),
    "502 of a proxy": Fault(answer(502, b"<html>", ("Content-Type", "text/html")), 502, IF_SAFE),
    "slow headers": Fault(slow_headers, "RequestTimeout", IF_SAFE, timeout_ms=SHORT),
    "slow body": Fault(slow_body, "RequestTimeout", IF_SAFE, timeout_ms=SHORT),
    "truncated JSON": Fault(answer(200, b'{"num_repos": 3, "crea'), "ResponseValidationError", NEVER),
    "wrong content type": Fault(
        answer(200, b"<html>", ("Content-Type", "text/html")), "ResponseValidationError", NEVER
    ),
    "200 with an error body": Fault(answer(200, REFUSAL), "ResponseValidationError", NEVER),
    "404": Fault(answer(404, REFUSAL), 404, NEVER),
}


@contextmanager
def client_of(name: str, **options: Any) -> Iterator[Mesa]:
    """Make a client; one of the async world is waited for."""
    kind, transport = TRANSPORTS[name]
    options = {"api_key": KEY, "transport": transport, "timeout_ms": 10_000, **options}
    if kind is Mesa:
        with Mesa(**options) as mesa:
            yield mesa
    else:
        with start_blocking_portal() as portal:
            client = AsyncMesa(**options)
            yield cast("Mesa", Waiting(portal, client))
            portal.call(client.aclose)


@pytest.fixture(scope="module", autouse=True)
def _no_proxy() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def server() -> Iterator[FailingServer]:
    with FailingServer() as server:
        yield server


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[FailingServer]:
    """A server of another origin."""
    with FailingServer() as server:
        yield server


@pytest.fixture(scope="module")
def clock() -> Impatient:
    return Impatient()


@pytest.fixture(scope="module", params=TRANSPORTS)
def client(request: pytest.FixtureRequest, server: FailingServer, clock: Impatient) -> Iterator[Mesa]:
    with client_of(request.param, server_url=server.url, clock=clock) as client:
        yield client


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return request.param


def outcome(call: Callable[[], RawResponse[Any]]) -> tuple[MesaError | None, tuple[AttemptRecord, ...]]:
    try:
        return None, call().attempts
    except MesaError as error:
        return error, error.attempts


def seen(record: AttemptRecord) -> int | str:
    return record.status_code or (record.error or "").partition(":")[0]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_passed_over_where_that_can_do_no_harm_and_otherwise_told(
    client: Mesa, server: FailingServer, clock: Impatient, fault: str
) -> None:
    what = FAULTS[fault]
    invalid = what.seen == "ResponseValidationError"
    for call in (safe, unsafe):
        server.play(GOOD)
        safe(client)  # so that there is a connection, and a short timeout is none of connecting
        server.play(what.behaviour, GOOD)
        clock.waits.clear()
        error, attempts = outcome(lambda call=call: call(client, timeout_ms=what.timeout_ms))
        repeated = call in what.repeated
        assert [seen(each) for each in attempts] == [200 if invalid else what.seen, *([200] if repeated else [])]
        assert len(server.received) == len(attempts)
        assert len({each.content for each in server.received}) == 1
        if repeated:
            assert error is None
            assert what.asks <= sum(clock.waits) <= max(what.asks, 0.5)
        else:
            assert what.seen in (type(error).__name__, getattr(error, "status_code", None))
            assert clock.waits == []


@pytest.mark.parametrize("call", [safe, unsafe])
def test_after_a_reset_behind_the_body_the_next_call_has_another_connection(
    client: Mesa, server: FailingServer, call: Method
) -> None:
    read, closed = threading.Event(), threading.Event()

    def reset_after_body(peer: Peer, received: Received) -> bool:
        GOOD(peer, received)
        read.wait(10)
        peer.reset()
        peer.close()
        closed.set()
        return False

    server.play(reset_after_body, GOOD)
    assert len(call(client).attempts) == 1
    read.set()
    assert closed.wait(10)
    if isinstance(client, Waiting):
        client.portal.call(checkpoint)  # its event loop looks at its sockets
    assert len(call(client).attempts) == 1
    assert len(server.received) == 2


@pytest.mark.parametrize("call", [safe, unsafe])
@pytest.mark.parametrize("asks", [(), (("Retry-After", "0"),), (("Retry-After", "2"),)])
def test_a_storm_of_429_ends_after_four_attempts(
    client: Mesa, server: FailingServer, clock: Impatient, call: Method, asks: Any
) -> None:
    server.play(answer(429, REFUSAL, JSON, *asks))
    clock.waits.clear()
    with pytest.raises(RateLimited) as storm:
        call(client)
    assert [each.status_code for each in storm.value.attempts] == [429] * 4
    assert len(server.received) == 4
    if asks == (("Retry-After", "2"),):
        assert clock.waits == [2, 2, 2]


@pytest.mark.parametrize("call", [safe, unsafe])
def test_a_server_that_refuses_connections_has_got_nothing_so_all_is_repeated(transport: str, call: Method) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # and never listens
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with client_of(transport, server_url=url, clock=Impatient()) as client, pytest.raises(ConnectError) as refused:
            call(client)
    assert [seen(each) for each in refused.value.attempts] == ["ConnectError"] * 4
    assert refused.value.sent is False


def test_a_call_ends_in_time_though_an_attempt_may_take_longer(transport: str, server: FailingServer) -> None:
    server.play(slow_body)
    config: Any = {"backoff": {"max_elapsed_time": 2 * SHORT}}
    with client_of(transport, server_url=server.url, retry_config=config) as client:
        error, attempts = outcome(lambda: safe(client, timeout_ms=60_000))
    assert isinstance(error, TransportError)
    assert [seen(each) for each in attempts] == ["RequestTimeout"]
    assert 0.1 < attempts[0].elapsed < 5


@pytest.mark.slow
def test_a_hundred_threads_send_a_dead_server_their_calls_and_the_allowance(
    transport: str, server: FailingServer
) -> None:
    server.play(answer(503, REFUSAL))
    with (
        client_of(transport, server_url=server.url, clock=Impatient()) as client,
        ThreadPoolExecutor(100) as threads,
    ):
        done = list(threads.map(lambda _: outcome(lambda: safe(client)), range(100)))
    assert {type(error).__name__ for error, _ in done} == {"ServerError"}
    assert sum(len(attempts) for _, attempts in done) == len(server.received) == 100 + 100


# The key


def keys(server: FailingServer) -> list[list[str]]:
    return [each.get_all("Authorization") for each in server.received]


@pytest.mark.parametrize("call", [safe, unsafe])
def test_a_401_is_answered_with_another_key_once(transport: str, server: FailingServer, call: Method) -> None:
    refused = answer(401, REFUSAL)
    for script, statuses in (((refused, GOOD), [401, 200]), ((refused,), [401, 401])):
        given = iter(["old", "new", "newer"])
        with client_of(transport, server_url=server.url, api_key=lambda given=given: next(given)) as client:
            server.play(*script)
            error, attempts = outcome(lambda client=client: call(client, retry_config={"strategy": "none"}))
        assert [each.status_code for each in attempts] == statuses
        assert isinstance(error, Unauthorized) == (statuses[-1] == 401)
        assert keys(server) == [["Bearer old"], ["Bearer new"]]
        assert len({each.content for each in server.received}) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("call", [safe, unsafe])
def test_a_redirect_to_another_origin_is_told_and_not_followed(
    client: Mesa, server: FailingServer, elsewhere: FailingServer, call: Method, status: int
) -> None:
    elsewhere.play(GOOD)
    server.play(answer(status, b"", ("Location", f"{elsewhere.url}/o")))
    with pytest.raises(APIError) as told:
        call(client)
    assert told.value.status_code == status
    assert keys(server) == [[f"Bearer {KEY}"]]
    assert elsewhere.received == []


class SendsElsewhere(Plugin):
    """Sends requests to a signed URL, and as late as a plugin can."""

    def __init__(self, url: str) -> None:
        self.url = url

    @hookimpl(trylast=True)
    def before_request(self, request: Request, call: Call) -> None:
        request.url = self.url


def test_a_signed_url_of_another_origin_gets_no_key(
    transport: str, server: FailingServer, elsewhere: FailingServer
) -> None:
    signed = f"{elsewhere.url}/object?X-Signature=abc"
    server.play(GOOD)
    elsewhere.play(answer(401, REFUSAL), GOOD)
    with ExitStack() as stack:
        plain = stack.enter_context(client_of(transport, server_url=server.url, api_key=lambda: KEY))
        plugins = [SendsElsewhere(signed)]
        sends = stack.enter_context(client_of(transport, server_url=server.url, api_key=lambda: KEY, plugins=plugins))
        plain.transport.send(Request("PUT", signed, content=b"an object", timeout=10))
        assert safe(sends).attempts[0].status_code == 200
        sends.request("GET", "/{org}", path={"org": "o"})
        plain.request("GET", "//127.0.0.2/{org}", path={"org": "o"})
    assert [each.target for each in elsewhere.received] == ["/object?X-Signature=abc"] * 3
    assert keys(elsewhere) == [[]] * 3
    assert KEY not in str([each.fields for each in elsewhere.received])
    assert keys(server) == [[f"Bearer {KEY}"]]
