"""Secrets planted everywhere a secret can be are in no record, repr, traceback, span or figure."""

from __future__ import annotations

import asyncio
import json
import logging
import socketserver
import threading
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from traces import Traces

from mesa_core import Call, Plugin, Request, Response, Retry, hookimpl
from mesa_sdk import AsyncMesa, ConnectError, InvalidRequest, Mesa, MesaError
from mesa_transports.local import LocalDepot

AT = "2026-01-02T03:04:05Z"
PLACES = (
    *("key", "header", "call-header", "query", "template", "webhook", "token", "password", "state"),
    *("cookie", "body", "details", "created", "signature", "proxy", "exception"),
)
SECRETS = {place: f"s3cr3t-{place}-Xy" for place in PLACES}
KEPT = ("key", "header", "proxy", "state")
"""Those that a client or a plugin keeps, from call to call."""


class Watch(Plugin):
    """Keeps a secret on itself and with each call, and shows all that it sees, hook by hook."""

    def __init__(self) -> None:
        self.secret = SECRETS["state"]
        self.shown: list[str] = []

    def before_call(self, call: Call) -> None:
        call.state[Watch] = SECRETS["state"]
        self.show(call)

    @hookimpl(trylast=True)
    def before_request(self, request: Request, call: Call) -> None:
        self.show(request, call, call.options, call.operation, call.config)

    def after_response(self, response: Response, call: Call) -> None:
        self.show(response, response.headers, call)

    def on_error(self, error: MesaError, call: Call) -> None:
        self.show(error, error.attempts, call)

    def after_call(self, error: BaseException | None, call: Call) -> None:
        self.show(error, call)

    def show(self, *seen: object) -> None:
        self.shown += [text for each in seen for text in (repr(each), str(each))]


class Records(logging.Handler):
    """All that a formatter could make of a record."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.shown += [record.getMessage(), self.format(record), str(vars(record))]


class Script:
    """A transport of both worlds that answers in order, and keeps what it was sent."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.traffic: list[str] = []

    def send(self, request: Request, /) -> Response:
        self.traffic.append(f"{request.url} {list(request.headers.fields())} {request.content!r}")
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        self.traffic.append(f"{list(answer.headers.fields())} {answer.content!r}")
        return answer

    def close(self) -> None: ...

    async def asend(self, request: Request, /) -> Response:
        return self.send(request)

    async def aclose(self) -> None: ...


class Net:
    """Catches whatever is shown anywhere: by records, spans, durations, and what a test looks at."""

    def __init__(self) -> None:
        self.traces, self.watch, self.records = Traces(), Watch(), Records()
        self.look = self.watch.show

    def options(self, *plugins: object) -> dict[str, Any]:
        headers = {"X-Private": SECRETS["header"]}
        return {"api_key": SECRETS["key"], "headers": headers, **self.traces.options(*plugins, self.watch)}

    def attempt(self, call: Callable[[], Any], *, chain: bool = True) -> Any:
        """Make a call in either world, and look at what comes of it, with or without what it came from."""
        try:
            result = call()
            result = asyncio.run(result) if isinstance(result, Coroutine) else result
        except (MesaError, KeyboardInterrupt) as error:
            self.look(error, *getattr(error, "__notes__", []), *traceback.format_exception(error, chain=chain))
            self.look(*variables(error))
            return error
        self.look(result)
        return result

    @property
    def shown(self) -> list[str]:
        spans = [str((span.to_json(), span.events, span.status.description)) for span in self.traces.spans]
        figures = [metric.to_json() for metric in self.traces.metrics]
        assert self.records.shown
        assert spans
        assert figures
        return self.watch.shown + self.records.shown + spans + figures


