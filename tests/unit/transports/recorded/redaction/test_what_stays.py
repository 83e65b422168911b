"""Redaction touches nothing that is no secret."""

from __future__ import annotations

import base64
import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from disguises import KEY, URL, encoded, request, response, safe
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mesa_transports.recorded.bodies import JsonBody, TextBody
from mesa_transports.recorded.credentials import properties, secret_members
from mesa_transports.recorded.redaction import Redactor

CONTRACT = Path(__file__).parents[5] / "docs" / "contract" / "openapi.yaml"


def property_names() -> list[str]:
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("properties"), dict):
                found.update(value["properties"])
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(yaml.safe_load(CONTRACT.read_text()))
    return sorted(found)


class TestNothingElse:
    @pytest.mark.parametrize("name", property_names())
    def test_a_property_of_the_contract_stays_unless_it_is_marked(self, name):
        found = Redactor().response(response({name: "main"})).body.json[name]
        assert (found == "main") == (name not in secret_members())

    def test_no_property_of_the_contract_is_ever_looked_for(self):
        redactor = Redactor()
        names = [name for name in property_names() if len(name) >= 8]
        assert set(names) <= properties()
        for name in names:
            redactor.response(response({"key": name}))
        assert redactor.response(response(dict.fromkeys(names, 1))).body == JsonBody(dict.fromkeys(names, 1))

    @pytest.mark.parametrize("word", ["main", "a", "admin", "secret", "GET"])
    def test_a_word_that_equals_a_short_secret_stays(self, word):
        redactor = Redactor()
        redactor.response(response({"token": word, "password": word}))
        found = redactor.response(response({"default_branch": word, "message": f"the {word} branch", word: 1}))
        assert found.body.json["message"] == f"the {word} branch"
        assert found.body.json["default_branch"] == word

    @settings(max_examples=150, deadline=None)
    @given(data=st.binary(min_size=1), form=st.sampled_from([encoded, safe, base64.b16encode, base64.encodebytes]))
    @example(data=bytes(range(256)), form=base64.encodebytes)
    def test_base64_without_a_secret_stays_to_the_byte(self, data, form):
        text = form(data) if form in (base64.b16encode, base64.encodebytes) else form(data.decode("latin-1"))
        text = text.decode() if isinstance(text, bytes) else text
        redactor = Redactor([KEY, re.compile("zzz+z")])
        for each in (text, text.rstrip("="), f"{text[:-3]}", f"A{text}"):
            assert redactor.response(response({"a": each})).body == JsonBody({"a": each})

    @pytest.mark.parametrize(
        "text",
        [
            "0123456789abcdef0123456789abcdef01234567",
            "ThisLooksLikeBase64ButIsOnlyWords",
            "refactor_the_thing-and_more",
            "QUJDREVGR0hJSktMTU5PUA",
            "QUJDREVGR0hJSktMTU5PUB==",
            "QUJD\n\nREVG\n",
            "================",
            "for(;token=next();) key = a ? token : b;",
            "token=value\npassword: x",
            "a&key=b",
            'if (x && token=="y") {}',
            "C:\\secret\\token.txt",
            "REDACTED",
            "REDACTED_",
            "\u2028\x85\ufeff",
        ],
    )
    def test_a_text_stays(self, text):
        redactor = Redactor()
        redactor.request(request(Authorization=f"Bearer {KEY}"))
        assert redactor.text(text) == text
        assert redactor.response(response({"a": text, text: [text]})).body == JsonBody({"a": text, text: [text]})
        assert redactor.response(response(text.encode(), "text/plain")).body == TextBody(text)

    @settings(max_examples=150, deadline=None)
    @given(
        value=st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
        )
    )
    def test_json_without_a_secret_stays(self, value):
        assume("://" not in repr(value))
        redactor = Redactor([KEY])
        found = redactor.response(response(value))
        assert repr(found.body.json) == repr(value)

    @pytest.mark.parametrize("content", ["[1, 1.0, 1e5, -0.0, true, null, 123456789012345678901234567890]"])
    def test_numbers_stay_what_they_are(self, content):
        found = Redactor(["1"]).request(request(URL, content.encode()))
        assert repr(found.body.json) == repr(json.loads(content))
        assert Redactor(["11"]).response(response(content.encode())).body == TextBody(content)


def test_messages_are_left_as_they_are():
    asked = request(content={"token": KEY}, Authorization=f"Bearer {KEY}")
    answer = response({"token": KEY})
    before = copy.deepcopy((asked, answer))
    Redactor().request(asked)
    Redactor().response(answer)
    assert (asked, answer) == before
