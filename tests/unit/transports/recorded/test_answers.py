"""Every answer is given once, in recorded order, to a request that it matches."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_core.errors import ConfigurationError
from mesa_core.http import Headers, Request
from mesa_transports.recorded.answers import Answers
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse
from mesa_transports.recorded.matching import DEFAULT_MATCH_ON, Matcher, Matching

NAMES = Matching(DEFAULT_MATCH_ON)
FUNCTION = Matcher(lambda asked, recorded: asked.url == recorded.url)


def request(name: str, accept: str = "*/*") -> RecordedRequest:
    return RecordedRequest(method="GET", url=f"https://h/{name}", headers=Headers({"Accept": accept}))


def recorded(*names: str, accept: str = "*/*") -> list[Interaction]:
    """Interactions whose status says which of them it is."""
    return [
        Interaction(request=request(name, accept), response=RecordedResponse(status=100 + place, headers=Headers()))
        for place, name in enumerate(names)
    ]


def places(answers: Answers, *names: str) -> list[int | None]:
    found = [answers.take(request(name)) for name in names]
    return [None if each is None else each.response.status - 100 for each in found]


@pytest.fixture(params=[NAMES, FUNCTION], ids=["names", "function"])
def rules(request: pytest.FixtureRequest) -> Matching | Matcher:
    return request.param


def test_equal_requests_replay_in_recorded_order(rules):
    answers = Answers(recorded("a", "b", "a", "a"), rules)
    assert places(answers, "a", "a", "b", "a") == [0, 2, 1, 3]


def test_one_repeat_too_many_has_no_answer(rules):
    answers = Answers(recorded("a", "b", "a"), rules)
    assert places(answers, "a", "a", "a", "a", "b", "b") == [0, 2, None, None, 1, None]


def test_the_last_answer_repeats_if_that_is_allowed(rules):
    answers = Answers(recorded("a", "b", "a"), rules, allow_repeats=True)
    assert places(answers, "a", "a", "a", "a", "b", "b", "c") == [0, 2, 2, 2, 1, 1, None]


@pytest.mark.parametrize("allow_repeats", [False, True])
def test_nothing_answers_what_was_not_recorded(rules, allow_repeats):
    assert places(Answers(recorded("a"), rules, allow_repeats=allow_repeats), "b") == [None]
    assert places(Answers((), rules, allow_repeats=allow_repeats), "a") == [None]


def test_what_answered_nothing_yet_is_known(rules):
    answers = Answers(recorded("a", "b", "a", "c"), rules, allow_repeats=True)
    assert answers.unused() == (0, 1, 2, 3)
    places(answers, "a", "c", "c", "x")
    assert answers.unused() == (1, 2)
    places(answers, "a", "b")
    assert answers.unused() == ()


def test_an_exact_accept_is_better_than_any():
    interactions = [*recorded("a", accept="*/*"), *recorded("a", accept="x/y")]
    answers = Answers(interactions, NAMES)
    taken = [answers.take(request("a", "x/y")) for _ in range(3)]
    assert taken == [interactions[1], interactions[0], None]


@settings(max_examples=150, deadline=None)
@given(
    names=st.lists(st.sampled_from("abc"), max_size=8),
    asked=st.lists(st.sampled_from("abcd"), max_size=12),
    allow_repeats=st.booleans(),
)
def test_names_and_functions_answer_alike(names, asked, allow_repeats):
    queues = {name: [place for place, each in enumerate(names) if each == name] for name in "abcd"}
    expected = []
    for name in asked:
        queue = queues[name]
        expected.append(queue[0] if allow_repeats and len(queue) == 1 else queue.pop(0) if queue else None)
    for rules in (NAMES, FUNCTION):
        answers = Answers(recorded(*names), rules, allow_repeats=allow_repeats)
        assert places(answers, *asked) == expected
        assert set(answers.unused()) == set(range(len(names))) - set(expected)


def test_threads_get_each_answer_once(rules):
    names = [f"n{number % 5}" for number in range(200)]
    answers = Answers(recorded(*names), rules)
    taken: list[tuple[str, Interaction | None]] = []
    barrier = threading.Barrier(8)

    def run(start: int) -> None:
        barrier.wait()
        taken.extend((name, answers.take(request(name))) for name in names[start::8])

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=run, args=(start,)) for start in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    finally:
        sys.setswitchinterval(interval)
    assert all(found is not None and found.request == request(name) for name, found in taken)
    assert Counter(found.response.status for _, found in taken if found) == Counter(range(100, 300))
    assert answers.unused() == ()


def test_a_function_that_fails_uses_nothing_up():
    def fails(asked: Request, recorded: Request) -> bool:
        raise ZeroDivisionError("on purpose")

    answers = Answers(recorded("a"), Matcher(fails))
    message = r"^match_on: the function .*\bfails raised ZeroDivisionError: on purpose$"
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=message) as caught:
            answers.take(request("a"))
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert answers.unused() == (0,)


def test_a_function_may_ask_the_same_recording():
    within: list[Interaction | None] = []

    def asks(asked: Request, recorded: Request) -> bool:
        if asked.url.endswith("a") and not within:
            within.append(answers.take(request("b")))
        return asked.url == recorded.url

    answers = Answers(recorded("b", "a"), Matcher(asks))
    done = threading.Thread(target=lambda: within.append(answers.take(request("a"))), daemon=True)
    done.start()
    done.join(20)
    assert within == list(answers.interactions)
    assert answers.unused() == ()


def test_what_another_thread_took_while_a_function_compared_is_not_given_twice():
    taken: list[Interaction | None] = []

    def compares(asked: Request, recorded: Request) -> bool:
        if not taken:
            taken.append(None)
            other = threading.Thread(target=lambda: taken.append(answers.take(request("a"))))
            other.start()
            other.join()
        return True

    answers = Answers(recorded("a", "a"), Matcher(compares))
    assert answers.take(request("a")) is answers.interactions[1]
    assert taken == [None, answers.interactions[0]]


def test_looking_up_compares_no_others():
    """However many there are: each key is made once when they are opened, and one for each request."""
    made = []

    class Counting(Matching):
        def key(self, request: RecordedRequest) -> tuple[object, ...]:
            made.append(request)
            return super().key(request)

    answers = Answers(recorded(*(f"n{number}" for number in range(100))), Counting(DEFAULT_MATCH_ON))
    assert len(made) == 100
    places(answers, *(f"n{number}" for number in range(100)))
    assert len(made) == 200


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_waits_for_no_thread_of_its_parent():
    answers = Answers(recorded("a"), NAMES)
    with answers._lock:
        child = os.fork()
        if not child:
            os._exit(0 if places(answers, "a") == [0] else 1)
    assert os.waitpid(child, 0)[1] == 0
