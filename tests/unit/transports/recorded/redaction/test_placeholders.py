"""What stands in a recording where a secret was."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest
from disguises import KEY, encoded, request, response, written
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_transports.recorded.bodies import JsonBody
from mesa_transports.recorded.disguises import alike
from mesa_transports.recorded.matching import DEFAULT_MATCH_ON, matching
from mesa_transports.recorded.redaction import PLACEHOLDER, Redaction, Redactor


class TestPlaceholders:
    def test_of_one_secret_there_is_one(self):
        redactor = Redactor()
        found = redactor.response(
            response([{"token": KEY}, {"secret": KEY}, {"a": KEY}, {"token": "x"}, {"token": "x"}])
        )
        assert [*(value for each in found.body.json for value in each.values())] == [
            *["REDACTED_TOKEN_1"] * 3,
            *["REDACTED_TOKEN_2"] * 2,
        ]

    def test_of_many_secrets_there_are_many(self):
        redactor = Redactor()
        found = redactor.response(response([{name: f"{name}{n}"} for n in range(50) for name in ("token", "key")]))
        assert len({*(value for each in found.body.json for value in each.values())}) == 100

    def test_a_program_gets_the_same_ones_every_time(self):
        def run(key: str) -> str:
            redactor = Redactor(["a-fixed-secret", re.compile("x+y")])
            return written(
                redactor.request(request(content={"secret": key[::-1]}, Authorization=f"Bearer {key}")),
                redactor.response(response({"key": f"new-{key}", "a": "xxy a-fixed-secret xy"})),
            ).partition('"interactions"')[2]

        assert run(KEY) == run(f"other-{KEY}")

    @pytest.mark.parametrize("taken", [["REDACTED_TOKEN_7"], ["REDACTED_X", "REDACTED_USER", "REDACTED_API_KEY_7"]])
    def test_none_is_given_again_that_is_taken(self, taken):
        redactor = Redactor(["abc"], taken=taken)
        assert redactor.text("abc") == "REDACTED_TEXT_8"
        assert redactor.response(response({"token": "x"})).body == JsonBody({"token": "REDACTED_TOKEN_9"})

    @pytest.mark.parametrize("name", ["token", "x-api-key", "", "\u00fcber token", "a.b.token", "Token", "TOKEN_1"])
    def test_each_is_known_for_one(self, name):
        found = Redactor().response(response({"token": {name: KEY}}))
        (placeholder,) = found.body.json["token"].values()
        assert PLACEHOLDER.fullmatch(placeholder)

    def test_a_placeholder_is_no_secret(self):
        redactor = Redactor()
        found = redactor.request(request(content={"token": "REDACTED_KEY_5"}, Authorization="Bearer REDACTED_KEY_5"))
        assert found.body == JsonBody({"token": "REDACTED_KEY_5"})
        assert redactor.text("REDACTED_KEY_5") == "REDACTED_KEY_5"


FORMS = {
    "JSON": str,
    "a URL": lambda text: f"https://h/{text}?q={text}",
    "base64": lambda text: encoded(text, "some text of its own: "),
    "base64 in a text": lambda text: f"it is {encoded(text, 'some text: ')}!",
    "UTF-16 in base64": lambda text: base64.b64encode(f"x {text}".encode("utf-16-le")).decode(),
    "the other UTF-16": lambda text: base64.b64encode(f"x {text}".encode("utf-16-be")).decode(),
}

SECRETS = ("falcon-x", "falcon-project", "f\u0444lcon-project")
CASES = (
    *(("text", form, secret) for form in FORMS for secret in SECRETS),
    # A pattern sees base64 that is all of a text, and in UTF-16 what is Latin.
    *(("pattern", form, secret) for form in FORMS if form != "base64 in a text" for secret in SECRETS[:2]),
)


class TestWhereOneEnds:
    """What follows a secret is no part of its placeholder: two texts that differ there are two."""

    @staticmethod
    def keys(rules: list[Redaction], *texts: str, form: Callable[[str], object] = str) -> list[object]:
        redactor = Redactor(rules)
        rules_of_match = matching(DEFAULT_MATCH_ON)
        return [rules_of_match.key(redactor.request(request(content={"a": form(text)}))) for text in texts]

    @pytest.mark.parametrize(("rule", "form", "secret"), CASES)
    def test_by_what_follows(self, rule, form, secret):
        rules = [secret if rule == "text" else re.compile(re.escape(secret))]
        form = FORMS[form]
        endings = ["", "1", "2", "22", "_A", "_B", "_1", "A", "B", "_", "~1", "a", "-A"]
        keys = self.keys(rules, *(secret + ending for ending in endings), form=form)
        assert len(set(keys)) == len(endings)
        other = "another-secret"
        assert self.keys([other], *(other + ending for ending in endings), form=form) == keys

    def test_of_one_beside_another(self):
        redactor = Redactor(["one-secret", "another"])
        assert redactor.text("one-secretanother7") == "REDACTED_TEXT_1REDACTED_TEXT_2~7"
        assert redactor.text("REDACTED_TEXT_1~7 another") == "REDACTED_TEXT_1~7 REDACTED_TEXT_2"

    @pytest.mark.parametrize("name", ["TOKEN_1", "2fa-token", "oauth_2_token", "token 7", "4_2_token"])
    def test_no_name_is_taken_for_a_number(self, name):
        redactor = Redactor()
        found = [redactor.response(response({"token": {name: each}})).body.json["token"] for each in (KEY, "another")]
        placeholders = [placeholder for each in found for placeholder in each.values()]
        assert all(map(PLACEHOLDER.fullmatch, placeholders))
        assert [PLACEHOLDER.sub("%s", f"{each}_A") for each in placeholders] == ["%s_A"] * 2

    @settings(max_examples=200, deadline=None)
    @given(
        secrets=st.lists(
            st.text("abCD12_-", min_size=8, max_size=12).map("{}-".format), min_size=1, max_size=3, unique=True
        ),
        ends=st.lists(st.text("A1_~b", max_size=4), min_size=2, max_size=2, unique=True),
    )
    def test_of_any_secrets(self, secrets, ends):
        redactor = Redactor(secrets)
        texts = [redactor.text("".join(secrets) + end) for end in ends]
        assert alike(texts[0]) != alike(texts[1])
        assert [redactor.text(text) for text in texts] == texts
