"""What authors of plugins test with: scripted answers, the order of hooks, a clock."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

from mesa_core import (
    AsyncMesa,
    Call,
    ConnectError,
    Mesa,
    MesaError,
    NotFound,
    Plugin,
    Request,
    Response,
    Retry,
    ServerError,
    TransportError,
    hookimpl,
)
from mesa_plugins.testing import ClientOptions, FakeClock, HookLog, Script, UnexpectedRequest, answer, assert_hooks, on

ORG = {"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}
BUILT_IN = ["auth", "retries", "tracing", "pagination"]
GetOrgs = Callable[..., list[object]]


@pytest.fixture(params=["blocking", "async"])
def get_orgs(request: pytest.FixtureRequest) -> GetOrgs:
    """Asks a script for organizations, in either world; gives the results and the errors."""

    def blocking(script: Script, names: Sequence[str] = ("o",), **options: object) -> list[object]:
        with script.client(**options) as client:
            return [outcome(lambda name=name: client.org.get(org=name)) for name in names]

    def nonblocking(script: Script, names: Sequence[str] = ("o",), **options: object) -> list[object]:
        async def main() -> list[object]:
            async with script.async_client(**options) as client:
                return [await aoutcome(client.org.get(org=name)) for name in names]

        return asyncio.run(main())

    return blocking if request.param == "blocking" else nonblocking


@pytest.mark.parametrize("wrong", [True, b"x", "text", 3.5, [ORG], on("GET /o", b"x")], ids=repr)
def test_what_is_no_answer_is_refused_when_the_script_is_written(wrong: object) -> None:
    for given in ({"rest": wrong}, {}):
        with pytest.raises(TypeError, match="expected a Response, a status, a JSON object, an exception or a function"):
            Script(*(() if given else (wrong,)), **given)


@pytest.mark.parametrize("status", [0, 99, 100, 199, 600, -1])
def test_so_is_a_status_that_no_final_response_has(status: int) -> None:
    with pytest.raises(ValueError, match=f"expected a status from 200 to 599, got {status}"):
        Script(status)


@pytest.mark.parametrize("status", [420, 599])
def test_a_status_without_a_name_is_answered_all_the_same(get_orgs: GetOrgs, status: int) -> None:
    (error,) = get_orgs(Script(status), retry_config={"strategy": "none"})
    assert isinstance(error, MesaError)
    assert str(error).startswith(f"{status} HTTP_{status}: unknown status")


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_a_wait_that_takes_no_time_can_be_cancelled(library: str) -> None:
    class Polls(Plugin):
        def after_response(self, response: Response, call: Call) -> Retry | None:
            return Retry(1) if call.attempt < 10_000 else None  # not for ever, where nothing can be cancelled

    async def main() -> None:
        async with Script(rest=202).async_client(plugins=[Polls()], retry_config={"strategy": "none"}) as client:
            with anyio.move_on_after(0.01) as scope:
                await client.org.get(org="o")
            assert scope.cancelled_caught

    anyio.run(main, backend=library)


def outcome(call: Callable[[], object]) -> object:
    try:
        return call()
    except MesaError as error:
        return error


async def aoutcome(call: Awaitable[object]) -> object:
    try:
        return await call
    except MesaError as error:
        return error


class Patient(Plugin):
    """Asks again after each 202."""

    def after_response(self, response: Response, call: Call) -> Retry | None:
        return Retry(2.0) if response.status_code == 202 else None


class First(Plugin):
    @hookimpl(tryfirst=True)
    def before_request(self, request: Request, call: Call) -> None:
        """Look on."""


class TestAnswers:
    def test_come_in_turn(self, get_orgs: GetOrgs) -> None:
        error = ConnectError("nobody is there")
        script = Script(ORG, 404, error, Response(200, {}, b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 4}'))
        first, second, third, fourth = get_orgs(script, "abcd", retry_config={"strategy": "none"})
        assert first.num_repos == 3
        assert isinstance(second, NotFound)
        assert str(second) == "404 NOT_FOUND: Not Found (org.get)"
        assert third is error
        assert fourth.num_repos == 4
        script.assert_done()
        assert [request.url for request in script.requests] == [f"https://mesa.test/{name}" for name in "abcd"]

    def test_the_rest_comes_again_and_again(self, get_orgs: GetOrgs) -> None:
        response = answer(ORG, headers={"X-Request-Id": "r1"})
        results = get_orgs(Script(503, rest=response), "abc", plugins=[Spoiler()])
        assert [result.num_repos for result in results] == [3, 3, 3]
        assert response.headers["X-Request-Id"] == "r1"

    def test_are_what_a_function_makes_of_a_request(self, get_orgs: GetOrgs) -> None:
        script = Script(rest=lambda request: ORG if request.url.endswith("/known") else 404)
        known, unknown = get_orgs(script, ["known", "unknown"])
        assert known.num_repos == 3
        assert isinstance(unknown, NotFound)

    def test_may_be_to_one_request_alone(self, get_orgs: GetOrgs) -> None:
        script = Script(on("GET /a", ORG), on("GET /b", lambda request: ORG), on("GET /c", ORG))
        *_, unexpected = get_orgs(script, "abx")
        assert isinstance(unexpected, AssertionError)
        assert str(unexpected) == (
            f"unexpected request: GET /x; left of the script: GET /c -> {ORG}; answered: GET /a, GET /b"
        )

    def test_compare_the_query_where_one_is_expected(self) -> None:
        page = {"repos": [], "next_cursor": None, "has_more": False}
        with Script(
            on("GET /o/repos", page), on("GET /o/repos?limit=5", page), on("GET /o/repos", 404)
        ).client() as client:
            client.repos.list(org="o", limit=5)
            client.repos.list(org="o", limit=5)
            with pytest.raises(NotFound):
                client.repos.list(org="o")

    @pytest.mark.parametrize(
        "url", ["https://depot.mesa.dev/api/v1", "https://Depot.mesa.dev", "https://mesa.test:443"]
    )
    def test_are_to_a_path_behind_the_servers_url(self, url: str) -> None:
        with Script(on("GET /acme", ORG)).client(server_url=url) as client:
            assert client.org.get(org="acme").num_repos == 3

    @pytest.mark.parametrize("asked", ["?path=a/b.md&ref=x", "?ref=x&path=a%2Fb.md"])
    def test_compare_queries_by_what_they_mean(self, asked: str) -> None:
        with Script(on(f"GET /o/r/content{asked}", 404)).client() as client, pytest.raises(NotFound):
            client.content.get(org="o", repo="r", path="a/b.md", ref="x")

    def test_compare_what_no_message_shows(self) -> None:
        with Script(on("GET /x?token=a", ORG), on("GET /x?token=a", ORG)).client() as client:
            client.request("GET", "/x", query={"token": "a"})
            with pytest.raises(UnexpectedRequest) as unexpected:
                client.request("GET", "/x", query={"token": "s3cret"})
        assert "s3cret" not in str(unexpected.value)

    def test_have_one_content_type_however_it_is_spelt(self) -> None:
        assert answer(ORG, headers={"content-type": "text/plain"}).headers.get_all("Content-Type") == ["text/plain"]

    def test_without_a_body_of_their_own(self) -> None:
        assert Script(200).client().repos.delete(org="o", repo="r").success
        assert answer(status=204).content == b""
        assert answer([1], status=201).content == b"[1]"

    def test_that_are_no_errors_of_a_call_break_it_off(self) -> None:
        with Script(KeyboardInterrupt()).client() as client, pytest.raises(KeyboardInterrupt):
            client.org.get(org="o")

    def test_are_given_out_once_each_among_threads(self) -> None:
        script = Script(*({**ORG, "num_repos": number} for number in range(200)))
        with script.client() as client, ThreadPoolExecutor(8) as threads:
            orgs = list(threads.map(lambda _: client.org.get(org="o"), range(200)))
        script.assert_done()
        assert sorted(org.num_repos for org in orgs) == list(range(200))

    def test_may_be_others_from_some_moment_on(self) -> None:
        script = Script(ORG, rest=ORG)
        with script.client() as client:
            client.org.get(org="a")
            script.continue_with(404)
            with pytest.raises(NotFound):
                client.org.get(org="b")
        script.assert_done()


class Spoiler(Plugin):
    """Changes what it is given, as a hook may."""

    def before_request(self, request: Request, call: Call) -> None:
        request.headers["X-Spoilt"] = str(call.attempt)

    def after_response(self, response: Response, call: Call) -> None:
        response.headers["X-Request-Id"] = "spoilt"


class TestUnexpected:
    def test_is_an_assertion_error_that_no_retry_repeats(self) -> None:
        script = Script(ORG)
        with script.client() as client:
            client.org.get(org="a")
            with pytest.raises(AssertionError) as caught:
                client.repos.list(org="b", cursor="c")
        assert len(script.requests) == 2
        assert caught.type is UnexpectedRequest
        assert str(caught.value) == (
            "unexpected request: GET /b/repos?cursor=c; nothing is left of the script; answered: GET /a"
        )

    def test_is_told_again_where_it_was_caught(self, get_orgs: GetOrgs) -> None:
        script = Script()
        get_orgs(script)
        with pytest.raises(AssertionError, match=r"^unexpected request: GET /o; .*; answered: nothing$"):
            script.assert_done()

    def test_an_answer_that_is_left_is_none_the_less(self, get_orgs: GetOrgs) -> None:
        def made_up(request: Request) -> int:
            raise AssertionError("nobody asks for it")

        script = Script(ORG, answer(status=503), ConnectError("x"), 404, on("GET /x", 200), made_up)
        get_orgs(script)
        assert len(script.left) == 5
        with pytest.raises(AssertionError) as caught:
            script.assert_done()
        left = "503, ConnectError, 404, GET /x -> 200, made_up"
        assert str(caught.value) == f"answers not asked for: {left}; answered: GET /o"


class TestClients:
    def test_take_the_options_of_mesa(self) -> None:
        options = set(inspect.signature(Mesa).parameters) - {"transport", "transport_options", "clock"}
        assert set(ClientOptions.__annotations__) == options

    def test_heed_no_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MESA_PLUGINS", "nonsense")
        monkeypatch.setenv("MESA_SERVER_URL", "nonsense")
        monkeypatch.setenv("MESA_TRANSPORT", "nonsense")
        monkeypatch.setenv("MESA_API_KEY", "nonsense")
        script = Script(ORG)
        with script.client() as client:
            client.org.get(org="o")
        assert script.requests[0].headers["Authorization"] == "Bearer mesa_test_key"

    def test_options_are_passed_on(self) -> None:
        script = Script(ORG)
        with script.client(api_key="other", server_url="https://x.test/v1", headers={"X-Own": "1"}) as client:
            client.org.get(org="o")
        assert script.requests[0].url == "https://x.test/v1/o"
        assert script.requests[0].headers["Authorization"] == "Bearer other"
        assert script.requests[0].headers["X-Own"] == "1"

    def test_made_by_hand_have_the_scripts_clock(self) -> None:
        script = Script(202, ORG)
        with Mesa(transport=script, api_key="key", plugins=[Patient()]) as client:
            client.org.get(org="o")
        assert script.clock.waits == [2.0]

    def test_pickle_with_their_script(self) -> None:
        script = Script(ORG, ORG)
        with script.client() as client:
            client.org.get(org="a")
            twin = pickle.loads(pickle.dumps(client))
        assert twin.org.get(org="b").num_repos == 3
        assert [len(each.requests) for each in (script, twin.transport)] == [1, 2]

    def test_leave_the_script_to_its_owner(self) -> None:
        script = Script()
        script.client().close()
        assert script.closed == 0
        script.close()
        asyncio.run(script.aclose())
        assert script.closed == 2


class TestClock:
    def test_moves_when_somebody_waits_and_no_further(self, get_orgs: GetOrgs) -> None:
        script = Script(202, 202, ORG)
        get_orgs(script, plugins=[Patient()])
        assert script.clock.waits == [2.0, 2.0]
        assert script.clock.monotonic() == 4.0

    def test_moves_when_a_test_says_so(self) -> None:
        clock = FakeClock()
        began = clock.time()
        clock.advance(90)
        assert (clock.now, clock.time() - began, clock.waits) == (90, 90, [])

    def test_makes_a_slow_server(self) -> None:
        script = Script(lambda _: script.clock.advance(299) or 503)
        with script.client() as client, pytest.raises(ServerError) as caught:
            client.org.get(org="o", request_options={"retry_config": {"backoff": {"max_elapsed_time": 299_000}}})
        assert [attempt.elapsed for attempt in caught.value.attempts] == [299]


class Named(Plugin):
    def __init__(self, name: str) -> None:
        self.__name__ = name

    def before_call(self, call: Call) -> None: ...


class TestHooks:
    def test_are_noted_in_the_order_of_their_calls(self, get_orgs: GetOrgs) -> None:
        script = Script(202, ORG)
        get_orgs(script, plugins=[Patient(), First()], disable_plugins=["tracing", "retries"])
        attempt = ["First.before_request", "auth.before_request"]
        after = [call for call in script.hooks.calls if call.endswith("after_response")]
        assert_hooks(script.hooks, [*attempt, "Patient.after_response"] * 2, of=["Patient", "First", "auth"])
        assert "Patient.after_response" in after

    def test_of_all_plugins_count_unless_some_are_named(self) -> None:
        script = Script(ORG)
        with script.client(plugins=[First()], disable_plugins=BUILT_IN) as client:
            client.org.get(org="o")
        assert_hooks(script.hooks, ["First.before_request"])

    def test_that_were_others_are_shown_as_a_difference(self) -> None:
        script = Script(202, ORG)
        with script.client(plugins=[Patient()], disable_plugins=BUILT_IN) as client:
            client.org.get(org="o")
        with pytest.raises(AssertionError) as caught:
            assert_hooks(script.hooks, ["Patient.before_request", "Patient.after_response"])
        assert str(caught.value).splitlines()[1:] == [
            "- Patient.before_request",
            "  Patient.after_response",
            "+ Patient.after_response",
        ]

    def test_in_another_order_are_others(self) -> None:
        script = Script(ORG)
        plugins = [Named("first"), Named("second")]
        with script.client(plugins=plugins, disable_plugins=BUILT_IN) as client:
            client.org.get(org="o")
        assert_hooks(script.hooks, ["first.before_call", "second.before_call"])
        with pytest.raises(AssertionError, match="hooks were called otherwise than expected"):
            assert_hooks(script.hooks, ["second.before_call", "first.before_call"])

    def test_of_any_client_can_be_noted(self) -> None:
        hooks = HookLog()
        client = AsyncMesa(transport=Script(ORG), api_key="key", plugins=[First()])
        hooks.watch(client)
        asyncio.run(client.org.get(org="o"))
        assert_hooks(hooks, ["First.before_request", "auth.before_request"], of=["First", "auth"])


def test_it_needs_no_test_framework() -> None:
    program = "import sys, mesa_plugins.testing; print({'pytest', 'unittest', 'anyio', 'httpx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_transport_error_that_is_scripted_is_retried(get_orgs: GetOrgs) -> None:
    script = Script(ConnectError("nobody"), ORG)
    assert get_orgs(script)[0].num_repos == 3
    assert issubclass(UnexpectedRequest, TransportError)
