"""A JSON answer is given back to the byte, whoever wrote it."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesa_core.http import Response
from mesa_core.strict import Mismatch
from mesa_transports.recorded.bodies import JsonBody, TextBody, body_of, dump_body, load_body
from mesa_transports.recorded.redaction import Redactor
from mesa_transports.recorded.spelling import is_spelling, spell, spelling_of

VALUE = {"b": [1, 1.5, "\u00e9<a href='/x'>&\\/ \U0001f600\u2028"], "a": {}, "c": [], "d": [{}, None, True]}
COMPACT = (",", ":")
WRITERS = {
    "": json.dumps(VALUE, ensure_ascii=False, separators=COMPACT),
    "spaces": json.dumps(VALUE, ensure_ascii=False),
    "spaces ascii": json.dumps(VALUE),
    "ascii newline": json.dumps(VALUE, separators=COMPACT) + "\n",
    "indent-2": json.dumps(VALUE, ensure_ascii=False, indent=2),
    "indent-4 ascii newline": json.dumps(VALUE, indent=4) + "\n",
    "indent-tab": json.dumps(VALUE, ensure_ascii=False, indent="\t"),
    "ascii slashes": json.dumps(VALUE, separators=COMPACT).replace("/", "\\/"),
    "html newline": json.dumps(VALUE, ensure_ascii=False, separators=COMPACT)
    .replace("<", "\\u003c")
    .replace(">", "\\u003e")
    .replace("&", "\\u0026")
    .replace("\u2028", "\\u2028")
    + "\n",
}


@pytest.mark.parametrize(("spelling", "text"), WRITERS.items(), ids=WRITERS)
def test_each_is_known_and_given_back(spelling, text):
    body = body_of(text.encode(), "application/json", exactly=True)
    assert (body, body.spelling) == (JsonBody(VALUE), spelling)
    assert load_body(json.loads(json.dumps(dump_body(body)))).content() == text.encode()


def test_the_shortest_is_not_named_in_a_file():
    assert dump_body(JsonBody([1])) == {"json": [1]}
    assert dump_body(JsonBody([1], "spaces")) == {"json": [1], "spelling": "spaces"}


@pytest.mark.parametrize(
    "text",
    [
        "[1e5]",
        "[1.50]",
        "[-0]",
        '{"a": 1,"b":2}',
        "[ 1]",
        "[1]\n\n",
        '["\\u00E9"]',
        '["\\u003c", "<"]',
        '{\r\n  "a": 1\r\n}',
        '{"a":1,"a":2}',
    ],
)
def test_what_has_no_name_is_kept_as_text(text):
    assert body_of(text.encode(), "application/json", exactly=True) == TextBody(text)


def test_the_spelling_of_a_request_does_not_matter():
    body = body_of(b'[ 1e5,"\\u00E9"]', "application/json")
    assert (body, body.spelling) == (JsonBody([1e5, "\u00e9"]), "")


def test_an_answer_without_its_secrets_is_spelt_as_it_was():
    text = '{\n    "token": "s3cr\\u00e9t",\n    "a": "\\u00e9"\n}\n'
    found = Redactor().response(Response(200, {"Content-Type": "application/json"}, text.encode()))
    assert found.message().content.decode() == text.replace("s3cr\\u00e9t", "REDACTED_TOKEN_1")


def test_an_odd_answer_without_its_secrets_is_json_still():
    text = '{"card": 4000123412341234, "f": 1e5, "note": "4000123412341234"}'
    answer = Response(200, {"Content-Type": "application/json"}, text.encode())
    found = Redactor([re.compile(r"\d{16}")]).response(answer)
    assert found.body == JsonBody({"card": 0, "f": 1e5, "note": "REDACTED_TEXT_1"})
    assert Redactor().response(answer).body == TextBody(text)


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    ),
    spelling=st.sampled_from(list(WRITERS)),
)
def test_all_json_is_given_back(value, spelling):
    text = spell(value, spelling)
    assert json.loads(text) == value
    found = spelling_of(text, value)
    assert found is not None
    assert spell(value, found) == text


@pytest.mark.parametrize(
    "spelling", ["spaces ", " spaces", "tabs", "indent-9", "indent-", "spacesascii", "html  ascii"]
)
def test_a_spelling_that_there_is_not_is_refused(spelling):
    assert not is_spelling(spelling)
    with pytest.raises(Mismatch, match=re.escape(f"expected a spelling of JSON, got {spelling!r}")):
        load_body({"json": 1, "spelling": spelling})


@pytest.mark.parametrize("spelling", [None, 1, ["spaces"]])
def test_a_spelling_that_is_no_text_is_refused(spelling):
    with pytest.raises(Mismatch, match="expected a spelling of JSON"):
        load_body({"json": 1, "spelling": spelling})
