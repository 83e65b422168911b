"""A key that is known is found in whatever disguise, wherever it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import ClassVar

import pytest
from disguises import DISGUISES, KEY, URL, encoded, holds, request, response, safe, written
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mesa_core.http import Headers, Response
from mesa_transports.recorded.interactions import Interaction, RecordedRequest
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


class TestOneInAnother:
    """A secret that is learnt when a shorter one in it was taken out already."""

    LONG = "abcdefghijkl-S3CR3TTAIL/of?it"
    FORMS: ClassVar[dict[str, Callable[[str], str]]] = {
        **DISGUISES,
        "UTF-16": lambda key: base64.b64encode(key.encode("utf-16")).decode(),
    }

    @pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
    @pytest.mark.parametrize("parts", [["abcdefgh"], ["jkl-S3CR"], ["CR3TTAIL"], ["abcdefgh", "CR3TTAIL"]])
    def test_is_found_in_what_is_left_of_it(self, form, parts):
        redactor = Redactor()
        marks, kept = [], []
        text = form(self.LONG)
        nobody = RecordedRequest(method="GET", url=URL, headers=Headers())
        for each in (*parts, self.LONG):
            marks.append(redactor.mark)
            kept.append(Interaction(request=nobody, response=redactor.response(response({"m": text}))))
            redactor.response(response({"token": each}))
        for mark, interaction in zip(marks, kept, strict=True):
            (clean,) = redactor.again((interaction,), mark)
            assert not holds(written(clean.response), "ijkl") or "jkl" in "".join(parts)
            assert not holds(written(clean.response), "TAIL")
            assert redactor.again((clean,), 0) == (clean,)


class TestMasked:
    """A server that masks says "REDACTED", which is a part of what is put into base64."""

    @pytest.mark.parametrize("word", ["REDACTED", "CTED_SECRET", "D_SECRET", "SECRET__", "REDACTED_SECRET"])
    @pytest.mark.parametrize("before", ["", "x", "xy"])
    @pytest.mark.parametrize("form", [encoded, safe, lambda *text: base64.encodebytes("".join(text).encode()).decode()])
    def test_it_comes_to_an_end(self, word, before, form):
        redactor = Redactor()
        redactor.request(request(Authorization=f"Bearer {KEY}"))
        text = form(f"{KEY} is {word}{word}, or {word} {KEY}" + "." * 80, before, KEY)
        given = response({"password": word, "a": text, "b": f"it is {text}, {word}"})
        found = redactor.response(given)
        assert not holds(written(found), KEY)
        again = [redactor.response(found.message()), redactor.response(given)]
        assert again == [found, found]

    def test_it_stays(self):
        found = Redactor().response(response({"password": "REDACTED", "a": "REDACTED as it is"}))
        assert found.body.json == {"password": "REDACTED", "a": "REDACTED as it is"}


@settings(max_examples=300, deadline=None)
@given(
    secrets=st.lists(st.text("ABD_ECRT", min_size=8, max_size=20), min_size=1, max_size=4),
    before=st.binary(max_size=5),
)
@example(secrets=["REDACTED", "D_SECRET"], before=b"")
def test_what_looks_like_a_placeholder_comes_to_an_end(secrets, before):
    redactor = Redactor(secrets)
    text = base64.b64encode(before + "".join(secrets).encode() * 3 + b"....").decode()
    found = redactor.text(f"it is {text}")
    assert len(found) < 40 * len(text)


@pytest.mark.parametrize(
    ("secret", "spelt"),
    [
        ("it's a pass'word", "it&#39;s a pass&#39;word"),
        ("it's a pass'word", "it&apos;s a pass&apos;word"),
        ('it\'s a "pass" & word', "it&#39;s a &quot;pass&quot; &amp; word"),
        ('it\'s a "pass" & word', "it&#39;s a &#34;pass&#34; &amp; word"),
        ("ab+cd/ef==", "ab&#43;cd/ef=="),
        ("a(b)*c!d/ef", "a(b)*c!d%2Fef"),
        ("a;b,c d#e", "a;b,c%20d#e"),
        ("ab<cd>ef&g", "ab\\u003ccd\\u003eef\\u0026g"),
        ("it's <b>+</b>", "it\\u0027s \\u003cb\\u003e\\u002b\\u003c/b\\u003e"),
    ],
)
def test_as_other_languages_spell_it(secret, spelt):
    redactor = Redactor()
    redactor.request(request(content={"password": secret}))
    assert redactor.text(f"x {spelt} y") == "x REDACTED_PASSWORD_1 y"
    assert redactor.response(response(b"\xff" + spelt.encode(), "text/html")).body.content() == (
        b"\xffREDACTED_PASSWORD_1"
    )
