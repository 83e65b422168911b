"""What a user asks to have redacted: texts, patterns and functions."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

import pytest
from disguises import DISGUISES, KEY, ODD, URL, encoded, holds, request, response, written

from mesa_core.errors import ConfigurationError
from mesa_core.http import Headers, Response
from mesa_transports.recorded.bodies import BinaryBody, JsonBody
from mesa_transports.recorded.interactions import Interaction, RecordedRequest
from mesa_transports.recorded.redaction import Redactor


class TestRules:
    @pytest.mark.parametrize(
        ("rule", "text", "clean"),
        [
            ("abc", "abc xabcx", "REDACTED_TEXT_1 xREDACTED_TEXT_1x"),
            ("a.c", "abc a.c", "abc REDACTED_TEXT_1"),
            (re.compile(r"sk_\w+"), "sk_1 sk_2 sk_1", "REDACTED_TEXT_1 REDACTED_TEXT_2 REDACTED_TEXT_1"),
            (re.compile(r"(?<=user=)\d+"), "user=12 12", "user=REDACTED_TEXT_1 12"),
            (re.compile(r"x*"), "axb", "aREDACTED_TEXT_1b"),
            (re.compile(r"\b[A-Z]\b"), "a B", "a REDACTED_TEXT_1"),
            (lambda text: re.sub(r"[\w.]+@[\w.]+", "somebody", text), "a@b.c!", "somebody!"),
        ],
    )
    def test_each_kind(self, rule, text, clean):
        redactor = Redactor([rule])
        assert redactor.text(text) == clean
        assert redactor.text(clean) == clean
        url = f"https://h/{quote(text, safe='')}?q={quote(text, safe='')}"
        found = redactor.request(request(url, {"a": [text], text: 1, "b": encoded(text + " " * 20)}))
        assert found.url == f"https://h/{quote(clean, safe='')}?q={quote(clean, safe='')}"
        assert found.body == JsonBody({"a": [clean], clean: 1, "b": encoded(clean + " " * 20)})

    CARD = "4000123412341234"

    @pytest.mark.parametrize(
        "data",
        [
            f"\u00e9;{CARD};\u00fc\n".encode("latin-1"),
            b"\xff\xfe " + CARD.encode() + b"\0",
            f"\x1b[31mcard {CARD}\x1b[0m \u00e9\n".encode(),
            f"a\0{CARD}\0\u00e9".encode(),
        ],
    )
    @pytest.mark.parametrize(
        "rule", [re.compile(r"\d{16}"), lambda text: text.replace(TestRules.CARD, "REDACTED_TEXT_1")]
    )
    @pytest.mark.parametrize("form", ["body", "base64", "lines"])
    def test_in_what_is_not_utf_8_or_printable(self, data, rule, form):
        clean = data.replace(self.CARD.encode(), b"REDACTED_TEXT_1")
        redactor = Redactor([rule])
        if form == "body":
            assert redactor.response(response(data, "text/csv")).body.content() == clean
            assert redactor.response(response(clean, "text/csv")).body.content() == clean
        else:
            spell = base64.b64encode if form == "base64" else base64.encodebytes
            found = redactor.response(response({"content": spell(data * 5).decode()})).body.json["content"]
            assert base64.b64decode(found) == clean * 5

    @pytest.mark.parametrize(
        "rule", [re.compile(r"\b\d{16}\b"), lambda text: text.replace(TestRules.CARD, "REDACTED_TEXT_1")]
    )
    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
    @pytest.mark.parametrize("around", [b"", b"\xff", b"\xfe\0", b"\0\0\xff"])
    def test_in_wide_characters_wherever_they_begin(self, rule, encoding, around):
        data = around + f"card {self.CARD}, \u00e9".encode(encoding) + around
        found = Redactor([rule]).response(response(data, f"text/csv; charset={encoding}")).body.content()
        assert found == around + "card REDACTED_TEXT_1, \u00e9".encode(encoding) + around
        value = {"content": base64.b64encode(data).decode()}
        (kept,) = Redactor([rule]).response(response(value)).body.json.values()
        assert base64.b64decode(kept) == found

    def test_in_wide_characters_that_are_not_latin(self):
        for rule in (re.compile("\u0444\\w+"), "\u0444\u0430\u043b\u043a\u043e\u043d"):
            data = "x \u0444\u0430\u043b\u043a\u043e\u043d!".encode("utf-16")
            found = Redactor([rule]).response(response(data, "text/plain; charset=utf-16"))
            assert found.body.content().decode("utf-16") == "x REDACTED_TEXT_1!"

    @pytest.mark.parametrize("rule", [CARD, re.compile(r"\d{16}"), lambda text: text.replace(TestRules.CARD, "x")])
    def test_a_number_becomes_0(self, rule):
        value = {"card": int(self.CARD), "cards": [int(self.CARD), 5, 1.5, True, None]}
        for found in (Redactor([rule]).request(request(content=value)), Redactor([rule]).response(response(value))):
            assert repr(found.body.json) == repr({"card": 0, "cards": [0, 5, 1.5, True, None]})

    def test_a_number_that_was_seen_as_a_secret_becomes_0(self):
        redactor = Redactor()
        redactor.response(response({"password": self.CARD, "token": "1024"}))
        assert redactor.response(response([int(self.CARD), 1024, 10240])).body == JsonBody([0, 1024, 10240])

    def test_what_a_pattern_has_found_is_found_in_disguise_too(self):
        redactor = Redactor([re.compile(r"sk_[a-z0-9]{10}")])
        early = redactor.response(response({"a": encoded("user:sk_0123456789")[8:]}))
        redactor.request(request(content={"note": "it is sk_0123456789"}))
        late = redactor.response(response([disguise("sk_0123456789") for disguise in DISGUISES.values()]))
        nobody = RecordedRequest(method="GET", url=URL, headers=Headers())
        (again,) = redactor.again((Interaction(request=nobody, response=early),), 0)
        assert not holds(written(late, again.response), "sk_0123456789")

    @pytest.mark.parametrize("header", ["ETag", "X-Request-Id", "Location", "Content-Type"])
    def test_in_headers_and_urls(self, header):
        redactor = Redactor([re.compile(r"\d{16}")])
        assert redactor.response(Response(200, {header: f"x/{self.CARD}"})).headers[header] == "x/REDACTED_TEXT_1"
        assert (
            redactor.request(request(f"{URL}/{self.CARD}?q={self.CARD}")).url
            == f"{URL}/REDACTED_TEXT_1?q=REDACTED_TEXT_1"
        )

    def test_a_function_may_put_any_character_into_bytes(self):
        found = Redactor([lambda text: text.replace("abc", "\u20ac")]).response(response(b"\xffabc", "text/csv"))
        assert found.body == BinaryBody(b"\xff?")

    @pytest.mark.parametrize("sha", ["3132333435363738393031323334353637383930", "31323334" * 8])
    def test_a_sha_is_not_taken_for_base64(self, sha):
        seen: set[str] = set()
        Redactor([lambda text: seen.add(text) or text]).response(response({"sha": sha}))
        assert seen == {"application/json", "sha", sha}

    @pytest.mark.parametrize(
        ("function", "message"),
        [
            (lambda text: None, "redact: the function .*<lambda> returned NoneType, expected a text"),
            (lambda text: text.encode(), "redact: the function .*<lambda> returned bytes, expected a text"),
            (lambda text: {}[text], "redact: the function .*<lambda> raised KeyError$"),
            (max, "redact: the function max raised ValueError$"),
        ],
    )
    @pytest.mark.parametrize("content", [{"a": "hush-hush"}, b"hush-hush\xff"])
    def test_a_function_that_fails_is_named_without_the_secret(self, function, message, content):
        with pytest.raises(ConfigurationError, match=message) as caught:
            Redactor([function]).response(response(content, ETag=""))
        assert "hush" not in str(caught.value)

    def test_all_of_them(self):
        redactor = Redactor(["abc", re.compile("d+"), str.swapcase, re.compile("E")])
        assert redactor.text("abc dd e") == "redacted_text_1 redacted_text_2 REDACTED_TEXT_3"

    def test_a_text_is_looked_for_in_bytes_and_in_disguise(self):
        redactor = Redactor([ODD])
        for disguise in DISGUISES.values():
            assert not holds(redactor.text(disguise(ODD)), ODD)
        assert ODD.encode() not in redactor.response(response(b"\xff" + ODD.encode())).body.content()

    def test_a_secret_found_by_a_pattern_has_one_placeholder(self):
        redactor = Redactor([re.compile("mesa_[A-Za-z0-9]+")])
        found = redactor.request(request(content={"a": f"<{KEY}>", "token": KEY}))
        assert found.body == JsonBody({"a": "<REDACTED_TEXT_1>", "token": "REDACTED_TEXT_1"})

    @pytest.mark.parametrize(
        ("rules", "text"),
        [
            (["user_", re.compile(r"\d{16}")], "user_4000123412341234"),
            (["user ", re.compile(r"\b\d{16}\b")], "user 4000123412341234"),
            ([re.compile("card "), re.compile(r"[A-Z0-9]{16}")], "card 4000123412341234"),
            ([re.compile("card "), re.compile(r"\b[A-Z0-9]{16,}\b")], "card AKIA4000123412341234"),
            ([KEY, re.compile(r"\d{16}")], f"{KEY}4000123412341234"),
            ([KEY, re.compile(r"(?<!\w)\d{16}(?!\w)")], f"{KEY}4000123412341234{KEY}"),
            ([KEY, re.compile(r"[A-Z]{4}\d{16}")], f"{KEY}AKIA4000123412341234"),
            ([re.compile(r"\d{15,16}")], "REDACTED_14000123412341234"),
        ],
    )
    def test_what_stands_beside_a_placeholder_is_none(self, rules, text):
        redactor = Redactor(rules)
        clean = redactor.text(text)
        assert "000123412341234" not in clean
        assert redactor.text(clean) == clean
        found = redactor.response(response({"a": encoded(text), "b": [f"<{text}>"]}))
        assert not holds(written(found), "000123412341234")

    @pytest.mark.parametrize("name", ["a", "credentials"])
    def test_names_that_become_one_stay_as_many(self, name):
        redactor = Redactor([lambda text: re.sub(r"\S+@\S+", "EMAIL", text)])
        value = {name: {"a@x.de": 1, "b@x.de": [2], "EMAIL": None, "c": 4}}
        found = redactor.response(response(value))
        assert found.body == JsonBody({name: {"EMAIL": 1, "EMAIL (2)": [2], "EMAIL (3)": None, "c": 4}})
        assert redactor.response(found.message()) == found
