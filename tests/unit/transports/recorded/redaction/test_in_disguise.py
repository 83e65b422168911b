"""A key that is known is found in whatever disguise, wherever it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from disguises import DISGUISES, encoded, holds, response, safe, written
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mesa_core.http import Response
from mesa_transports.recorded.redaction import Redactor

PLACES: dict[str, Callable[[str], Response]] = {
    "JSON": lambda text: response([{text: [1, [{"error": {"code": "X", "message": text, "details": {"at": text}}}]]}]),
    "text": lambda text: response(text.encode(), "text/plain"),
    "HTML": lambda text: response(f"<p>{text}".encode(), "text/html"),
    "JSON that is not strict": lambda text: response(f'{{"a": NaN, "b": {json.dumps(text)}}}'.encode()),
}


class TestDisguises:
    @pytest.fixture(params=DISGUISES.values(), ids=DISGUISES)
    def disguised(self, request: pytest.FixtureRequest, key: str) -> str:
        text = request.param(key)
        assert holds(text, key), "the test's own eyes must see it"
        return text

    @pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
    def test_in_a_body(self, redactor, key, disguised, place):
        found = redactor.response(place(disguised))
        assert not holds(written(found), key)
        assert holds(written(found).replace("\\n", "\n").replace("\\r", "\r"), "REDACTED_"), (
            "what is there must be legible"
        )

    def test_redacting_again_changes_nothing(self, redactor, disguised):
        once = redactor.response(response({"a": disguised, disguised: 1}))
        for again in (redactor, Redactor()):
            assert again.response(once.message()) == once


@settings(max_examples=300, deadline=None)
@given(
    key=st.text(st.characters(codec="utf-8"), min_size=8, max_size=30),
    before=st.text(max_size=10),
    after=st.text(max_size=10),
)
@example(key="=" * 8, before="", after="")
@example(key="+" * 8, before="", after="")
@example(key="%" * 8, before="%", after="2")
@example(key="\x00" * 8, before="", after="")
@example(key="a\nb\r\nc\td", before="", after="")
@example(key="12345678", before="9", after="0")
@example(key="AAAAAAAA", before="A", after="A")
def test_any_key_in_any_text(key, before, after):
    redactor = Redactor([key])
    placeholder = redactor.text(key)
    assume(key not in placeholder and key not in before + after)
    assume(key not in "application/json")  # the type of the body, which is none of JSON without these letters
    text = before + key + after
    found = redactor.response(response({"a": text, "b": encoded(key, before, after), "c": safe(key, before, after)}))
    value = found.body.json
    assert key not in value["a"]
    for each in (value["b"], value["c"]):
        standard = each.replace("-", "+").replace("_", "/")
        assert key.encode() not in base64.b64decode(standard)
    assert redactor.response(found.message()) == found
