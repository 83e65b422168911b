"""Keys and cookies of requests: how a redactor learns them, several of them, in any bytes, and from any thread."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import threading
import time

import pytest
from disguises import KEY, URL, encoded, holds, request, response, written

from mesa_core.http import Headers, Request
from mesa_transports.recorded.bodies import BinaryBody, JsonBody
from mesa_transports.recorded.redaction import Redactor


class TestLiveKeys:
    """Whatever a request authenticates itself with is looked for everywhere."""

    @pytest.mark.parametrize(
        ("header", "value"),
        [
            ("Authorization", "Bearer {}"),
            ("Authorization", "bearer {}"),
            ("Authorization", "BEARER   {} "),
            ("authorization", "Token {}"),
            ("Authorization", "{}"),
            ("Authorization", 'Token token="{}", nonce="def"'),
            ("Authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature={}"),
            ("Authorization", "Digest username=a, token={}"),
            ("Proxy-Authorization", "Bearer {}"),
            ("X-Api-Key", "{}"),
            ("X-API-KEY", "{}"),
            ("ApiKey", "{}"),
            ("X-Auth-Token", "{}"),
            ("X-Amz-Security-Token", "{}"),
            ("X-Goog-Api-Key", "{}"),
            ("Private-Token", "{}"),
            ("X-Hub-Signature", "{}"),
            ("Cookie", "session={}"),
            ("Cookie", "theme=dark; session={}; a=b"),
            ("Cookie", 'a=b; session="{}"'),
        ],
    )
    def test_from_each_header(self, header, value):
        redactor = Redactor()
        asked = Request("POST", f"{URL}/{KEY}", {header: value.format(KEY)}, json.dumps({"a": KEY, KEY: 1}).encode())
        found = [redactor.request(asked), redactor.response(response({"a": f"-{KEY}-"}, ETag=KEY))]
        assert KEY not in written(*found)
        assert written(*found).count("REDACTED_") >= 5

    @pytest.mark.parametrize("credential", [f"user:{KEY}", f"{KEY}:", f"{KEY}:x-oauth-basic", f":{KEY}", f"a:{KEY}"])
    @pytest.mark.parametrize("scheme", ["Basic", "basic"])
    def test_from_basic_authentication(self, scheme, credential):
        redactor = Redactor()
        redactor.request(request(Authorization=f"{scheme} {encoded(credential)}"))
        found = redactor.response(response({"a": KEY, "b": encoded(credential), "c": f"Basic {encoded(credential)}"}))
        assert not holds(written(found), KEY)

    def test_user_names_are_no_secrets(self):
        redactor = Redactor()
        redactor.request(request(Authorization=f"Basic {encoded('x-access-token:' + KEY)}"))
        assert redactor.text("x-access-token") == "x-access-token"

    @pytest.mark.parametrize(
        "value", ["", "Bearer", "Bearer ", "Basic", "Basic !", "Basic /w==", "Basic YQ", "=", ";", ","]
    )
    def test_a_header_that_holds_none_breaks_nothing(self, value):
        for header in ("Authorization", "Cookie", "Set-Cookie"):
            assert Redactor().request(request(**{header: value})).headers == Headers(
                {"Content-Type": "application/json"}
            )

    def test_the_placeholder_of_the_key_says_so(self, redactor, key):
        assert redactor.text(key) == "REDACTED_API_KEY_1"

    def test_of_a_response(self):
        redactor = Redactor()
        found = redactor.response(response({"a": KEY}, Set_Cookie=f"session={KEY}; Path=/; Secure"))
        assert KEY not in written(found)

    def test_several_in_turn(self):
        redactor = Redactor()
        keys = [f"{KEY}{number}" for number in range(20)]
        for key in keys:
            redactor.request(request(Authorization=f"Bearer {key}"))
        texts = [redactor.text(f"<{key}>") for key in keys]
        assert texts == [f"<REDACTED_API_KEY_{number + 1}>" for number in range(20)]

    @pytest.mark.parametrize("order", [1, -1])
    def test_one_that_contains_another(self, order):
        redactor = Redactor()
        keys = ["abcdefgh", "abcdefghij", "xabcdefghijy"]
        for key in keys[::order]:
            redactor.request(request(Authorization=f"Bearer {key}"))
        known = {key: redactor.text(key) for key in keys}
        assert len(set(known.values())) == 3
        assert redactor.text(" ".join(keys)) == " ".join(known.values())

    def test_one_that_overlaps_another(self):
        redactor = Redactor(["abcdefgh", "efghijkl"])
        assert not set("abcdefghijkl") & set(redactor.text("abcdefghijkl"))

    def test_one_that_repeats_itself(self):
        assert "a" not in Redactor(["abaabaaba"]).text("abaabaabaabaab" + "abaabaaba")

    @pytest.mark.parametrize("key", ["k", "test", "main"])
    def test_a_very_short_one_is_taken_out_where_it_is_all_of_a_text(self, key):
        redactor = Redactor()
        redactor.request(request(Authorization=f"Bearer {key}"))
        found = redactor.response(response({"a": key, "b": f"{key}s", "c": f"a {key}"}))
        assert found.body == JsonBody({"a": "REDACTED_API_KEY_1", "b": f"{key}s", "c": f"a {key}"})

    @pytest.mark.parametrize("word", ["PASSWORD", "REDACTED", "REDACTED_", "API_KEY_1", "CTED_API", "SECRET", "_1"])
    def test_one_that_is_a_part_of_placeholders(self, word):
        redactor = Redactor([word])
        redactor.request(request(Authorization=f"Bearer {word}-{word}"))
        texts = [word, f"<{word}>", f"{word}-{word}", f"{word}{word}"]
        for once in map(redactor.text, texts):
            assert redactor.text(once) == once
        found = redactor.response(response({"password": word, "a": texts}))
        assert redactor.response(found.message()) == found

    def test_bytes_that_hold_one(self, redactor, key):
        data = b"\0\xff" + key.encode() + b"\xff" + encoded(key).encode() + b"\xfe"
        found = redactor.response(response(data, "application/octet-stream"))
        assert isinstance(found.body, BinaryBody)
        assert not holds(written(found), key)
        assert redactor.response(found.message()) == found

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
    def test_wide_characters_that_hold_one(self, redactor, key, encoding):
        found = redactor.response(response(f"a{key}b".encode(encoding), f"text/plain; charset={encoding}"))
        assert found.body.content().decode(encoding) == "aREDACTED_API_KEY_1b"

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
    def test_base64_of_wide_characters_that_hold_one(self, encoding):
        redactor = Redactor([re.compile(r"\d{16}")])
        redactor.request(request(Authorization=f"Bearer {KEY}"))
        content = base64.b64encode(f"a{KEY}b 4000123412341234".encode(encoding)).decode()
        found = redactor.response(response({"content": content})).body.json["content"]
        assert base64.b64decode(found).decode(encoding) == "aREDACTED_API_KEY_1b REDACTED_TEXT_2"

    def test_threads_that_begin_with_it(self):
        leaks = []
        for number in range(50):
            key, redactor, barrier = f"{KEY}{number}", Redactor(), threading.Barrier(4)

            def run(key: str = key, redactor: Redactor = redactor, barrier: threading.Barrier = barrier) -> None:
                barrier.wait()
                found = redactor.request(request(content={"a": key}, Authorization=f"Bearer {key}"))
                leaks.append(key in written(found))

            threads = [threading.Thread(target=run) for _ in range(4)]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
        assert leaks == [False] * 200

    def test_threads_that_look_for_all_but_it(self):
        redactor, errors, switch = Redactor(), [], sys.getswitchinterval()
        for number in range(5_000):
            redactor._known.placeholder(f"pin-{number}")

        def run(name: str) -> None:
            try:
                for number in range(30):
                    asked = request(content={"password": f"{name}-secret-{number}", "a": "live-key"}, X_Key="live-key")
                    assert redactor.but_for_keys(asked).body.json["a"] == "live-key"
                    redactor.request(asked)
            except Exception as error:  # noqa: BLE001 - whatever it is
                errors.append(error)

        sys.setswitchinterval(1e-5)
        try:
            threads = [threading.Thread(target=run, args=(name,)) for name in "abcd"]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
        finally:
            sys.setswitchinterval(switch)
        assert errors == []

    def test_all_but_it_is_found_as_more_is_learnt(self):
        redactor = Redactor()
        for number in range(5):
            key, secret = f"the-key-{number}", f"the-secret-{number}"
            asked = request(content={"password": secret}, Authorization=f"Bearer {key}")
            redactor.request(asked)
            texts = [f"<{name}-{each}>" for each in range(number + 1) for name in ("the-key", "the-secret")]
            found = redactor.but_for_keys(request(content=texts)).body.json
            assert found[::2] == texts[::2]
            assert all("the-secret" not in each for each in found[1::2])
        redactor.request(request(Authorization="Bearer the-secret-0"))
        assert redactor.but_for_keys(request(content=["the-secret-0"])).body.json == ["the-secret-0"]

    def test_to_look_for_all_but_it_takes_no_longer_than_for_all(self):
        redactor = Redactor()
        spent = {True: 0.0, False: 0.0}
        for number in range(150):
            asked = request(content={"password": f"{number}-secret-{number}"}, Authorization="Bearer the-key")
            for but_for_keys in (False, True):
                started = time.process_time()
                (redactor.but_for_keys if but_for_keys else redactor.request)(asked)
                spent[but_for_keys] += time.process_time() - started
        assert spent[True] < 3 * spent[False]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_waits_for_no_thread_of_its_parent():
    redactor = Redactor()
    with redactor._known._lock, redactor._known.disguises._lock:
        child = os.fork()
        if not child:
            redactor.request(request(Authorization=f"Bearer {KEY}"))
            os._exit(0 if KEY not in redactor.text(KEY) else 1)
    assert os.waitpid(child, 0)[1] == 0
