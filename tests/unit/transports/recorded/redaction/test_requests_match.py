"""Matching works on what is redacted: secrets that differ make no difference."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

import pytest
from disguises import KEY, ODD, URL, encoded, request, response

from mesa_core.http import Request
from mesa_transports.recorded.matching import DEFAULT_MATCH_ON, matching
from mesa_transports.recorded.redaction import Redactor


class TestMatching:
    """A request with secrets equals its recorded form, whichever they are now."""

    @staticmethod
    def asked(key: str, other: str) -> Request:
        content = {
            "token": other,
            "note": f"{key} and {other}",
            "files": [{"content": encoded(f"a={key}\nb={other}\n", "#" * 31), "encoding": "base64"}],
            "link": f"https://u:{quote(other, safe='')}@h/{quote(key, safe='')}?sig={quote(other)}",
            key: encoded(key, "x" * 40),
        }
        url = f"{URL}/{quote(key, safe='')}?a={quote_plus(other)}&token={quote(other, safe='')}"
        return request(url, content, Authorization=f"Bearer {key}")

    @pytest.mark.parametrize(
        "keys", [(KEY, ODD), (ODD, KEY), ("a-much-longer-key" * 3, "another!"), ("q" * 11, "r" * 13)]
    )
    def test_with_the_same_or_other_secrets(self, keys):
        rules = matching(DEFAULT_MATCH_ON)
        recorder = Redactor()
        recorder.response(response({"key": "one that was created before", "secret": "and another one"}))
        recorded = rules.key(recorder.request(self.asked(KEY, "an-upstream-token")))
        assert rules.key(Redactor().request(self.asked(*keys))) == recorded
        assert rules.key(Redactor().request(self.asked(keys[0], keys[0]))) == recorded

    @pytest.mark.parametrize(
        "media_type", ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded"]
    )
    @pytest.mark.parametrize("ending", [b"", b"\xff"])
    def test_in_bodies_of_each_form(self, media_type, ending):
        rules = matching(DEFAULT_MATCH_ON)
        keys = []
        for number, secret in enumerate([KEY, "another-long-secret"]):
            redactor = Redactor(taken=[f"REDACTED_{number * 10}"])
            content = f"a={secret}&b=1".encode() + ending
            keys.append(
                rules.key(redactor.request(request(URL, content, media_type, Authorization=f"Bearer {secret}")))
            )
        assert keys[0] == keys[1]

    def test_what_was_replayed_matches_as_it_was_recorded(self):
        rules = matching(DEFAULT_MATCH_ON)
        recorder = Redactor()
        created = recorder.response(response({"key": KEY}))
        recorded = recorder.request(request(content={"a": f"<{KEY}>"}, Authorization=f"Bearer {KEY}"))
        again = created.body.json["key"]
        asked = Redactor().request(request(content={"a": f"<{again}>"}, Authorization=f"Bearer {again}"))
        assert rules.key(asked) == rules.key(recorded)
