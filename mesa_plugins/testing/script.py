"""A transport of both worlds that answers from a script, and clients on it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypedDict, Unpack

from attrs import evolve

from mesa_core import AsyncMesa, Mesa, Request, Response, RetryConfig, RetryConfigDict, TransportError
from mesa_plugins.testing.answers import Answer, Expected, check_answer, respond, shown, target_of
from mesa_plugins.testing.clock import FakeClock
from mesa_plugins.testing.hooks import HookLog

__all__ = ["ClientOptions", "Script", "UnexpectedRequest"]

API_KEY: Final = "mesa_test_key"
SERVER_URL: Final = "https://mesa.test"
_LOCK: Final = threading.Lock()  # the module's, so that a script pickles with its client


class UnexpectedRequest(TransportError, AssertionError):
    """A request for which the script has no answer.

    An `AssertionError`, and a `TransportError` too, since a client hands those through as they are.
    """


class ClientOptions(TypedDict, total=False):
    """The options of `Mesa`, but for its transport and its clock, which are the script's."""

    api_key: str | Callable[[], str] | None
    server_url: str | None
    timeout_ms: float | None
    retry_config: RetryConfig | RetryConfigDict | None
    headers: Mapping[str, str] | None
    plugins: Sequence[object] | None
    disable_plugins: Sequence[str]
    allow_http: bool


class Script:
    """A transport that answers in turn, and notes what it was sent. Threads may share it.

    Args:
        answers: A response, a JSON object, a status, an exception, or a function of the request, for each request in
            turn. `answer(…)` makes a response; `on("GET /acme/web", …)` answers that request alone.
        rest: The answer to every request after those; without it, each of them is unexpected.
        clock: The clock of its clients.

    Raises:
        TypeError: an answer is of no such kind.
        ValueError: it is a status that no final response has.

    Example:
        >>> script = Script(503, {"created_at": "2026-01-02T03:04:05Z", "num_repos": 3})
        >>> with script.client(plugins=[MyPlugin()]) as client:
        ...     client.org.get(org="acme")
        >>> script.assert_done()
    """

    def __init__(self, *answers: Answer, rest: Answer | None = None, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.hooks = HookLog()
        """The hooks of its clients, those of the built-in plugins too."""
        self.requests: list[Request] = []
        """The requests, as they were sent."""
        self.closed = 0
        """How often it was closed."""
        self._unexpected: list[UnexpectedRequest] = []
        self.continue_with(*answers, rest=rest)

    def continue_with(self, *answers: Answer, rest: Answer | None = None) -> None:
        """Answer so from now on, whatever was left; raises as the class does."""
        for each in (*answers, *(() if rest is None else (rest,))):
            check_answer(each)
        self._left = deque(answers)
        self._rest = rest

    def client(self, **options: Unpack[ClientOptions]) -> Mesa:
        """Return a blocking client on this script; options are those of `Mesa`.

        It has a key, a server and no plugins but the built-in ones, whatever the environment says.
        """
        client = Mesa(transport=self, clock=self.clock, **_complete(options))
        self.hooks.watch(client)
        return client

    def async_client(self, **options: Unpack[ClientOptions]) -> AsyncMesa:
        """Return a client for `async` code on this script, as `client` does."""
        client = AsyncMesa(transport=self, clock=self.clock, **_complete(options))
        self.hooks.watch(client)
        return client

    @property
    def client_clock(self) -> FakeClock:
        """The clock, for clients that are made as `Mesa(transport=script)`."""
        return self.clock

    @property
    def left(self) -> tuple[Answer, ...]:
        """The answers that were not asked for yet."""
        return tuple(self._left)

    def assert_done(self) -> None:
        """Assert that every answer was asked for, and nothing else.

        Raises:
            AssertionError: one was not, or there was an unexpected request that something has caught.
        """
        __tracebackhide__ = True
        if self._unexpected:
            raise AssertionError(str(self._unexpected[0])) from self._unexpected[0]
        if self._left:
            raise AssertionError(f"answers not asked for: {_listed(self.left)}; {self._history(len(self.requests))}")

    def send(self, request: Request, /) -> Response:
        """Answer a request.

        Raises:
            UnexpectedRequest: the script has no answer for it.
        """
        return respond(self._take(request), request)

    async def asend(self, request: Request, /) -> Response:
        """Answer a request of `async` code, as `send` does."""
        return respond(self._take(request), request)

    def close(self) -> None:
        """Count the call."""
        self.closed += 1

    async def aclose(self) -> None:
        """Count the call."""
        self.closed += 1

    def _take(self, request: Request) -> Answer:
        with _LOCK:
            self.requests.append(evolve(request, headers=request.headers.copy()))
            answer = self._left[0] if self._left else self._rest
            if answer is None or (isinstance(answer, Expected) and not answer.fits(request)):
                raise self._refused(request)
            if self._left:
                self._left.popleft()
            return answer

    def _refused(self, request: Request) -> UnexpectedRequest:
        left = f"left of the script: {_listed(self.left)}" if self._left else "nothing is left of the script"
        history = self._history(len(self.requests) - 1)
        error = UnexpectedRequest(f"unexpected request: {target_of(request)}; {left}; {history}", sent=True)
        self._unexpected.append(error)
        return error

    def _history(self, count: int) -> str:
        return f"answered: {', '.join(map(target_of, self.requests[:count])) or 'nothing'}"


def _complete(options: ClientOptions) -> ClientOptions:
    return {"api_key": API_KEY, "server_url": SERVER_URL, "plugins": (), **options}


def _listed(answers: Sequence[Answer]) -> str:
    return ", ".join(map(shown, answers))
