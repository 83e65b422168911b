"""Deliveries of webhooks: genuine ones are read, and all others refused, in every world."""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_string
from enum import Enum
from typing import Any

import pytest

from mesa_plugins.testing import FakeClock, Script
from mesa_sdk import (
    AsyncMesa,
    Event,
    EventValidationError,
    InvalidRequest,
    Mesa,
    PushEvent,
    UnknownEvent,
    WebhookSignatureError,
)

SECRET = "whsec_s3cr3t"
NOW = 1_800_000_000
PUSH = {
    "event": "push",
    "repository": {"id": "repo_1", "org": "acme", "name": "app", "url": "https://depot.mesa.dev/acme/app"},
    "ref": "refs/heads/main",
    "branch": "main",
    "before": "0" * 40,
    "after": "a" * 40,
    "commits": [
        {"id": "a" * 40, "sha": "a" * 40, "message": "Add", "author": {"name": "Bot", "email": "bot@example.com"}},
        {"id": "b" * 40, "sha": "b" * 40, "message": "né\n", "author": None},
    ],
    "pushed_at": "2026-01-02T03:04:05Z",
}
BODY = json.dumps(PUSH).encode()

Verify = Callable[..., Event]


def digest(body: bytes, time: object = NOW, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256).hexdigest()


def signed(body: bytes = BODY, time: object = NOW, secret: str = SECRET) -> dict[str, str]:
    return {"X-Depot-Event": "push", "X-Depot-Signature": f"t={time},sha256={digest(body, time, secret)}"}


class At(FakeClock):
    def time(self) -> float:
        return float(NOW)


@pytest.fixture(params=["blocking", "async", "raw", "async raw"])
def verify(request: pytest.FixtureRequest) -> Verify:
    client = (AsyncMesa if "async" in request.param else Mesa)(transport=Script(), api_key="k", clock=At())
    return (client.raw if "raw" in request.param else client).webhooks.verify


def test_a_genuine_delivery_is_read(verify):
    event = verify(BODY, signed(), secret=SECRET)
    assert isinstance(event, PushEvent)
    assert (event.event, event.repository.org, event.branch, event.after) == ("push", "acme", "main", "a" * 40)
    assert [(commit.message, commit.author and commit.author.name) for commit in event.commits] == [
        ("Add", "Bot"),
        ("né\n", None),
    ]
    assert event.pushed_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "headers",
    [
        {name.lower(): value for name, value in signed().items()},
        {name.upper(): value for name, value in signed().items()},
        list(signed().items()),
        message_from_string(
            "".join(f"{name}: {value}\n" for name, value in signed().items())
        ),  # as http.server has them
        {"X-Depot-Signature": f"t={NOW}, sha256={digest(BODY)}"},
        {"X-Depot-Signature": f"sha256={digest(BODY)},t={NOW}"},
        {"X-Depot-Signature": f"t={NOW},sha256={'0' * 64},sha256={digest(BODY)},v2=of-later"},
    ],
)
def test_however_the_headers_are_given(verify, headers):
    assert verify(BODY, headers, secret=SECRET).event == "push"


@pytest.mark.parametrize("body", [bytearray(BODY), memoryview(BODY)])
def test_bytes_of_every_kind(verify, body):
    assert verify(body, signed(), secret=SECRET).event == "push"


@pytest.mark.parametrize("secret", [["new", SECRET], (SECRET, "new"), ["new", "other", SECRET]])
def test_one_of_several_secrets_is_enough(verify, secret):
    assert verify(BODY, signed(), secret=secret).event == "push"


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "the header is missing"),
        ({"X-Depot-Signature": ""}, "expected t=<seconds>,sha256=<64 hex digits>"),
        ({"X-Depot-Signature": f"sha256={digest(BODY)}"}, "expected t="),
        ({"X-Depot-Signature": f"t={NOW}"}, "expected t="),
        ({"X-Depot-Signature": f"t={NOW},t={NOW},sha256={digest(BODY)}"}, "expected t="),
        ({"X-Depot-Signature": f"t=-1,sha256={digest(BODY, -1)}"}, "expected t="),
        ({"X-Depot-Signature": f"t=٣,sha256={digest(BODY, '٣')}"}, "expected t="),
        ({"X-Depot-Signature": f"t={NOW}.5,sha256={digest(BODY)}"}, "expected t="),
        ({"X-Depot-Signature": f"t={NOW},sha256={digest(BODY)[:-1]}"}, "expected t="),
        ({"X-Depot-Signature": f"t={NOW},sha256={digest(BODY).upper()}"}, "expected t="),
        ({"X-Depot-Signature": f"t={NOW},sha1={digest(BODY)}"}, "expected t="),
        ({"X-Depot-Signature": f"t={NOW},sha256={'é' * 64}"}, "expected t="),
        ({"X-Depot-Signature": f"t={NOW + 1},sha256={digest(BODY)}"}, "no secret of the 1 given signs this body so"),
        (signed(secret="other"), "no secret of the 1 given"),
        (signed(BODY + b" "), "no secret of the 1 given"),
        (signed(BODY.replace(b"main", b"evil")), "no secret of the 1 given"),
    ],
)
def test_what_is_not_genuine_is_refused(verify, headers, why):
    with pytest.raises(WebhookSignatureError, match=why) as caught:
        verify(BODY, headers, secret=SECRET)
    assert SECRET not in repr(caught.value)
    assert digest(BODY) not in str(caught.value)


