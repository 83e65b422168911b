"""Authentication: the key goes to the server's own origin, fresh for each attempt, and nowhere else."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import Any

import pytest

from mesa_core import Call, Plugin, Request, hookimpl
from mesa_sdk import AsyncMesa, ConfigurationError, InvalidRequest, Mesa, Response

Client = Callable[..., Mesa]
KEY = "mesa_s3cr3t"


class Sends(Plugin):
    """Rewrites a request's URL, as late as a plugin can."""

    def __init__(self, url: str) -> None:
        self.url = url

    @hookimpl(trylast=True)
    def before_request(self, request: Request, call: Call) -> None:
        request.url = self.url


def sent(mesa: Mesa) -> Request:
    mesa.org.get(org="o")
    return mesa.transport.requests[-1]


def test_the_key_is_a_bearer_token(client: Client, good: Response) -> None:
    assert sent(client(good, api_key=KEY)).headers.get_all("Authorization") == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/o",
        "https://depot.mesa.dev:8443/o",
        "http://depot.mesa.dev/o",
        "https://depot.mesa.dev.evil.example/o",
        "https://depot.mesa.dev@evil.example/o",
        "https://evil.example/https://depot.mesa.dev/o",
        "https://evil.example?https://depot.mesa.dev/",
        "https://bucket.example/object?X-Signature=x",
    ],
)
def test_no_request_to_another_origin_carries_it(client: Client, good: Response, url: str) -> None:
    request = sent(client(good, api_key=KEY, plugins=[Sends(url)]))
    assert request.url == url
    assert "Authorization" not in request.headers
    assert KEY not in str(dict(request.headers)) + request.url


@pytest.mark.parametrize(
    "url",
    ["https://evil.example\\@depot.mesa.dev/o", "https:///o", "/o", "https://u:hunter2/x@h", "https://h:443:444/", 5],
)
def test_a_url_that_cannot_be_read_is_not_sent_and_not_shown(client: Client, good: Response, url: str) -> None:
    mesa = client(good, api_key=KEY, plugins=[Sends(url)])
    with pytest.raises(InvalidRequest, match="url: a plugin has set it") as refused:
        mesa.org.get(org="o")
    assert refused.value.field == "url"
    assert "hunter2" not in str(refused.value)
    assert mesa.transport.requests == []


def test_a_callable_key_that_fails_is_named_and_not_the_plugin(client: Client, good: Response) -> None:
    def broken() -> str:
        raise LookupError(KEY)

    with pytest.raises(ConfigurationError) as refused:
        client(good, api_key=broken).org.get(org="o")
    assert str(refused.value) == "api_key: the callable raised LookupError"
    assert isinstance(refused.value.__cause__, LookupError)


@pytest.mark.parametrize(
    "url",
    [
        "https://depot.mesa.dev/elsewhere",
        "https://DEPOT.mesa.dev:443/",
        "https://depot.mesa.dev/o?x=https://evil.example",
    ],
)
def test_another_path_of_the_same_origin_does(client: Client, good: Response, url: str) -> None:
    assert sent(client(good, api_key=KEY, plugins=[Sends(url)])).headers["Authorization"] == f"Bearer {KEY}"


def test_a_plugin_of_the_same_call_never_sees_it(client: Client, good: Response) -> None:
    seen: list[str] = []

    class Looks(Plugin):
        @hookimpl(trylast=True)
        def before_request(self, request: Request) -> None:
            seen.append(str(dict(request.headers)))

    sent(client(good, api_key=KEY, plugins=[Looks(), Sends("https://depot.mesa.dev/")]))
    assert seen
    assert KEY not in seen[0]


def test_a_callable_is_asked_for_each_attempt(client: Client, good: Response) -> None:
    keys = iter(["mesa_1", "mesa_2"])
    mesa = client(Response(503), good, api_key=lambda: next(keys))
    mesa.org.get(org="o")
    assert [each.headers["Authorization"] for each in mesa.transport.requests] == ["Bearer mesa_1", "Bearer mesa_2"]


