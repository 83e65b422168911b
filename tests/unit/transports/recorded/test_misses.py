"""A miss says what was asked for, what is nearest, what differs and what to do; and shows no secret."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from timeit import timeit

import pytest

from mesa_core.errors import TransportError
from mesa_core.http import Headers, Request
from mesa_transports.recorded.answers import Answers
from mesa_transports.recorded.errors import DamagedRecording, NoRecording
from mesa_transports.recorded.interactions import Interaction, RecordedResponse
from mesa_transports.recorded.matching import DEFAULT_MATCH_ON, Matcher, Matching
from mesa_transports.recorded.misses import miss
from mesa_transports.recorded.redaction import Redactor

PATH = Path("recordings/x.json")
ANSWER = RecordedResponse(status=200, headers=Headers())
NAMES = Matching(DEFAULT_MATCH_ON)
KEY = "mesa_5KzV0qQ7w1hU2xR"
REMEDY = (
    'To add it, run once more with mode="new" (MESA_RECORD=new, or --mesa-record=new for pytest) and the network; '
    'mode="record" records everything anew.'
)


def request(url: str, content: object = None, method: str = "GET", **headers: str) -> Request:
    body = b"" if content is None else json.dumps(content).encode()
    fields = {"Accept": "application/json", "Authorization": f"Bearer {KEY}", **headers}
    return Request(method, f"https://h/api/v1{url}", fields, body)


def missed(
    asked: Request, *recorded: Request, rules: Matching | Matcher = NAMES, used: int = 0, allow_repeats: bool = False
) -> NoRecording:
    """The error for a request, after the first of the recorded ones were made."""
    redactor = Redactor()
    interactions = [Interaction(request=redactor.request(each), response=ANSWER) for each in recorded]
    answers = Answers(interactions, rules, allow_repeats=allow_repeats)
    for each in recorded[:used]:
        assert answers.take(redactor.request(each))
    plain = redactor.request(asked)
    assert answers.take(plain) is None
    return miss(PATH, plain, answers, rules)


def nearest(error: NoRecording) -> int:
    line = next(line for line in str(error).splitlines() if line.startswith("nearest: "))
    return int(line.partition("[")[2].partition("]")[0])


def test_the_whole_message():
    error = missed(
        request("/o/r/branches?limit=5", {"name": "new", "n": [1]}, "POST"),
        request("/o/r/branches?limit=5"),
        request("/o/r/branches?limit=7", {"name": "old", "n": [1, 2]}, "POST"),
        used=1,
    )
    assert str(error).splitlines() == [
        "no recording answers POST /api/v1/o/r/branches?limit=5 (application/json)",
        f"{PATH}: 2 recorded, 1 unused",
        "nearest: interactions[1] POST /api/v1/o/r/branches?limit=7 (application/json)",
        "  query.limit: recorded '7', asked for '5'",
        "  body.name: recorded 'old', asked for 'new'",
        "  body.n[1]: recorded 2, asked for nothing",
        REMEDY,
    ]
    assert error.path == str(PATH)
    assert error.differences == tuple(line.strip() for line in str(error).splitlines()[3:6])


def test_nothing_was_sent():
    error = missed(request("/a"))
    assert isinstance(error, TransportError)
    assert error.sent is False


def test_an_empty_file_has_none_that_is_near():
    error = missed(request("/a"))
    assert str(error).splitlines() == [
        "no recording answers GET /api/v1/a (application/json)",
        f"{PATH}: 0 recorded, 0 unused",
        REMEDY,
    ]
    assert error.differences == ()


class TestNearest:
    @pytest.mark.parametrize(
        ("asked", "recorded", "place"),
        [
            # by how many fields differ
            (request("/a"), [request("/b", method="PUT"), request("/b")], 1),
            (request("/a?x=1"), [request("/b?x=2"), request("/a?x=2"), request("/b?x=2", [1])], 1),
            (request("/a", {"x": 1}), [request("/zzz"), request("/zzz", {"x": 1})], 1),
            # by the path
            (request("/o/repo/commits"), [request("/o"), request("/o/repo2/commits"), request("/x/y/z")], 1),
            (request("/o/r?limit=10"), [request("/o/r?depth=7"), request("/o/r?limit=100")], 1),
            # by how much differs in a body
            (
                request("/a", {"a": 1, "b": 2, "c": 3}),
                [request("/a", {"a": 0, "b": 0, "c": 0}), request("/a", {"a": 1, "b": 2, "c": 0}), request("/a", {})],
                1,
            ),
            (request("/a", [1, 2, 3]), [request("/a", [3, 2, 1]), request("/a", [1, 2])], 1),
            # the first of equals
            (request("/a"), [request("/b"), request("/b")], 0),
            # what any media type answers does not differ in it
            (request("/a"), [request("/b", Accept="x/y"), request("/b", Accept="*/*")], 1),
        ],
    )
    def test_is_what_differs_least(self, asked, recorded, place):
        assert nearest(missed(asked, *recorded)) == place

    def test_is_unused_if_there_is_one_as_near(self):
        assert nearest(missed(request("/ab"), request("/aa"), request("/zz"), used=1)) == 1

    def test_that_was_used_says_so(self):
        error = missed(request("/b"), request("/a"), used=1)
        assert "nearest: interactions[0] GET /api/v1/a (application/json), which was replayed already" in str(error)

    def test_of_thousands_is_found_at_once(self):
        recorded = [request(f"/o/r{number}/commits?limit={number % 7}") for number in range(3000)]
        redactor = Redactor()
        answers = Answers([Interaction(request=redactor.request(each), response=ANSWER) for each in recorded], NAMES)
        asked = redactor.request(request("/o/r1234/commit?limit=2"))
        assert nearest(miss(PATH, asked, answers, NAMES)) == 1234
        assert timeit(lambda: miss(PATH, asked, answers, NAMES), number=1) < 1


def test_a_repeat_says_how_to_allow_it():
    error = missed(request("/a"), request("/a"), request("/b"), used=1)
    assert error.differences == ()
    assert "no field differs: the request is a repeat; allow_repeats=True gives the last answer again" in str(error)
    assert nearest(error) == 0


def test_a_function_that_says_no_is_named():
    error = missed(request("/a"), request("/a"), rules=Matcher(lambda asked, recorded: False))
    assert "the function given as match_on says no" in str(error)
    error = missed(request("/a"), request("/b"), rules=Matcher(lambda asked, recorded: False))
    assert error.differences == ("path: recorded '/b', asked for '/a'",)


def test_fields_that_do_not_count_are_not_told():
    error = missed(request("/a?x=1", [1]), request("/b?x=2", [2]), rules=Matching(("method", "path")))
    assert error.differences == ("path: recorded '/b', asked for '/a'",)


@pytest.mark.parametrize(("number", "shown", "rest"), [(9, 9, None), (10, 10, None), (11, 10, 1), (500, 10, 490)])
def test_many_differences_are_counted(number, shown, rest):
    one, other = ({f"m{each}": each + side for each in range(number)} for side in (0, 1))
    error = missed(request("/a", one), request("/a", other))
    assert len(error.differences) == number
    lines = str(error).splitlines()
    assert sum(line.startswith("  body.m") for line in lines) == shown
    assert (f"  and {rest} more differences" in lines) == (rest is not None)
    assert sum("more differences" in line for line in lines) == (rest is not None)


def test_it_pickles():
    error = missed(request("/a", {"x": 1}), request("/a", {"x": 2}))
    error.operation = "repos.get"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is NoRecording
    assert (str(again), again.path, again.differences, again.sent) == (str(error), error.path, error.differences, False)
    assert again.operation == "repos.get"


def test_damage_pickles():
    error = DamagedRecording("what", path="p", place="header")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is DamagedRecording
    assert (str(again), again.path, again.place) == ("what", "p", "header")


def test_no_secret_is_shown():
    secrets = ["another-secret-token", "s3cr3t", KEY]
    asked = request(f"/o/{KEY}?token={secrets[0]}&q={KEY}", {"secret": secrets[1], "note": [KEY], KEY: 1}, "POST")
    recorded = request(f"/o/x{KEY}?token={secrets[0]}", {"secret": secrets[1] * 2, "a": KEY}, "POST")
    for error in (
        missed(asked, recorded),
        missed(asked),
        missed(asked, recorded, rules=Matcher(lambda asked, recorded: False)),
        missed(request(f"/?a={KEY}", Accept=f"a/{KEY}"), request("/")),
    ):
        shown = f"{error!s} {error!r} {error.differences} {pickle.dumps(error)!r}"
        assert not [secret for secret in secrets if secret in shown]


@pytest.mark.parametrize("path", ["/%FF%00", "/a%0Ab", "/%ED%A0%80", "/ä\u2028"])
def test_it_can_be_printed_whatever_was_asked(path):
    error = missed(request(f"{path}?q={path[1:]}"), request("/b?q=1"))
    assert len(str(error).encode().split(b"\n")) == 6


def test_an_interaction_shows_its_request_without_secrets():
    redactor = Redactor()
    asked = redactor.request(request(f"/o?token={KEY}&limit=1"))
    shown = Interaction(request=asked, response=ANSWER)
    assert str(shown) == "GET https://h/api/v1/o?token=***&limit=1 -> 200"