@pytest.mark.parametrize(
    ("time", "options", "why"),
    [
        (NOW - 300, {}, None),
        (NOW + 300, {}, None),
        (NOW - 301, {}, "signed 301 s ago, more than 300 s"),
        (NOW + 301, {}, "signed 301 s from now, more than 300 s"),
        (NOW - 11, {"tolerance": 10}, "signed 11 s ago, more than 10 s"),
        (NOW - 86400, {"tolerance": float("inf")}, None),
        (NOW, {"tolerance": 0}, None),
    ],
)
def test_what_was_not_signed_just_now_is_refused(verify, time, options, why):
    if why is None:
        assert verify(BODY, signed(time=time), secret=SECRET, **options).event == "push"
    else:
        with pytest.raises(WebhookSignatureError, match=why):
            verify(BODY, signed(time=time), secret=SECRET, **options)


def test_an_event_of_a_later_kind_is_no_fault(verify):
    body = b'{"event": "merge", "into": "main"}'
    event = verify(body, signed(body), secret=SECRET)
    assert event == UnknownEvent(event="merge", raw={"event": "merge", "into": "main"})


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"", "$"),
        (b"\xff", "$"),
        (b"[" * 100_000, "$"),
        (b"[]", "$.event"),
        (b"{}", "$.event"),
        (b'{"event": 5}', "$.event"),
        (json.dumps({**PUSH, "branch": None}).encode(), "$.branch"),
        (json.dumps({**PUSH, "commits": [{**PUSH["commits"][0], "sha": 1}]}).encode(), "$.commits[0].sha"),
        (json.dumps({**PUSH, "pushed_at": "yesterday"}).encode(), "$.pushed_at"),
    ],
)
def test_a_genuine_one_of_another_shape_says_where(verify, body, path):
    with pytest.raises(EventValidationError) as caught:
        verify(body, signed(body), secret=SECRET)
    assert (caught.value.path, caught.value.content) == (path, body)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.path, str(copy)) == (path, str(caught.value))


@pytest.mark.parametrize(
    ("arguments", "field", "message"),
    [
        ({"body": BODY.decode()}, "body", "body: expected the bytes as they came, got str"),
        ({"body": PUSH}, "body", "body: expected the bytes as they came, got dict"),
        ({"secret": ""}, "secret", "secret: expected a str that is not empty, got an empty str"),
        ({"secret": []}, "secret", "secret: expected a str or a list of them, got an empty list"),
        ({"secret": [SECRET, ""]}, "secret", "secret: expected a str that is not empty, got an empty str"),
        ({"secret": None}, "secret", "secret: expected a str or a list of them, got NoneType"),
        ({"secret": SECRET.encode()}, "secret", "secret: expected a str or a list of them, got bytes"),
        ({"secret": [None]}, "secret", "secret: expected a str that is not empty, got NoneType"),
        ({"secret": "\ud800"}, "secret", "secret: it has half of a surrogate pair, which is no character"),
        ({"tolerance": None}, "tolerance", "tolerance: expected seconds, 0 or more, got None"),
        ({"tolerance": -1}, "tolerance", "tolerance: expected seconds, 0 or more, got -1"),
        ({"tolerance": float("nan")}, "tolerance", "tolerance: expected seconds, 0 or more, got nan"),
    ],
)
def test_arguments_that_are_none(verify, arguments: dict[str, Any], field, message):
    given = {"body": BODY, "headers": signed(), "secret": SECRET, **arguments}
    with pytest.raises(InvalidRequest) as caught:
        verify(given.pop("body"), given.pop("headers"), **given)
    assert (caught.value.field, str(caught.value)) == (field, message)


def test_a_secret_may_be_a_member_of_an_enumeration(verify):
    class Secrets(str, Enum):  # noqa: UP042 - as programs for older Pythons have it
        CURRENT = SECRET

    assert verify(BODY, signed(), secret=Secrets.CURRENT).event == "push"