def test_a_callable_is_asked_after_the_wait(client: Client, good: Response, clock: Any) -> None:
    mesa = client(Response(503, {"Retry-After": "60"}), good, api_key=lambda: f"mesa_{clock.now:.0f}")
    mesa.org.get(org="o")
    assert [each.headers["Authorization"] for each in mesa.transport.requests] == ["Bearer mesa_0", "Bearer mesa_60"]


def test_a_callable_is_not_asked_for_another_origin(client: Client, good: Response) -> None:
    def key() -> str:
        raise AssertionError

    sent(client(good, api_key=key, plugins=[Sends("https://evil.example/")]))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (None, "the callable must return a str, got NoneType"),
        (b"mesa_1", "the callable must return a str, got bytes"),
        ("", "the key is empty or blank"),
        (" ", "the key is empty or blank"),
        (f"{KEY}\n", "the key holds white space, a line break or a character outside ASCII"),
        (f"{KEY}ü", "the key holds white space, a line break or a character outside ASCII"),
    ],
)
def test_a_callable_that_gives_no_key_is_an_error_before_anything_is_sent(
    client: Client, key: Any, message: str
) -> None:
    mesa = client(Response(404), api_key=lambda: key)
    with pytest.raises(ConfigurationError, match=f"api_key: {message}") as caught:
        mesa.org.get(org="o")
    assert KEY not in str(caught.value)
    assert "auth" in caught.value.__notes__[0]
    assert mesa.transport.requests == []


async def fetched() -> str:
    return KEY


class Fetches:
    async def __call__(self) -> str:
        return KEY


@pytest.mark.parametrize("key", [fetched, functools.partial(fetched), Fetches()], ids=["function", "partial", "object"])
def test_an_async_callable_is_refused_when_the_client_is_built(client: Client, key: Any) -> None:
    with pytest.raises(ConfigurationError, match="api_key: the callable must be a plain function, since nothing await"):
        client(api_key=key)


def test_one_that_turns_out_to_be_async_is_an_error_and_no_warning(client: Client) -> None:
    with pytest.raises(ConfigurationError, match="api_key: the callable must be a plain function, since nothing await"):
        client(api_key=lambda: fetched()).org.get(org="o")  # noqa: PLW0108 - what hides that it is async
    gc.collect()  # a coroutine that nobody closed would warn now


REFUSED = {
    "": "no API key: pass api_key=… to the client, or set MESA_API_KEY",
    **dict.fromkeys(["  ", "\n", "\t \r\n"], "api_key: the key is empty or blank"),
    **dict.fromkeys(
        [f"{KEY}\n", f"\n{KEY}", f"{KEY}\r\nX-Admin: 1", f" {KEY}", "mesa s3cr3t", f"{KEY}\x7f"],
        "api_key: the key holds white space, a line break or a character outside ASCII",
    ),
}


@pytest.mark.parametrize("key", REFUSED)
@pytest.mark.parametrize("world", [Mesa, AsyncMesa])
@pytest.mark.parametrize("place", ["argument", "environment"])
def test_a_key_that_is_none_is_refused_with_a_sentence_when_a_client_is_built(
    monkeypatch: pytest.MonkeyPatch, world: type[Any], place: str, key: str
) -> None:
    if place == "environment":
        monkeypatch.setenv("MESA_API_KEY", key)
    with pytest.raises(ConfigurationError) as refused:
        world(api_key=key if place == "argument" else None)
    assert str(refused.value) == REFUSED[key]


def test_switched_off_it_needs_no_key_and_leaves_headers_alone(client: Client, good: Response) -> None:
    mesa = client(good, api_key=None, disable_plugins=["auth"], headers={"Authorization": "Basic x"})
    assert sent(mesa).headers["Authorization"] == "Basic x"


def test_it_replaces_a_header_of_the_users(client: Client, good: Response) -> None:
    request = sent(client(good, api_key=KEY, headers={"authorization": "Basic x"}))
    assert request.headers.get_all("Authorization") == [f"Bearer {KEY}"]
