"""What stands in a recording where a secret was."""

from __future__ import annotations

import re

import pytest
from disguises import KEY, request, response, written

from mesa_transports.recorded.bodies import JsonBody
from mesa_transports.recorded.redaction import PLACEHOLDER, Redactor


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