def variables(error: BaseException) -> Iterator[object]:
    """All that is ours among the variables of our frames, which error reporters show, and whatever holds what is ours.

    Other plain data is as its owner gave it: a body, a query, headers of a call.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_globals["__name__"].partition(".")[0] in ("mesa_core", "mesa_plugins", "mesa_transports"):
            for value in frame.f_locals.values():
                if type(value).__module__ != "builtins" or any(SECRETS[each] in repr(value) for each in KEPT):
                    yield value


@pytest.fixture
def net(caplog: pytest.LogCaptureFixture) -> Iterator[Net]:
    """Nothing secret may be caught in it when a test is over."""
    net = Net()
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "mesa")
    logging.getLogger().addHandler(net.records)
    yield net
    logging.getLogger().removeHandler(net.records)
    for place, secret in SECRETS.items():
        assert not [text for text in net.shown if secret in text], place


@pytest.fixture(params=[Mesa, AsyncMesa], ids=["blocking", "async"])
def make(request: pytest.FixtureRequest, net: Net, clock: Any) -> Callable[..., Any]:
    """Makes a client of either world, caught in the net."""

    def make(transport: Any, *plugins: object, **options: Any) -> Any:
        client = request.param(transport=transport, clock=clock, **net.options(*plugins) | options)
        net.look(client, client.raw.repos, client.world.parts.config, client.plugins)
        return client

    return make


def planted(traffic: list[str], *places: str) -> None:
    """Check that the secrets were really there to be shown."""
    assert [place for place in places if SECRETS[place] not in "".join(traffic)] == []


def refusal(status: int) -> Response:
    envelope = {"code": "NO", "message": "no", "details": {"hint": SECRETS["details"]}, "debug": SECRETS["body"]}
    return Response(status, {"Set-Cookie": SECRETS["cookie"]}, json.dumps({"error": envelope}).encode())


def answer(data: object) -> Response:
    headers = {"Content-Type": "application/json", "Set-Cookie": SECRETS["cookie"], "X-New": SECRETS["body"]}
    return Response(200, headers, json.dumps(data).encode())


ORG = {"created_at": AT, "num_repos": 3}
CREATED = {"id": "k", "key": SECRETS["created"], "name": None, "scopes": [], "created_at": AT}
LFS = {"oid": "0" * 64, "size": 1, "exists": True, "upload_url": f"https://s.example/o?sig={SECRETS['signature']}"}


def test_of_the_local_depot(net: Net, make: Callable[..., Any]) -> None:
    with LocalDepot(root_key=SECRETS["key"]) as depot:
        client = make(depot.transport())
        for uri in (f"https://bot:{SECRETS['password']}@git.example/a.git", "https://git.example/a.git"):
            body = {"name": "widgets", "upstream": {"uri": uri, "token": SECRETS["token"]}}
            repo = net.attempt(lambda body=body: client.repos.create(org="acme", body=body))
        assert repo.upstream.has_credential
        hook = {"url": "https://hook.example/", "secret": SECRETS["webhook"]}
        net.attempt(lambda: client.webhooks.create(org="acme", repo="widgets", body=hook))
        net.attempt(lambda: client.raw.repos.get(org="acme", repo="widgets"))
        net.attempt(lambda: client.repos.get(org="acme", repo="missing"))
        net.attempt(lambda: client.repos.list(org="acme"))
        created = net.attempt(lambda: client.admin.create_api_key(org="acme", body={"name": "bot"}))
        objects = {"objects": [{"oid": "0" * 64, "size": 1}]}
        signed = net.attempt(lambda: client.lfs.upload(org="acme", repo="widgets", body=objects))
        query = {"limit": 5, "token": SECRETS["query"]}
        net.attempt(lambda: client.request("GET", "/{org}/repos", path={"org": "acme"}, query=query))
        for secret in (created.key, signed.objects[0].upload_url.partition("?")[2]):
            assert secret
            assert not [text for text in net.shown if secret in text]


class TestOfAScript:
    def test_a_success_after_retries(self, net: Net, make: Callable[..., Any]) -> None:
        broken = Response(503, {"Set-Cookie": SECRETS["cookie"]}, SECRETS["body"].encode())
        script = Script(refusal(503), ConnectError("refused"), broken, answer(ORG))
        client = make(script)
        net.attempt(lambda: client.org.get(org="o", request_options={"headers": {"X-Call": SECRETS["call-header"]}}))
        planted(script.traffic, "key", "header", "call-header", "cookie", "body", "details")

    @pytest.mark.parametrize("status", [302, 400, 401, 404, 409, 429, 500])
    def test_a_refusal(self, net: Net, make: Callable[..., Any], status: int) -> None:
        script = Script(refusal(status), refusal(status), Response(status, {}, SECRETS["body"].encode()))
        client = make(script, retry_config={"strategy": "none"})
        for _ in range(2):
            assert isinstance(net.attempt(lambda: client.org.get(org="o")), MesaError)
        planted(script.traffic, "key", "header", "cookie", "body", "details")

    @pytest.mark.parametrize(
        "data",
        [{**CREATED, "created_at": "never"}, {**CREATED, "key": [SECRETS["created"]]}, [CREATED], SECRETS["created"]],
    )
    def test_an_answer_that_cannot_be_read(self, net: Net, make: Callable[..., Any], data: object) -> None:
        script = Script(answer(data), Response(200, {}, b'{"key": "' + SECRETS["created"].encode()))
        client = make(script)
        for _ in range(2):
            assert isinstance(net.attempt(lambda: client.admin.create_api_key(org="o", body={})), MesaError)
        planted(script.traffic, "created")

    def test_secrets_that_the_server_makes(self, net: Net, make: Callable[..., Any]) -> None:
        script = Script(answer(CREATED), answer({"objects": [LFS]}))
        client = make(script)
        net.attempt(lambda: client.raw.admin.create_api_key(org="o", body={}))
        net.attempt(lambda: client.lfs.upload(org="o", repo="r", body={"objects": [{"oid": "0" * 64, "size": 1}]}))
        planted(script.traffic, "created", "signature")

    def test_a_body_that_is_refused_before_it_is_sent(self, net: Net, make: Callable[..., Any]) -> None:
        client = make(Script(answer(ORG)))
        upstream = {"uri": "u", "token": [SECRETS["token"]]}
        for call in (
            lambda: client.webhooks.create(org="o", repo="r", body={"url": "u", "secret": [SECRETS["webhook"]]}),
            lambda: client.repos.create(org="o", body={"name": "n", "upstream": upstream}),
            lambda: client.org.get(org="o", request_options={"headers": {"X-Call": SECRETS["call-header"] + "\n"}}),
        ):
            assert isinstance(net.attempt(call), InvalidRequest)
        net.attempt(lambda: client.org.get(org="o"))

    def test_urls(self, net: Net, make: Callable[..., Any]) -> None:
        class Signs(Plugin):
            def before_request(self, request: Request, call: Call) -> None:
                if call.operation.name == "org.get":
                    user, signature = SECRETS["password"], SECRETS["signature"]
                    request.url = f"https://bot:{user}@bucket.example/o?X-Signature={signature}#{signature}"

        script = Script(answer(ORG), ConnectError("refused"), answer(ORG), refusal(404))
        client = make(script, Signs())
        template = f"/{{org}}?token={SECRETS['template']}"
        net.attempt(lambda: client.request("GET", template, path={"org": "o"}))
        net.attempt(lambda: client.org.get(org="o"))
        net.attempt(lambda: client.request("GET", "/{org}", path={"org": "o"}, query={"q": SECRETS["query"]}))
        planted(script.traffic, "template", "query", "password", "signature")

    @pytest.mark.parametrize("hook", ["before_call", "before_request", "after_response", "on_error", "after_call"])
    def test_a_plugin_that_breaks(self, net: Net, make: Callable[..., Any], hook: str) -> None:
        def fail(self: object) -> None:
            raise LookupError("a text of its own")

        broken = type("Broken", (Plugin,), {hook: fail})()
        script = Script(refusal(404), answer(ORG))
        client = make(script, broken, retry_config={"strategy": "none"})
        for _ in range(2):
            net.attempt(lambda: client.org.get(org="o"))
        net.attempt(lambda: make(Script(answer(ORG))).org.get(org="o"))

    def test_an_interrupt(self, net: Net, make: Callable[..., Any]) -> None:
        script = Script(KeyboardInterrupt())
        assert isinstance(net.attempt(lambda: make(script).org.get(org="o")), KeyboardInterrupt)
        planted(script.traffic, "key", "header")

    def test_a_poll(self, net: Net, make: Callable[..., Any]) -> None:
        class Polls(Plugin):
            def after_response(self, response: Response, call: Call) -> Retry | None:
                return Retry(2) if call.attempt < 3 else None

        net.attempt(lambda: make(Script(*[answer(ORG)] * 3), Polls()).org.get(org="o"))


class TestOfWhatOthersRaise:
    """Their own exception is the cause, with a text of their own; in all that is ours it is told by its class."""

    @pytest.mark.parametrize("hook", ["before_call", "before_request", "after_response", "on_error", "after_call"])
    def test_a_plugin(self, net: Net, make: Callable[..., Any], hook: str) -> None:
        def fail(self: object) -> None:
            raise LookupError(SECRETS["exception"])

        broken = type("Broken", (Plugin,), {hook: fail})()
        answers = [answer(ORG), refusal(404)] if hook == "after_call" else [refusal(404), answer(ORG)]
        client = make(Script(*answers), broken, retry_config={"strategy": "none"})
        self.found(net, client)
        net.attempt(lambda: client.org.get(org="o"), chain=False)
        self.fill(net, make)

    def test_a_key(self, net: Net, make: Callable[..., Any]) -> None:
        def key() -> str:
            raise LookupError(SECRETS["exception"])

        self.found(net, make(Script(), api_key=key))
        self.fill(net, make)

    @pytest.mark.parametrize("error", [LookupError, OSError, ValueError])
    def test_a_transport(self, net: Net, make: Callable[..., Any], error: type[Exception]) -> None:
        self.found(net, make(Script(error(SECRETS["exception"])), retry_config={"strategy": "none"}))

    @staticmethod
    def found(net: Net, client: Any) -> None:
        """Make a call that fails, and look at it; the secret is in the cause, where its owner finds it."""
        error = net.attempt(lambda: client.org.get(org="o"), chain=False)
        assert isinstance(error, MesaError)
        while error.__cause__ is not None:
            error = error.__cause__
        assert SECRETS["exception"] in str(error)

    @staticmethod
    def fill(net: Net, make: Callable[..., Any]) -> None:
        """Make a call that is sent, for something must be shown: some of those that fail send nothing."""
        assert not isinstance(net.attempt(lambda: make(Script(answer(ORG))).org.get(org="o")), MesaError)


def test_a_cancellation_in_a_wait_and_in_an_attempt(net: Net, clock: Any) -> None:
    async def hang(_: object) -> Response:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def cancel(client: AsyncMesa) -> None:
        task = asyncio.create_task(client.org.get(org="o"))
        await reached.wait()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            net.look(error, traceback.format_exc())

    clock.asleep = hang
    for script in (Script(refusal(503)), Script()):
        reached = asyncio.Event()
        if not script.answers:
            script.asend = hang
        asyncio.run(cancel(AsyncMesa(transport=script, clock=clock, **net.options())))
    assert [span.attributes["error.type"] for span in net.traces.calls] == ["cancelled"] * 2


@contextmanager
def serving(answer: str) -> Iterator[str]:
    """Answer any request on loopback with these lines, and then hang up."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(answer.replace("\n", "\r\n").encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield "http://{}:{}".format(*server.server_address)
        server.shutdown()
        thread.join()


