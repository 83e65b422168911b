"""Arrays and objects of a secret name, in JSON however it is spelt, and wherever it stands."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from disguises import KEY, URL, encoded, holds, request, response, written
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_transports.recorded.bodies import JsonBody, TextBody
from mesa_transports.recorded.redaction import Redactor

VALUES: tuple[dict[str, Any], ...] = (
    {"tokens": [KEY]},
    {"a": {"credentials": {"value": KEY, "port": 5432, "on": True}}},
    {"tokens": [["x", {"deep": [None, KEY]}], "x"]},
)
SPELLINGS = {
    "spaces": lambda text: text.replace("[", " [ ").replace(":", " : ").replace("}", " } "),
    "a number of its own": lambda text: '{"size": 1e5, ' + text[1:],
    "a name twice": lambda text: '{"b": 1, "b": 2, ' + text[1:],
    "no number": lambda text: '{"b": NaN, ' + text[1:],
    "lines": lambda text: f'{text}\n{{"a": 1}}\n{text}\n',
    "an escaped name": lambda text: text.replace("tokens", "t\\u006fkens").replace("credentials", "credential\\u0073"),
    "cut off": lambda text: text.rstrip("]}") + "], ",
    "in a text": lambda text: f'12" of {{"a": 5" {text}: it is',
}
TYPES = (
    "application/json",
    "text/json",
    "application/x-ndjson",
    "application/problem+json",
    "text/plain",
    "text/html",
    "",
)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
class TestBelowNames:
    @pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
    @pytest.mark.parametrize("media_type", TYPES)
    @pytest.mark.parametrize("ending", [b"", b"\xff"])
    def test_in_json_of_any_spelling(self, value, spell, media_type, ending):
        content = spell(json.dumps(value)).encode() + ending
        for found in (
            Redactor().response(response(content, media_type)),
            Redactor().request(request(URL, content, media_type)),
        ):
            assert not holds(written(found), KEY)
            assert "REDACTED_" in written(found)

    @pytest.mark.parametrize(
        "spell",
        [
            json.dumps,
            lambda value: json.dumps(json.dumps(value)),
            lambda value: json.dumps(json.dumps(json.dumps(value))),
            repr,
            lambda value: json.dumps(value).replace('"', "&quot;"),
            lambda value: json.dumps(value).replace('"', "&#34;"),
            lambda value: repr(value).replace("'", "&#39;"),
            lambda value: repr(value).replace(":", " =>"),
            lambda value: encoded(json.dumps(value)),
        ],
    )
    def test_in_a_text(self, value, spell):
        text = spell(value)
        found = Redactor().response(response({"payload": text, text: [text]}))
        assert not holds(written(found), KEY)
        found = Redactor().response(response(spell(value).encode(), "text/plain"))
        assert not holds(written(found), KEY)

    @pytest.mark.parametrize("spell", [lambda text: quote(text, safe=""), quote_plus, lambda text: text])
    def test_in_parameters_and_forms(self, value, spell):
        text = spell(json.dumps(value))
        asked = [
            request(f"{URL}?a=1&payload={text}"),
            request(content=f"a=1&payload={text}".encode(), media_type="application/x-www-form-urlencoded"),
            request(content={"url": f"https://h/x?state={text}"}),
        ]
        for each in asked:
            assert not holds(written(Redactor().request(each)), KEY)

    def test_what_is_found_is_known(self, value):
        redactor = Redactor()
        redactor.response(response(f"see {json.dumps(value)}".encode(), "text/plain"))
        assert KEY not in redactor.text(f"later: {KEY}")


def test_what_is_no_text_of_theirs_stays():
    content = (
        b'{"a" : "b", "tokens": {"key one": [1, true, null], "two": "%s"}, "c": ["d"]} and {"e": "f"}' % KEY.encode()
    )
    found = Redactor().response(response(content, "text/plain"))
    assert found.body == TextBody(content.decode().replace(KEY, "REDACTED_TOKENS_1"))


def test_an_odd_answer_is_kept_as_json():
    found = Redactor().response(response(b'{ "size": 1e5, "tokens" : [ "%s" ] }' % KEY.encode()))
    assert found.body == JsonBody({"size": 1e5, "tokens": ["REDACTED_TOKENS_1"]})


@pytest.mark.parametrize(
    "text",
    [
        '{"key": ["ctrl", "c"]}',
        "the tokens: [a, b]",
        '"tokens": 5, ["abcdefgh"]',
        "{'monkeys': ['abcdefgh']}",
        "tokens[0]",
    ],
)
def test_what_is_none_stays(text):
    assert Redactor().response(response(text.encode(), "text/plain")).body == TextBody(text)


@settings(max_examples=200, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
    before=st.text(max_size=9),
    indent=st.sampled_from([None, 1]),
    is_ascii=st.booleans(),
)
def test_any_json_in_any_text(value, before, indent, is_ascii):
    whole = {"a": value, "secrets": [value, {"b": KEY}, value]}
    text = json.dumps(whole, indent=indent, ensure_ascii=is_ascii)
    clean = Redactor().response(response(f"{before}\n{text}".encode(errors="replace"), "text/plain"))
    assert KEY not in written(clean)


@pytest.mark.parametrize(
    "text",
    [
        '{"log":"' + '\\"' * 60_000,
        '{"log":"' + "\\\\" * 60_000,
        '"tokens":[' * 5_000,
        '"tokens":{"' * 5_000,
        "'tokens':['" * 5_000,
        '"token":{//u:p@' * 2_000,
        '"tokens":[{\\{' * 2_000,
        '\\"tokens\\":[\\"' * 5_000,
        "&quot;tokens&quot;:[&quot;" * 5_000,
        '"tokens":[' + '"a",' * 10_000,
    ],
)
@pytest.mark.parametrize("media_type", ["application/json", "text/plain"])
def test_long_texts_take_no_time(text, media_type):
    started = datetime.now(UTC)
    Redactor([KEY]).response(response(text.encode(), media_type))
    assert (datetime.now(UTC) - started).total_seconds() < 4
