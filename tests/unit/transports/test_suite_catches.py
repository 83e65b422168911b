"""A suite that cannot fail is worthless: each broken transport here fails the test made for it."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import httpx
import pytest
from _pytest.outcomes import Failed

from mesa_core.errors import ConnectError, ConnectionLost, RequestTimeout, TransportError
from mesa_core.http import Headers, Request, Response
from mesa_transports import _forks
from mesa_transports._attempt import Attempt
from mesa_transports.httpx import AsyncHttpxTransport, HttpxTransport
from mesa_transports.testing import FaultServer, TransportSuite
from mesa_transports.testing.worlds import World, drive

pytest_plugins = ["pytester"]


class Raw(HttpxTransport):
    """What one would write first: the library's own way, errors unmapped."""

    options: ClassVar[dict[str, Any]] = {}

    def send(self, request: Request, /) -> Response:
        if self._closed:
            raise TransportError("closed", sent=False)
        response = self._opened(request).client.request(
            request.method,
            request.url,
            headers=list(request.headers.fields()),
            content=request.content,
            timeout=request.timeout,
            **self.options,
        )
        return Response(response.status_code, response.headers, response.content)


class FollowsRedirects(Raw):
    options: ClassVar[dict[str, Any]] = {"follow_redirects": True}


class PerReadTimeout(Raw):
    def send(self, request: Request, /) -> Response:
        try:
            return super().send(request)
        except httpx.HTTPError as error:
            raise ConnectionLost("lost") from error