COOKIE, SIGNATURE = SECRETS["cookie"], SECRETS["signature"]
ANSWERS = {
    "whole": f"200 OK\nSet-Cookie: {COOKIE}\nLocation: https://s.example/?sig={SIGNATURE}\nContent-Length: 2\n\n{{}}",
    "field": f"200 OK\nSet-Cookie {COOKIE}\nContent-Length: 2\n\n{{}}",
    "status": f"{COOKIE} OK\n\n",
    "chunk": f"200 OK\nTransfer-Encoding: chunked\n\n{COOKIE}\n",
    "encoding": f"200 OK\nContent-Encoding: gzip\nContent-Length: {len(COOKIE)}\n\n{COOKIE}",
    "redirect": f"302 Found\nLocation: https://s.example/?{SIGNATURE}\nContent-Length: 0\n\n",
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(
    ("kind", "transport"),
    [
        *((Mesa, name) for name in ("httpx", "httpx2", "requests", "urllib3")),
        *((AsyncMesa, name) for name in ("httpx", "httpx2", "aiohttp")),
    ],
)
def test_what_libraries_log_and_raise(net: Net, kind: Any, transport: str, answer: str) -> None:
    async def ask(client: AsyncMesa) -> object:
        async with client:
            return await client.request("GET", "/x", query={"token": SECRETS["query"]})

    with serving(f"HTTP/1.1 {ANSWERS[answer]}") as url:
        client = kind(transport=transport, server_url=url, retry_config={"strategy": "none"}, **net.options())
        if isinstance(client, AsyncMesa):
            net.attempt(lambda: ask(client))
        else:
            with client:
                net.attempt(lambda: client.request("GET", "/x", query={"token": SECRETS["query"]}))


@pytest.mark.parametrize("transport", ["httpx", "httpx2", "requests", "urllib3", "aiohttp"])
def test_a_proxy_that_cannot_be_reached(net: Net, transport: str) -> None:
    options = {"proxy": f"http://bot:{SECRETS['proxy']}@127.0.0.1:9"}
    kind = AsyncMesa if transport == "aiohttp" else Mesa
    client = kind(transport=transport, transport_options=options, retry_config={"strategy": "none"}, **net.options())
    net.look(client, client.transport)
    query = {"token": SECRETS["query"]}
    assert isinstance(net.attempt(lambda: client.request("GET", "/x", query=query)), ConnectError)
    if isinstance(client, Mesa):
        client.close()
    else:
        asyncio.run(client.aclose())
