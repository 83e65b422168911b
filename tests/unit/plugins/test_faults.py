"""Faults: which attempts they hit, what comes of them, and what is refused when they are made."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import anyio
import pytest

from mesa_core import Call, Instead, InvalidRequest, Plugin, Request
from mesa_plugins.faults import Fault, Faults, Injected
from mesa_plugins.testing import FakeClock, Script
from mesa_sdk import (
    APIError,
    ConfigurationError,
    ConnectError,
    ConnectionLost,
    MergeConflict,
    Mesa,
    MesaError,
    NotFound,
    RateLimited,
    RequestTimeout,
    Response,
    ResponseValidationError,
    ServerError,
)

Client = Callable[..., Mesa]
ONCE: dict[str, Any] = {"strategy": "none"}
COMMIT: Any = {"branch": "b", "message": "m", "author": {"name": "n", "email": "e"}, "edits": []}
MADE = Response(201, {"Content-Type": "application/json"}, b'{"sha": "a", "branch": "b", "message": "m"}')


def outcomes(mesa: Mesa, calls: int) -> str:
    """Make calls of one attempt each; return a dot for each that went well, and an x for each that failed."""
    return "".join(outcome(mesa) for _ in range(calls))


def outcome(mesa: Mesa) -> str:
    with suppress(MesaError):
        mesa.org.get(org="o")
        return "."
    return "x"


class TestWhen:
    @pytest.mark.parametrize(
        ("when", "expected"),
        [
            ({}, "xxxxxxxx"),
            ({"nth": 1}, "x......."),
            ({"nth": 3}, "..x....."),
            ({"every": 1}, "xxxxxxxx"),
            ({"every": 3}, "..x..x.."),
            ({"times": 2}, "xx......"),
            ({"every": 2, "times": 2}, ".x.x...."),
            ({"rate": 0}, "........"),
            ({"rate": 1}, "xxxxxxxx"),
            ({"rate": 1.0, "times": 3}, "xxx....."),
        ],
    )
    def test_says_which_attempts(self, client: Client, good: Response, when: dict[str, Any], expected: str) -> None:
        mesa = client(good, plugins=[Faults([Fault("org.get", status=500, **when)])], retry_config=ONCE)
        assert outcomes(mesa, 8) == expected
        assert len(mesa.transport.requests) == expected.count(".")

    def test_a_seed_chooses_the_same_attempts_each_time(self, client: Client, good: Response) -> None:
        def made(seed: int | str) -> str:
            faults = Faults([Fault("*", error="reset", rate=0.3, seed=seed)])
            return outcomes(client(good, plugins=[faults], retry_config=ONCE), 60)

        assert made(7) == made(7) != made(8)
        assert made("a") == made("a")
        assert 5 < made(7).count("x") < 40

    def test_faults_draw_for_themselves(self, client: Client, good: Response) -> None:
        alone = Faults([Fault("*", status=500, rate=0.3, seed=7)])
        beside = Faults([Fault("*", status=500, rate=0.3, seed=7), Fault("*", status=500, rate=0.0, seed=8)])
        made = [outcomes(client(good, plugins=[each], retry_config=ONCE), 40) for each in (alone, beside)]
        assert made[0] == made[1]

    @pytest.mark.parametrize(
        ("operation", "hit"),
        [
            ("*", True),
            ("org.get", True),
            ("org.*", True),
            ("*.get", True),
            ("or?.get", True),
            ("repos.*", False),
            ("commits.create", False),
            ("request", False),
        ],
    )
    def test_says_which_operations(self, client: Client, good: Response, operation: str, *, hit: bool) -> None:
        mesa = client(good, plugins=[Faults([Fault(operation, status=500)])], retry_config=ONCE)
        assert outcomes(mesa, 1) == ("x" if hit else ".")

    def test_only_attempts_of_its_operations_count(self, client: Client, good: Response) -> None:
        mesa = client(good, plugins=[Faults([Fault("org.*", status=500, nth=2)])], retry_config=ONCE)
        mesa.org.get(org="o")
        for _ in range(3):
            mesa.request("GET", "/{org}", path={"org": "o"})
        assert outcomes(mesa, 2) == "x."

    def test_an_endpoint_that_the_sdk_does_not_know_is_a_request(self, client: Client, good: Response) -> None:
        mesa = client(good, plugins=[Faults([Fault("request", status=500)])], retry_config=ONCE)
        with pytest.raises(ServerError):
            mesa.request("GET", "/{org}/tags", path={"org": "o"})

    def test_of_several_that_are_due_the_first_happens_and_all_count(self, client: Client, good: Response) -> None:
        faults = Faults(
            [
                Fault("*", error="refused", nth=2),
                Fault("org.get", status=500, every=2, times=1),
                Fault("org.*", status=404, nth=5),
            ]
        )
        assert outcomes(client(good, plugins=[faults], retry_config=ONCE), 6) == ".x.xx."
        assert [each.what for each in faults.injected] == ["refused", "500", "404"]

    def test_attempts_count_and_not_calls(self, client: Client, good: Response) -> None:
        faults = Faults([Fault("org.get", status=503, nth=2)])
        mesa = client(Response(503), good, plugins=[faults])
        raw = mesa.raw.org.get(org="o")
        assert [each.status_code for each in raw.attempts] == [503, 503, 200]
        assert faults.injected == (Injected("org.get", 2, "503", Fault("org.get", status=503, nth=2)),)

    def test_exactly_the_nth_fails_whoever_makes_it(self, client: Client, good: Response) -> None:
        faults = Faults([Fault("*", error="refused", nth=100), Fault("*", status=500, every=10, times=7)])
        mesa = client(good, plugins=[faults], retry_config=ONCE)
        begin = threading.Barrier(8)

        def work(_: int) -> str:
            begin.wait()
            return outcomes(mesa, 25)

        with ThreadPoolExecutor(8) as pool:
            made = "".join(pool.map(work, range(8)))
        assert made.count("x") == 8
        assert sorted(each.what for each in faults.injected) == ["500"] * 7 + ["refused"]

    def test_clear_begins_again(self, client: Client, good: Response) -> None:
        faults = Faults([Fault("*", status=500, nth=1), Fault("*", status=500, rate=0.3, seed=1)])
        mesa = client(good, plugins=[faults], retry_config=ONCE)
        first = outcomes(mesa, 30)
        faults.clear()
        assert faults.injected == ()
        assert outcomes(mesa, 30) == first

    def test_derived_clients_count_together(self, client: Client, good: Response) -> None:
        mesa = client(good, plugins=[Faults([Fault("*", status=500, nth=2)])], retry_config=ONCE)
        derived = mesa.with_options(timeout_ms=5)
        assert outcome(mesa) + outcome(derived) + outcome(mesa) == ".x."

    def test_a_pickled_client_takes_its_faults_along_and_counts_for_itself(self, good: Response) -> None:
        faults = pickle.loads(pickle.dumps(Faults([Fault("*", status=500, nth=1, details={"a": 1})])))
        assert repr(faults) == f"Faults([{Fault('*', status=500, nth=1, details={'a': 1})!r}])"
        assert faults.injected == ()


class TestWhat:
    @pytest.mark.parametrize(
        ("fault", "error", "code"),
        [
            (Fault("*", status=404), NotFound, "NOT_FOUND"),
            (Fault("*", status=409, code="MERGE_CONFLICT", details={"files": ["a"]}), MergeConflict, "MERGE_CONFLICT"),
            (Fault("*", status=429, retry_after=7), RateLimited, "TOO_MANY_REQUESTS"),
            (Fault("*", status=500), ServerError, "INTERNAL_SERVER_ERROR"),
            (Fault("*", status=599), ServerError, "HTTP_599"),
        ],
    )
    def test_a_status_comes_as_the_contracts_refusal(
        self, client: Client, good: Response, fault: Fault, error: type[APIError], code: str
    ) -> None:
        mesa = client(good, plugins=[Faults([fault])], retry_config=ONCE)
        with pytest.raises(error) as raised:
            mesa.org.get(org="o")
        assert (raised.value.status_code, raised.value.code) == (fault.status, code)
        assert raised.value.details == (fault.details or {})
        assert raised.value.headers["Content-Type"] == "application/json"
        assert raised.value.headers.get("Retry-After") == (None if fault.retry_after is None else "7")
        assert mesa.transport.requests == []

    @pytest.mark.parametrize(
        ("name", "error", "sent"),
        [("refused", ConnectError, False), ("reset", ConnectionLost, True), ("timeout", RequestTimeout, True)],
    )
    def test_an_error_comes_as_the_transports(
        self, client: Client, good: Response, name: Any, error: type[MesaError], *, sent: bool
    ) -> None:
        mesa = client(good, plugins=[Faults([Fault("*", error=name)])], retry_config=ONCE)
        with pytest.raises(error, match="injected") as raised:
            mesa.org.get(org="o")
        assert (raised.value.sent, raised.value.operation, len(raised.value.attempts)) == (sent, "org.get", 1)
        assert mesa.transport.requests == []

    @pytest.mark.parametrize("name", ["truncated", "garbage"])
    @pytest.mark.parametrize("after", [True, False])
    def test_a_bad_body_cannot_be_read(self, client: Client, good: Response, name: Any, *, after: bool) -> None:
        good.headers["Content-Length"] = str(len(good.content))
        mesa = client(good, plugins=[Faults([Fault("*", error=name, after=after)])])
        with pytest.raises(ResponseValidationError) as raised:
            mesa.org.get(org="o")
        assert raised.value.content != good.content
        assert [each.status_code for each in raised.value.attempts] == [200]
        assert len(mesa.transport.requests) == 1

    def test_a_body_that_is_spoilt_has_the_length_it_says(self, client: Client, good: Response) -> None:
        lengths = []

        class Sees(Plugin):
            def after_response(self, response: Response, call: Call) -> None:
                lengths.append((response.headers["Content-Length"], len(response.content)))

        good.headers["Content-Length"] = str(len(good.content))
        faults = Faults([Fault("*", error="truncated", nth=1), Fault("*", error="garbage", nth=2)])
        assert outcomes(client(good, plugins=[faults, Sees()]), 3) == "xx."
        assert [int(said) for said, _ in lengths] == [is_ for _, is_ in lengths]
        assert lengths[0][1] == len(good.content) // 2

    @pytest.mark.parametrize("wrong", ["text/plain", "application/octet-stream"])
    def test_garbage_is_no_bytes_and_no_patch(self, client: Client, wrong: str) -> None:
        mesa = client(Response(200, {"Content-Type": wrong}, b"abc"), plugins=[Faults([Fault("*", error="garbage")])])
        with pytest.raises(ResponseValidationError):
            mesa.content.read(org="o", repo="r", path="p")
        with pytest.raises(ResponseValidationError):
            mesa.diffs.patch(org="o", repo="r", base="a", head="b")

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault("*", error="reset", after=True), ConnectionLost),
            (Fault("*", error="timeout", after=True), RequestTimeout),
            (Fault("*", status=502, after=True), ServerError),
        ],
    )
    def test_after_the_server_acted_only_its_answer_is_lost(
        self, client: Client, good: Response, fault: Fault, error: type[MesaError]
    ) -> None:
        mesa = client(good, plugins=[Faults([fault])], retry_config=ONCE)
        with pytest.raises(error):
            mesa.org.get(org="o")
        assert len(mesa.transport.requests) == 1


class TestRetries:
    @pytest.mark.parametrize(
        ("fault", "attempts"),
        [
            (Fault("*", nth=1, status=503, retry_after=1), 2),
            (Fault("*", nth=1, error="refused"), 2),
            (Fault("*", nth=1, error="reset"), 1),
            (Fault("*", nth=1, error="timeout"), 1),
            (Fault("*", nth=1, status=500), 1),
            (Fault("*", nth=1, error="reset", after=True), 1),
        ],
    )
    def test_what_cannot_be_repeated_is_repeated_where_nothing_was_sent(
        self, client: Client, fault: Fault, attempts: int
    ) -> None:
        faults = Faults([fault])
        mesa = client(MADE, plugins=[faults])
        if attempts == 1:
            with pytest.raises(MesaError) as raised:
                mesa.commits.create(org="o", repo="r", body=COMMIT)
            assert len(raised.value.attempts) == 1
        else:
            assert len(mesa.raw.commits.create(org="o", repo="r", body=COMMIT).attempts) == 2
        assert [(each.operation, each.attempt, each.what) for each in faults.injected] == [
            ("commits.create", 1, fault.what)
        ]

    def test_retry_after_is_waited_for_on_the_clients_clock(self, client: Client, good: Response, clock: Any) -> None:
        raw = client(good, plugins=[Faults([Fault("*", nth=1, status=503, retry_after=7)])]).raw.org.get(org="o")
        assert [(each.status_code, each.wait >= 7) for each in raw.attempts] == [(503, False), (200, True)]
        assert sum(clock.waits) == raw.elapsed >= 7

    def test_a_whole_call_fails_when_all_its_attempts_do(self, client: Client, good: Response) -> None:
        mesa = client(good, plugins=[Faults([Fault("*", error="reset", times=4)])])
        assert outcomes(mesa, 2) == "x."


class TestDelay:
    def test_alone_makes_an_attempt_slow(self, client: Client, good: Response, clock: Any) -> None:
        faults = Faults([Fault("*", delay=2.5)])
        raw = client(good, plugins=[faults]).raw.org.get(org="o")
        assert (clock.waits, raw.elapsed, raw.status_code) == ([2.5], 2.5, 200)
        assert [each.what for each in faults.injected] == ["delay"]

    @pytest.mark.parametrize("fault", [Fault("*", delay=60), Fault("*", delay=60, error="reset")])
    def test_longer_than_the_timeout_is_a_timeout(
        self, client: Client, good: Response, clock: Any, fault: Fault
    ) -> None:
        faults = Faults([fault])
        mesa = client(good, plugins=[faults], retry_config=ONCE, timeout_ms=10_000)
        with pytest.raises(RequestTimeout):
            mesa.org.get(org="o")
        assert clock.waits == [10]
        assert [each.what for each in faults.injected] == [fault.what]

    def test_comes_before_what_goes_wrong(self, client: Client, good: Response, clock: Any) -> None:
        mesa = client(good, plugins=[Faults([Fault("*", delay=3, status=500)])], retry_config=ONCE)
        assert (outcomes(mesa, 1), clock.waits) == ("x", [3])


class TestInjected:
    def test_tells_what_came_of_it_and_not_what_was_planned(self, client: Client, good: Response) -> None:
        class Answers(Plugin):
            def before_request(self, request: Request, call: Call) -> Response:
                return Response(200, good.headers.copy(), good.content)

        faults = Faults([Fault("*", status=500, nth=1), Fault("*", error="reset", nth=2)])
        assert outcomes(client(good, plugins=[Answers(), faults]), 3) == "..."
        assert faults.injected == ()

    def test_a_call_that_is_refused_for_another_reason_is_no_fault(self, client: Client, good: Response) -> None:
        class Refuses(Plugin):
            def before_request(self, request: Request, call: Call) -> None:
                raise InvalidRequest("not on a Friday")

        faults = Faults([Fault("*", error="reset")])
        with pytest.raises(InvalidRequest):
            client(good, plugins=[faults, Refuses()]).org.get(org="o")
        assert faults.injected == ()

    def test_a_body_that_never_came_was_not_spoilt(self, client: Client) -> None:
        faults = Faults([Fault("*", error="garbage")])
        with pytest.raises(ConnectError):
            client(ConnectError("really refused"), plugins=[faults], retry_config=ONCE).org.get(org="o")
        assert faults.injected == ()

    @pytest.mark.parametrize("when", [{"nth": 1}, {"times": 1}], ids=repr)
    @pytest.mark.parametrize("fault", [{"status": 404}, {"error": "truncated"}], ids=repr)
    def test_what_another_plugin_kept_from_happening_happens_at_the_next_attempt(
        self, client: Client, good: Response, when: Any, fault: Any
    ) -> None:
        class Answers(Plugin):
            def before_request(self, request: Request, call: Call) -> Instead | None:
                return Instead(ConnectError("first")) if call.attempt == 1 and not faults.injected else None

        faults = Faults([Fault("*", **when, **fault)])
        assert outcomes(client(good, plugins=[Answers(), faults]), 3) == "x.."
        assert [each.attempt for each in faults.injected] == [2]

    def test_an_answer_from_a_cache_uses_no_fault_up(self, client: Client, good: Response) -> None:
        class Answers(Plugin):
            def before_request(self, request: Request, call: Call) -> Response | None:
                return Response(200, good.headers.copy(), good.content) if cached else None

        faults, cached = Faults([Fault("*", error="reset", nth=1)]), True
        mesa = client(good, plugins=[Answers(), faults], retry_config=ONCE)
        assert outcomes(mesa, 2) == ".."
        cached = False
        assert outcomes(mesa, 2) == "x."

    def test_a_caller_who_gave_up_on_a_slow_fault_does_not_meet_it_again(self, good: Response) -> None:
        async def main() -> None:
            async with Script(rest=good, clock=Slow()).async_client(plugins=[faults]) as mesa:
                with anyio.move_on_after(0.01) as scope:
                    await mesa.org.get(org="o")
                assert scope.cancelled_caught
                assert (await mesa.org.get(org="o")).num_repos == 3

        class Slow(FakeClock):
            async def asleep(self, seconds: float, /) -> None:
                await anyio.sleep(seconds)

        faults = Faults([Fault("*", delay=20, status=500, nth=1)])
        asyncio.run(main())

    def test_reads_well(self) -> None:
        injected = Injected("org.get", 2, "503", Fault("*", status=503))
        assert repr(injected) == "Injected(operation='org.get', attempt=2, what='503')"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, r"^status, error: expected one of them, or a delay; got neither$"),
    ({"nth": 1}, r"^status, error: .* got neither$"),
    ({"delay": 0}, r"^status, error: .* got neither$"),
    ({"status": 500, "error": "reset"}, r"^status, error: .* got both$"),
    (
        {"operation": "commits.crate", "status": 500},
        r"^operation: unknown operation 'commits.crate'; did you mean 'commits.create'\?",
    ),
    ({"operation": "commit.*", "status": 500}, r"^operation: unknown operation 'commit\.\*'"),
    ({"operation": "", "status": 500}, r"^operation: unknown operation ''"),
    ({"operation": None, "status": 500}, r"^operation: unknown operation None"),
    ({"error": "rest"}, r"^error: unknown error 'rest'; did you mean 'reset'\? There are: garbage, refused, reset"),
    ({"error": 5}, r"^error: unknown error 5"),
    ({"error": ""}, r"^error: unknown error ''"),
    ({"status": 200}, r"^status: expected an error status, 400 to 599, got 200$"),
    ({"status": 600}, r"^status: .* got 600$"),
    ({"status": 500.0}, r"^status: .* got 500\.0$"),
    ({"status": "500"}, r"^status: .* got '500'$"),
    ({"status": 500, "nth": 0}, r"^nth: expected a whole number of at least 1, got 0$"),
    ({"status": 500, "nth": -1}, r"^nth: .* got -1$"),
    ({"status": 500, "nth": 1.0}, r"^nth: .* got 1\.0$"),
    ({"status": 500, "nth": True}, r"^nth: .* got True$"),
    ({"status": 500, "every": 0}, r"^every: .* got 0$"),
    ({"status": 500, "times": 0}, r"^times: .* got 0$"),
    ({"status": 500, "times": "2"}, r"^times: .* got '2'$"),
    ({"status": 500, "rate": 2}, r"^rate: expected a number from 0 to 1, got 2$"),
    ({"status": 500, "rate": -0.1}, r"^rate: .* got -0\.1$"),
    ({"status": 500, "rate": float("nan")}, r"^rate: .* got nan$"),
    ({"status": 500, "rate": True}, r"^rate: .* got True$"),
    ({"status": 500, "rate": 0.5, "seed": 1.5}, r"^seed: expected an int or a str, got 1\.5$"),
    ({"status": 500, "seed": 7}, r"^seed: it says nothing without rate$"),
    ({"status": 500, "nth": 1, "rate": 0.5}, r"^nth, rate: expected one of them$"),
    ({"status": 500, "nth": 1, "every": 2}, r"^nth, every: expected one of them$"),
    ({"status": 500, "nth": 1, "times": 2}, r"^times: it says nothing beside nth"),
    ({"status": 500, "retry_after": -1}, r"^retry_after: expected whole seconds, 0 or more, got -1$"),
    ({"status": 500, "retry_after": 1.5}, r"^retry_after: .* got 1\.5$"),
    ({"error": "reset", "retry_after": 1}, r"^retry_after: it says nothing without status$"),
    ({"error": "reset", "code": "X"}, r"^code: it says nothing without status$"),
    ({"error": "reset", "details": {}}, r"^details: it says nothing without status$"),
    ({"status": 500, "code": ""}, r"^code: expected a str, got ''$"),
    ({"status": 500, "details": {"a": {1}}}, r"^details: expected a dict that JSON can hold, got"),
    ({"status": 500, "details": [1]}, r"^details: .* got \[1\]$"),
    ({"status": 500, "after": 1}, r"^after: expected a bool, got 1$"),
    ({"error": "refused", "after": True}, r"^after: where the fault is 'refused', no answer is lost$"),
    ({"delay": 1, "after": True}, r"^after: where the fault is 'delay', no answer is lost$"),
    ({"delay": -1}, r"^delay: expected seconds, 0 or more, got -1$"),
    ({"delay": float("inf")}, r"^delay: .* got inf$"),
    ({"delay": float("nan")}, r"^delay: .* got nan$"),
    ({"delay": 10**400}, r"^delay: expected"),
    ({"delay": None, "status": 500}, r"^delay: .* got None$"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG, ids=lambda given: str(given)[:40])
def test_a_fault_that_cannot_be_is_refused_when_it_is_made(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Fault(**{"operation": "*", **wrong})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Fault("*", status=500), "got Fault"),
        (None, "got NoneType"),
        (["reset"], "got one of str"),
        ([Fault("*", status=500), {"status": 500}], "got one of dict"),
    ],
)
def test_faults_are_a_list_of_them(wrong: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^faults: expected a list of Fault, {message}$"):
        Faults(wrong)


def test_no_fault_is_no_error(client: Client, good: Response) -> None:
    assert outcomes(client(good, plugins=[Faults([])]), 3) == "..."


def test_a_class_is_no_plugin(client: Client) -> None:
    with pytest.raises(ConfigurationError, match="Faults; pass an instance"):
        client(Response(200), plugins=[Faults])