class Retries(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        try:
            return super().send(request)
        except ConnectionLost:
            return super().send(request)


class LowersValues(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        request.headers = Headers((name, value.lower()) for name, value in request.headers.fields())
        return super().send(request)


class LosesRepeatedFields(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        response = super().send(request)
        response.headers = Headers(dict(response.headers.fields()))
        return response


class SaysSentWhenRefused(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        try:
            return super().send(request)
        except ConnectError as error:
            raise ConnectError(error.message, sent=True) from error


class TakesConnectingForWaiting(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        try:
            return super().send(request)
        except ConnectError as error:
            raise RequestTimeout(error.message) from error


class SaysUnsentWhenLost(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        try:
            return super().send(request)
        except ConnectionLost as error:
            raise ConnectionLost(error.message, sent=False) from error


class QuadruplesTimeouts(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        return super().send(Request("GET", request.url, timeout=(request.timeout or 0) * 4))


class ConnectsAnew(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        with HttpxTransport() as anew:
            return anew.send(request)


class DecodesText(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        response = super().send(request)
        response.content = response.content.decode("utf-8", "replace").encode()
        return response


class UnescapesTargets(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        request.url = request.url.replace("%2F", "/")
        return super().send(request)


class ForgetsThatItIsClosed(HttpxTransport):
    def close(self) -> None:
        super().close()
        self._closed = False


class LeavesConnectionsOpen(HttpxTransport):
    def close(self) -> None:
        self._closed = True

    def __del__(self) -> None:
        super().close()


class TellsSecrets(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        try:
            return super().send(request)
        except TransportError as error:
            error.args = (f"{request.method} {request.url}",)
            raise


class QuotesInItsCause(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        try:
            return super().send(request)
        except TransportError as error:
            raise error from LookupError(request.url)


class QuotesInItsContext(HttpxTransport):
    def send(self, request: Request, /) -> Response:
        failure: TransportError | None = None
        try:
            return super().send(request)
        except TransportError as error:
            failure = error
        try:
            {}[request.headers["Authorization"]]
        except LookupError:
            raise failure  # noqa: B904 - that is what is wrong with it


class QuotesWhatCame(PerReadTimeout):
    """What one would write first: `from error`, and a library that quotes the response."""


class MixesAnswersUp(HttpxTransport):
    last: Response | None = None

    def send(self, request: Request, /) -> Response:
        answer, self.last = self.last, super().send(request)
        return answer or self.last


CASES: list[tuple[Callable[[], HttpxTransport], str, dict[str, object]]] = [
    (FollowsRedirects, "test_redirect_is_not_followed", {"status": 302}),
    (Raw, "test_redirect_to_nowhere_is_a_response", {}),
    (Raw, "test_cookies_are_not_kept", {}),
    (Raw, "test_no_field_is_added_that_means_something", {"content": b""}),
    (Raw, "test_refused_connection", {}),
    (Raw, "test_header_that_cannot_be_sent", {"value": "\u2026"}),
    (Raw, "test_broken_response", {"path": "/truncated"}),
    (PerReadTimeout, "test_timeout_bounds_the_whole_attempt", {"path": "/drip-body"}),
    (PerReadTimeout, "test_timeout_bounds_the_whole_attempt", {"path": "/drip-fields"}),
    (QuadruplesTimeouts, "test_timeout_bounds_the_whole_attempt", {"path": "/stall"}),
    (Retries, "test_broken_response", {"path": "/reset"}),
    (SaysUnsentWhenLost, "test_broken_response", {"path": "/garbage"}),
    (SaysSentWhenRefused, "test_refused_connection", {}),
    (TakesConnectingForWaiting, "test_timeout_bounds_connecting", {}),
    (LowersValues, "test_request_fields", {}),
    (LosesRepeatedFields, "test_response_fields", {}),
    (UnescapesTargets, "test_target", {"target": "/echo/a%2Fb"}),
    (DecodesText, "test_response_body", {"path": "/all-bytes", "content": bytes(range(256))}),
    (ConnectsAnew, "test_connection_is_kept_alive", {}),
    (MixesAnswersUp, "test_16_at_once_get_their_own_answers", {}),
    (ForgetsThatItIsClosed, "test_use_after_close", {}),
    (LeavesConnectionsOpen, "test_close_closes_the_connections", {}),
    (TellsSecrets, "test_message_is_one_line_without_secrets", {"path": "/reset"}),
    (QuotesInItsCause, "test_traceback_shows_no_secrets", {"path": "/reset"}),
    (QuotesInItsContext, "test_traceback_shows_no_secrets", {"path": "/stall"}),
    (QuotesWhatCame, "test_traceback_shows_no_secrets", {"path": "/garbled-field"}),
]
IDS = [f"{transport.__name__}-{test}" for transport, test, _ in CASES]  # type: ignore[attr-defined]  # all are classes


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """A fault server that gives up after a second, so that what waits for ever does not."""
    monkeypatch.setattr("mesa_transports.testing.server._PATIENCE", 0.5)
    with FaultServer() as server:
        timer = threading.Timer(1.0, server._stopping.set)
        timer.start()
        yield server
        timer.cancel()
        timer.join()


def run(
    transport: object, server: FaultServer, test: str, arguments: dict[str, object], world: World = "blocking"
) -> None:
    with drive(transport, world) as driver:
        getattr(TransportSuite(), test)(driver, server, **arguments)


@pytest.mark.parametrize(("broken", "test", "arguments"), CASES, ids=IDS)
def test_broken_transport_fails(
    server: FaultServer, broken: Callable[[], HttpxTransport], test: str, arguments: dict[str, object]
) -> None:
    # A library's exception and one of ours of the wrong kind fail a test as an assertion does.
    with pytest.raises((AssertionError, Failed, httpx.HTTPError, UnicodeError, TransportError, TimeoutError)):
        run(broken(), server, test, arguments)


@pytest.mark.parametrize(("test", "arguments"), [case[1:] for case in CASES], ids=IDS)
def test_sound_transport_passes(server: FaultServer, test: str, arguments: dict[str, object]) -> None:
    run(HttpxTransport(), server, test, arguments)


class OwesNothingToItsChildren(HttpxTransport):
    def renew(self) -> None:
        self._opening = threading.Lock()


class SharesPools(AsyncHttpxTransport):
    """Has one pool, whichever event loop asks."""

    only: Any = None

    async def asend(self, request: Request, /) -> Response:
        with Attempt(request) as attempt:
            self.only = self.only or self._open()
            return await self._exchange(self.only, request, attempt)

    async def aclose(self) -> None:
        await self.only.aclose()


class MistakesCancellation(AsyncHttpxTransport):
    async def asend(self, request: Request, /) -> Response:
        try:
            return await super().asend(request)
        except BaseException:  # noqa: BLE001 - that is what is wrong with it
            return Response(200)


class LosesPlaces(AsyncHttpxTransport):
    """Gives a place back only when all went well."""

    async def asend(self, request: Request, /) -> Response:
        self.places = getattr(self, "places", None) or asyncio.Semaphore(12)
        await self.places.acquire()
        response = await super().asend(request)
        self.places.release()
        return response


ASYNC_CASES = [
    (MistakesCancellation, "test_cancellation_goes_through"),
    (LosesPlaces, "test_cancellation_gives_the_connection_back"),
    (SharesPools, "test_one_loop_after_the_other"),
    (SharesPools, "test_two_loops_at_once"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("broken", "test"), ASYNC_CASES)
def test_broken_async_transport_fails(server: FaultServer, broken: type[AsyncHttpxTransport], test: str) -> None:
    class Suite(TransportSuite):
        worlds = ("async",)

        def make(self, **options: Any) -> AsyncHttpxTransport:
            return broken(**options)

    with pytest.raises((AssertionError, RuntimeError, TimeoutError, TransportError, ExceptionGroup)):
        getattr(Suite(), test)(server, "asyncio")
    gc.collect()  # here, where what it warns of is expected


def test_fork_that_shares_connections_fails(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_forks, "_sockets", {})  # nothing to let go of
    monkeypatch.setattr("mesa_transports._httpcore.remember", lambda _: None)
    monkeypatch.setattr("mesa_transports.testing._forks._PATIENCE", 1)

    class Suite(TransportSuite):
        def make(self, **options: Any) -> HttpxTransport:
            return transport

    with (
        OwesNothingToItsChildren() as transport,
        pytest.raises((AssertionError, TransportError)),
    ):
        Suite().test_fork_in_the_middle_of_use(server, "blocking")


class Threaded:
    """An asynchronous transport, made of a blocking one."""

    def __init__(self) -> None:
        self._inner = HttpxTransport()

    async def asend(self, request: Request, /) -> Response:
        return await asyncio.to_thread(self._inner.send, request)

    async def aclose(self) -> None:
        self._inner.close()


@pytest.mark.parametrize(
    "test",
    [
        "test_gzip",
        "test_refused_connection",
        "test_16_at_once_get_their_own_answers",
        "test_close_twice",
        "test_use_after_close",
    ],
)
def test_the_same_tests_serve_the_async_world(server: FaultServer, test: str) -> None:
    run(Threaded(), server, test, {}, "async")


@pytest.mark.parametrize("world", ["blocking", "async"])
def test_transport_of_no_world_is_refused(world: World) -> None:
    with pytest.raises(TypeError, match=world), drive(object(), world):
        pass


def test_worlds_of_a_suite_are_its_parameters(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from mesa_transports.httpx import HttpxTransport
        from mesa_transports.testing import TransportSuite

        class TestMine(TransportSuite):
            worlds = ("blocking", "async")
            def make(self, **options):
                return HttpxTransport(**options)

        class TestForgotten(TransportSuite):
            pass
        """
    )
    result = pytester.runpytest_inprocess("-k", "test_gzip", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["*HttpxTransport is no transport of the async world*", "*override make()*"])


def test_a_suite_whose_author_does_not_say_how_its_transport_is_made_tells_him_to() -> None:
    with pytest.raises(NotImplementedError, match=r"override make\(\)"):
        TransportSuite().make()
