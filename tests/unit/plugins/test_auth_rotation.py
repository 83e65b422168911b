"""A key that is a callable: how often it is asked, and what becomes of a 401. In both worlds."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_core import AttemptRecord, Call, Plugin, Request, Response, hookimpl
from mesa_plugins.retries import Retries
from mesa_sdk import (
    APIError,
    AsyncMesa,
    ConfigurationError,
    Forbidden,
    InvalidRequest,
    Mesa,
    MesaError,
    RawResponse,
    ServerError,
    Unauthorized,
)

GOOD = Response(200, {}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}')


@define
class Server:
    """A transport of both worlds: answers in order; the last answer is given again and again."""

    answers: list[Response]
    sent: list[str | None] = field(factory=list, repr=False)
    """The Authorization of each request."""

    def send(self, request: Request, /) -> Response:
        self.sent.append(request.headers.get("Authorization"))
        return copy.deepcopy(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    async def asend(self, request: Request, /) -> Response:
        return self.send(request)

    def close(self) -> None: ...

    async def aclose(self) -> None: ...


@define
class Vault:
    """A callable key: gives keys in order, the last one again and again."""

    keys: list[str]
    asked: int = 0

    def __call__(self) -> str:
        self.asked += 1
        return self.keys.pop(0) if len(self.keys) > 1 else self.keys[0]


Ask = Callable[..., tuple[RawResponse[Any] | None, MesaError | None, list[str | None]]]


def org(client: Any) -> Any:
    return client.raw.org.get(org="o")


def webhook(client: Any) -> Any:
    return client.raw.request("POST", "/{org}/hooks", path={"org": "o"}, body={})


@pytest.fixture(params=["blocking", "async"])
def ask(request: pytest.FixtureRequest, clock: Any) -> Ask:
    """Makes a call in either world; gives its result or its error, and the Authorization of each request."""

    def ask(key: object, answers: Iterable[Response], call: Callable[[Any], Any] = org, **options: Any) -> Any:
        server = Server(list(answers))
        kind = Mesa if request.param == "blocking" else AsyncMesa
        options = {"retry_config": {"backoff": {"initial_interval": 0}}, **options}
        client = kind(api_key=key, transport=server, clock=clock, **options)
        try:
            made = call(client)
            return asyncio.run(made) if asyncio.iscoroutine(made) else made, None, server.sent
        except MesaError as error:
            return None, error, server.sent

    return ask


def statuses(attempts: Iterable[AttemptRecord]) -> list[int | None]:
    return [each.status_code for each in attempts]


REFUSED = Response(401)


@pytest.mark.parametrize("call", [org, webhook])
@pytest.mark.parametrize("options", [{}, {"retry_config": {"strategy": "none"}}, {"retry_config": {"max_attempts": 1}}])
def test_a_401_asks_once_more_and_the_attempt_is_repeated_at_once_with_another_key(
    ask: Ask, clock: Any, call: Any, options: dict[str, Any]
) -> None:
    vault = Vault(["old", "new"])
    result, _, sent = ask(vault, [REFUSED, GOOD], call, **options)
    assert sent == ["Bearer old", "Bearer new"]
    assert result is not None
    assert statuses(result.attempts) == [401, 200]
    assert vault.asked == 2
    assert clock.waits == []


@pytest.mark.parametrize("call", [org, webhook])
def test_never_more_than_once_a_call(ask: Ask, call: Any) -> None:
    vault = Vault(["old", "new", "newer", "newest"])
    _, error, sent = ask(vault, [REFUSED], call)
    assert type(error) is Unauthorized
    assert statuses(error.attempts) == [401, 401]
    assert sent == ["Bearer old", "Bearer new"]
    assert vault.asked == 2


def test_the_same_key_again_is_not_sent_again(ask: Ask) -> None:
    vault = Vault(["old"])
    _, error, sent = ask(vault, [REFUSED, GOOD])
    assert type(error) is Unauthorized
    assert sent == ["Bearer old"]
    assert vault.asked == 2


def test_a_key_that_is_no_callable_is_refused_once(ask: Ask) -> None:
    _, error, sent = ask("old", [REFUSED, GOOD])
    assert type(error) is Unauthorized
    assert sent == ["Bearer old"]


@pytest.mark.parametrize(("status", "kind"), [(403, Forbidden), (500, ServerError), (407, APIError)])
def test_another_status_asks_nothing(ask: Ask, status: int, kind: type[APIError]) -> None:
    vault = Vault(["old", "new"])
    _, error, sent = ask(vault, [Response(status), GOOD], retry_config={"strategy": "none"})
    assert type(error) is kind
    assert (sent, vault.asked) == (["Bearer old"], 1)


def test_each_call_may_do_it_anew(ask: Ask) -> None:
    vault = Vault(["1", "2", "3", "4"])
    server = [REFUSED, GOOD]
    for old, new in ("12", "34"):
        assert ask(vault, server)[2] == [f"Bearer {old}", f"Bearer {new}"]


def test_it_counts_as_no_retry(ask: Ask, clock: Any) -> None:
    unavailable, config = Response(503), {"max_attempts": 2, "backoff": {"initial_interval": 4000, "exponent": 10}}
    plugins = [Retries(capacity=1, jitter=lambda: 1.0)]
    vault = Vault(["old", "new", "newer"])
    result, error, sent = ask(
        vault, [REFUSED, unavailable, GOOD], retry_config=config, plugins=plugins, disable_plugins=["retries"]
    )
    assert error is None
    assert result is not None
    assert statuses(result.attempts) == [401, 503, 200]
    assert sent == ["Bearer old", "Bearer new", "Bearer newer"]
    assert clock.waits == [4]


@pytest.mark.parametrize("disabled", [[], ["retries"]])
def test_it_needs_no_retries(ask: Ask, disabled: list[str]) -> None:
    plugins = [] if disabled else [Retries(capacity=0)]
    result, _, _ = ask(Vault(["old", "new"]), [REFUSED, GOOD], plugins=plugins, disable_plugins=["retries"])
    assert result is not None


def test_no_time_left_leaves_the_401(ask: Ask, clock: Any) -> None:
    keys = iter(["old", "new"])

    def key() -> str:
        clock.now += 5
        return next(keys)

    _, error, sent = ask(key, [REFUSED, GOOD], retry_config={"backoff": {"max_elapsed_time": 10_000}})
    assert type(error) is Unauthorized
    assert sent == ["Bearer old"]


@pytest.mark.parametrize(
    ("second", "message"),
    [(LookupError("s3cret"), "api_key: the callable raised LookupError"), ("", "api_key: the key is empty or blank")],
)
def test_a_callable_that_fails_when_asked_again_is_named(ask: Ask, second: Any, message: str) -> None:
    answers = iter(["old", second])

    def key() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    _, error, _ = ask(key, [REFUSED, GOOD])
    assert isinstance(error, ConfigurationError)
    assert str(error) == message
    assert statuses(error.attempts) == [401]


class Sends(Plugin):
    """Rewrites the URL of one attempt."""

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt

    @hookimpl(trylast=True)
    def before_request(self, request: Request, call: Call) -> None:
        if call.attempt == self.attempt:
            request.url = "https://bucket.example/object?X-Signature=x"


def test_a_401_of_another_origin_asks_nothing(ask: Ask) -> None:
    vault = Vault(["old"])
    _, error, sent = ask(vault, [REFUSED, GOOD], plugins=[Sends(1)])
    assert type(error) is Unauthorized
    assert (sent, vault.asked) == ([None], 0)
    _, error, sent = ask(vault, [Response(503), REFUSED, GOOD], plugins=[Sends(2)])
    assert type(error) is Unauthorized
    assert (sent, vault.asked) == (["Bearer old", None], 1)


def test_a_key_asked_for_again_goes_to_no_other_origin_either(ask: Ask) -> None:
    _, error, sent = ask(Vault(["old", "new"]), [REFUSED, GOOD], plugins=[Sends(2)])
    assert error is None
    assert sent == ["Bearer old", None]


def test_what_it_keeps_for_a_call_shows_no_key(ask: Ask) -> None:
    shown: list[str] = []

    class Looks(Plugin):
        def on_error(self, error: MesaError, call: Call) -> None:
            shown.append(f"{call} {call.state}")

    ask(Vault(["s3cret-1", "s3cret-2"]), [REFUSED], plugins=[Looks()])
    assert len(shown) == 2
    assert not any("s3cret" in each for each in shown)


def test_a_request_of_a_template_of_ones_own_stays_at_the_server(ask: Ask) -> None:
    seen: list[str] = []

    class Looks(Plugin):
        @hookimpl(trylast=True)
        def before_request(self, request: Request) -> None:
            seen.append(request.url)

    def call(template: str) -> Callable[[Any], Any]:
        return lambda client: client.raw.request(
            "GET", template, path={"o": "https://evil.example"} if "{" in template else {}
        )

    _, error, sent = ask("key", [GOOD], call("https://evil.example/x"))
    assert isinstance(error, InvalidRequest)
    assert sent == []
    for template in ("//evil.example/x", "/@evil.example", "/{o}", "/\\evil.example"):
        ask("key", [GOOD], call(template), plugins=[Looks()])
    assert len(seen) == 4
    assert all(url.startswith("https://depot.mesa.dev/api/v1/") for url in seen)


@settings(deadline=None)
@given(failures=st.lists(st.sampled_from([401, 503, 429]), max_size=8), rotates=st.booleans())
def test_it_is_asked_once_for_each_attempt_and_after_the_first_401(*, failures: list[int], rotates: bool) -> None:
    asked = 0

    def key() -> str:
        nonlocal asked
        asked += 1
        return f"key_{asked if rotates else 0}"

    server = Server([*map(Response, failures), GOOD])
    config: Any = {"backoff": {"initial_interval": 0}}
    mesa = Mesa(api_key=key, transport=server, retry_config=config, disable_plugins=["tracing"])
    try:
        attempts = mesa.raw.org.get(org="o").attempts
    except Unauthorized as error:
        attempts = error.attempts
        assert failures[: len(attempts)].count(401) == (2 if rotates else 1)
    else:
        assert failures.count(401) <= (1 if rotates else 0)
    assert asked == len(attempts) + (0 if rotates or len(attempts) > len(failures) else 1)
    assert len(set(server.sent)) == (len(attempts) if rotates else 1)
