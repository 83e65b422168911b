"""A recorded placeholder stands for a secret that the live request holds, and nobody knows for one yet."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from mesa_core.http import Headers, Request, Response
from mesa_transports.recorded.answers import Answers
from mesa_transports.recorded.bodies import INLINE_LIMIT, FileBody, body_of
from mesa_transports.recorded.covering import covers
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse
from mesa_transports.recorded.matching import DEFAULT_MATCH_ON, Matcher, Matching
from mesa_transports.recorded.redaction import Redactor

RULES = Matching(DEFAULT_MATCH_ON)
URL = "https://depot.mesa.dev/api/v1/o/r"
SECRET = 'p/4+s~W?r"d\u00e9=%&<'
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def spell64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PLACES = {
    "a path": lambda secret: (f"{URL}/{quote(secret, safe='')}/x", b""),
    "a query": lambda secret: (f"{URL}?a=1&b={quote(secret, safe='')}", b""),
    "JSON": lambda secret: (URL, json.dumps({"a": [1, {"note": f"it is {secret}!"}], "b": secret}).encode()),
    "base64": lambda secret: (URL, json.dumps({"content": spell64(f"key={secret}\nend\n")}).encode()),
    "base64 in base64": lambda secret: (
        URL,
        json.dumps({"content": spell64(f"Authorization: Basic {spell64('u:' + secret)}\nend\n")}).encode(),
    ),
    "a text": lambda secret: (URL, f"key={secret}, {secret}\nend".encode()),
    "bytes": lambda secret: (URL, b"\xff\0" + secret.encode() + b"\0\xff"),
    "wide characters": lambda secret: (URL, b"\xff" + f"key={secret};".encode("utf-16-le")),
    "many bytes": lambda secret: (URL, b"\xff" * INLINE_LIMIT + secret.encode() + b"\0"),
}


def asked(place: str, secret: str) -> Request:
    url, content = PLACES[place](secret)
    return Request("POST", url, {"Content-Type": "application/json"}, content)


def plain(place: str, secret: str) -> RecordedRequest:
    """A request whose secret is not known for one."""
    return Redactor().request(asked(place, secret))


def saved(place: str, secret: str) -> RecordedRequest:
    """The same, when something has told it."""
    redactor = Redactor()
    redactor.response(Response(200, {"Content-Type": "application/json"}, json.dumps({"secret": secret}).encode()))
    return redactor.request(asked(place, secret))


def said(place: str, secret: str, *also: str) -> RecordedRequest:
    """The same, when `redact` says it, in a program that gave other placeholders before."""
    return Redactor([*also, secret]).request(asked(place, secret))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "secret", [SECRET, "another\nsecret", "\u0444\u0430\u043b\u043a\u043e\u043d-secret", "12345678"]
)
class TestPlaces:
    def test_any_secret_is_covered(self, place, secret):
        recorded = saved(place, SECRET)
        assert RULES.key(recorded) != RULES.key(plain(place, secret))
        assert RULES.covers(plain(place, secret), recorded)
        assert RULES.covers(plain(place, SECRET), recorded)

    def test_what_is_around_it_counts(self, place, secret):
        other = Request("POST", *PLACES[place](secret)[:1], {}, PLACES[place](secret)[1] + b"!")
        assert not RULES.covers(Redactor().request(other), saved(place, SECRET))
        elsewhere = Request("PUT", f"{URL}/other", {}, PLACES[place](secret)[1])
        assert not RULES.covers(Redactor().request(elsewhere), saved(place, SECRET))

    def test_what_is_too_short_for_a_secret_is_none(self, place, secret):
        if place != "base64 in base64":
            assert not RULES.covers(plain(place, "main"), saved(place, secret))

    def test_without_a_placeholder_nothing_is_covered(self, place, secret):
        assert not RULES.covers(plain(place, secret + "x"), plain(place, secret))


@pytest.mark.parametrize("place", PLACES)
class TestWhatRedactSays:
    """It is known before anything is asked, so nothing that is not redacted stands for it."""

    def test_nothing_else_is_covered(self, place):
        assert RULES.key(said(place, SECRET)) != RULES.key(plain(place, "production-data"))
        if place != "base64 in base64":  # which is a hole as a whole
            assert not RULES.covers(plain(place, "production-data"), said(place, SECRET))

    def test_one_that_redact_says_too_is(self, place):
        for other in (SECRET, "production-data"):
            assert RULES.covers(said(place, other, "x" * 20, "y" * 20), said(place, SECRET))


@pytest.mark.parametrize(
    ("recorded", "text", "is_covered"),
    [
        ("REDACTED_1", "12345678", True),
        ("REDACTED_1", "1234567", False),
        ("aREDACTED_1b", "a12345678b", True),
        ("aREDACTED_1b", "a1234567b", False),
        ("REDACTED_1, REDACTED_2.", "12345678, 12345678.", True),
        ("REDACTED_1, REDACTED_2.", "12345678, 1234567.", False),
        ("REDACTED_1, REDACTED_2.", "12345678; 12345678.", False),
        ("REDACTED_1 REDACTED_2", "1234567 9 12345678", True),
        ("x REDACTED_1 x", "x x", False),
        ("REDACTED_TEXT_1", "12345678", False),
        ("REDACTED_TEXT_1", "REDACTED_TEXT_22", True),
        ("REDACTED_TEXT_1 REDACTED_2", "REDACTED_TEXT_7 12345678", True),
        ("REDACTED_TEXT_1 REDACTED_2", "12345678 12345678", False),
        ("REDACTED_TEXT_1 REDACTED_2", "REDACTED_TEXT_7 REDACTED_8", True),
        ("REDACTED_TEXT_1 REDACTED_2", "REDACTED_API_KEY_7 REDACTED_8", True),
        ("REDACTED_TEXT_1 REDACTED_2", "REDACTED_TEXT_7 1234567", False),
        ("REDACTED", "12345678", False),
        ("a", "b", False),
        ("dGhlIHNhbWUgYnl0ZXM", "dGhlIHNhbWUgYnl0ZXM=", False),
    ],
)
def test_texts(recorded, text, is_covered):
    assert covers(recorded, text) is is_covered


@pytest.mark.parametrize(
    ("recorded", "given"),
    [
        (b'{"a": "REDACTED_1"}', b'{"b": "12345678"}'),
        (b'{"a": "REDACTED_1"}', b'{"a": "12345678", "b": 1}'),
        (b'{"a": "REDACTED_1"}', b'{"a": 12345678}'),
        (b'["REDACTED_1", 1]', b'["12345678", true]'),
        (b'["REDACTED_1", 1]', b'["12345678", 2]'),
        (b'["REDACTED_1"]', b'["12345678", "12345678"]'),
        (b'"REDACTED_1"', b"plain text"),
        (b"plain REDACTED_1", b'"12345678"'),
        (b'"REDACTED_1"', b""),
    ],
)
def test_json_that_differs_in_more(recorded, given):
    ours, theirs = (
        RecordedRequest(method="POST", url=URL, headers=Headers(), body=body_of(each, "application/json"))
        for each in (given, recorded)
    )
    assert not RULES.covers(ours, theirs)
    assert not RULES.covers(theirs, ours)


def test_a_file_that_is_gone_covers_nothing(tmp_path):
    beside = RecordedRequest(method="PUT", url=URL, headers=Headers(), body=FileBody(tmp_path / f"{'0' * 64}.bin", 1))
    assert not RULES.covers(
        RecordedRequest(method="PUT", url=URL, headers=Headers(), body=body_of(b"x", "a/b")), beside
    )


class TestAnswers:
    @staticmethod
    def answers(*places: str, allow_repeats: bool = False) -> Answers:
        interactions = [
            Interaction(request=saved(place, SECRET), response=RecordedResponse(status=200 + index, headers=Headers()))
            for index, place in enumerate(places)
        ]
        return Answers(interactions, RULES, allow_repeats=allow_repeats)

    @staticmethod
    def take(answers: Answers, place: str) -> int | None:
        found = answers.take_covered(plain(place, "another-secret"))
        return found.response.status if found else None

    def test_are_given_once_in_recorded_order(self):
        answers = self.answers("a text", "JSON", "JSON")
        assert [self.take(answers, "JSON") for _ in range(3)] == [201, 202, None]
        assert answers.unused() == (0,)
        assert answers.take(saved("JSON", SECRET)) is None

    def test_are_repeated_where_that_is_allowed(self):
        answers = self.answers("JSON", "JSON", allow_repeats=True)
        assert [self.take(answers, "JSON") for _ in range(4)] == [200, 201, 201, 201]

    def test_a_function_compares_alone(self):
        answers = Answers(self.answers("JSON").interactions, Matcher(lambda *_: False))
        assert self.take(answers, "JSON") is None
