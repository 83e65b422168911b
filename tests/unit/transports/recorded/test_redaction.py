"""No secret reaches the disk, in whatever disguise; and nothing else is touched."""

from __future__ import annotations

import base64
import copy
import html
import json
import os
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlencode

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mesa_core.errors import ConfigurationError
from mesa_core.http import Headers, Request, Response
from mesa_transports.recorded.bodies import BinaryBody, JsonBody, TextBody
from mesa_transports.recorded.credentials import properties, secret_members
from mesa_transports.recorded.format import dump, new_header
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, RecordedResponse, Recording
from mesa_transports.recorded.matching import DEFAULT_MATCH_ON, matching
from mesa_transports.recorded.redaction import PLACEHOLDER, Redactor

KEY = "mesa_5KzV0qQ7w1hU2xR"
ODD = 'p/4+s~W?r"d\u00e9=%\\n&<' + "\n;x"
CONTRACT = Path(__file__).parents[4] / "docs" / "contract" / "openapi.yaml"
URL = "https://h/api/v1/o/r"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def request(url: str = URL, content: object = b"", media_type: str = "application/json", **headers: str) -> Request:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if media_type:
        fields["Content-Type"] = media_type
    return Request("POST", url, fields, content if isinstance(content, bytes) else json.dumps(content).encode())


def response(content: object, media_type: str = "application/json", **headers: str) -> Response:
    asked = request(URL, content, media_type, **headers)
    return Response(200, asked.headers, asked.content)


def written(*messages: RecordedRequest | RecordedResponse) -> str:
    """What a file shows of messages, as a reader of JSON sees it, and as it stands there."""
    nobody = RecordedRequest(method="GET", url=URL, headers=Headers())
    nothing = RecordedResponse(status=200, headers=Headers())
    interactions = tuple(
        Interaction(request=each, response=nothing)
        if isinstance(each, RecordedRequest)
        else Interaction(request=nobody, response=each)
        for each in messages
    )
    text = dump(Recording(header=new_header(NOW), interactions=interactions)).decode()
    values = [each.body.content().decode("latin-1") for each in messages if each.body]
    values += [each.body.content().decode(errors="replace") for each in messages if each.body]
    return "\n\n".join([text, *strings(json.loads(text)), *values])


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(each for inner in value.values() for each in strings(inner))]
    if isinstance(value, list):
        joined = ["".join(value)] if all(isinstance(each, str) for each in value) else []
        return [*joined, *(each for inner in value for each in strings(inner))]
    return [value] if isinstance(value, str) else []


def holds(text: str, secret: str, depth: int = 2) -> bool:
    """Tell whether somebody who tries finds a secret in a text."""
    plain = [text, unquote(text), unquote(unquote(text)), unquote(text.replace("+", " ")), html.unescape(text)]
    plain += [text.replace("\0", ""), *(json.loads(f'"{each}"') for each in re.findall(STRING, text))]
    octets = secret.encode().decode("latin-1")
    if any(secret in each or octets in each for each in plain):
        return True
    return depth > 0 and any(
        holds(decoded, secret, depth - 1)
        for source in (text, "".join(text.split()))
        for run in re.findall(r"[A-Za-z0-9+/_-]{10,}", source)
        for decoded in decodings(run)
    )


def decodings(run: str) -> list[str]:
    found = []
    for start in range(4):
        piece = run[start:].replace("-", "+").replace("_", "/")
        piece = piece[: len(piece) - (len(piece) % 4 == 1)]
        found.append(base64.b64decode(piece + "=" * (-len(piece) % 4)).decode("latin-1"))
    return found


def encoded(text: str, before: str = "", after: str = "") -> str:
    return base64.b64encode((before + text + after).encode()).decode()


def safe(text: str, before: str = "", after: str = "") -> str:
    return base64.urlsafe_b64encode((before + text + after).encode()).decode()


DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "within": lambda key: f"a{key}b",
    "twice": lambda key: key + key,
    "percent": lambda key: quote(key, safe=""),
    "percent, slashes open": quote,
    "percent in small letters": lambda key: re.sub("%..", lambda escape: escape[0].lower(), quote(key, safe="")),
    "plus": quote_plus,
    "JSON": lambda key: json.dumps({"a": key}),
    "JSON, not ASCII": lambda key: json.dumps({"a": key}, ensure_ascii=False),
    "JSON, slashes escaped": lambda key: json.dumps({"a": key}).replace("/", "\\/"),
    "HTML": lambda key: f"<p>{html.escape(key)}</p>",
    "XML": lambda key: f"<p>{html.escape(key, quote=False)}</p>",
    "base64": encoded,
    "base64, one before": lambda key: encoded(key, "a", "z"),
    "base64, two before": lambda key: encoded(key, "ab", "yz"),
    "base64, long": lambda key: encoded(key, "x" * 1000, "y" * 1000),
    "base64, not padded": lambda key: encoded(key, "ab").rstrip("="),
    "base64 of Basic": lambda key: encoded(f"user:{key}"),
    "base64 for URLs": lambda key: safe(key, "\u00ff\u00fe?>", "\u00ff\u00ff"),
    "base64 for URLs, not padded": lambda key: safe(key, "a").rstrip("="),
    "base64 in a header": lambda key: f"Authorization: Basic {encoded('user:' + key)}\r\nHost: example.org",
    "base64 in a data URL": lambda key: f'<img src="data:text/plain;base64,{encoded(key, "abc")}">',
    "base64 twice in a text": lambda key: f"{encoded(key, 'a')} {encoded(key, 'ab')}.{encoded(key)}",
    "base64, the key twice": lambda key: encoded(key + key, "a"),
    "base64 in lines": lambda key: base64.encodebytes(("x" * 50 + key + "y" * 100).encode()).decode(),
    "base64 in lines of 64": lambda key: "\r\n".join(re.findall(".{1,64}", encoded(key, "x" * 45, "y" * 70))),
    "base64 in indented lines": lambda key: "pem: |\n  " + "\n  ".join(re.findall(".{1,20}", encoded(key, "x" * 44))),
    "in a path": lambda key: f"https://x/{quote(key, safe='')}/y",
    "in a query": lambda key: f"https://x/y?q={quote_plus(key)}",
    "in a fragment": lambda key: f"https://x/y#q={quote(key)}",
}
STRING = r'(?<!\\)"((?:[^"\\\0-\x1f]|\\["\\/bfnrt]|\\u[0-9a-f]{4})*)"'
KEYS = {"a key": KEY, "an odd key": ODD, "a key of eight": "k3y/+?=z"}


@pytest.fixture(params=KEYS.values(), ids=KEYS)
def key(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def redactor(key: str) -> Redactor:
    """Has seen the key as the API key of a request."""
    made = Redactor()
    made.request(request(Authorization=f"Bearer {key}"))
    return made


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
        assert base64.b64decode(found).decode(encoding) == "aREDACTED_API_KEY_1b REDACTED_2"

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


class TestMembers:
    """Secrets by the names that they have, first of all those that the models mark."""

    def test_the_marked_ones(self):
        assert secret_members() == {"key", "secret", "token", "upload_url", "download_url"}

    @pytest.mark.parametrize("name", ["key", "secret", "token"])
    @pytest.mark.parametrize("value", [KEY, "k", "a b c", "line\nline\n", "https://hooks.example/T0/B0/XyZ"])
    def test_a_secret_member_is_taken_out_however_short(self, name, value):
        for found in (Redactor().request(request(content={name: value})), Redactor().response(response({name: value}))):
            assert found.body == JsonBody({name: f"REDACTED_{name.upper()}_1"})

    @pytest.mark.parametrize(
        "name",
        [
            *(
                "Token",
                "access_token",
                "refreshToken",
                "id_token",
                "tokens",
                "x-token",
                "client_secret",
                "clientSecret",
            ),
            *("password", "passwd", "pwd", "db_password", "api_key", "apiKey", "API-KEY", "private_key", "privateKey"),
            *("secretKey", "aws_secret_access_key", "accessKeyId", "signature", "sig", "credentials", "authorization"),
            *("Set-Cookie", "auth", "bearerToken", "sessionToken", "signing_key", "webhook_secret"),
            *("apiToken", "webhookSecret", "passphrase", "key_passphrase", "keyPassphrase", "dbPassword", "userTokens"),
        ],
    )
    def test_a_member_whose_name_says_so(self, name):
        assert KEY not in written(Redactor().response(response({"a": [{name: KEY}]})))

    def test_all_texts_below_a_secret_name(self):
        value = {"credentials": [{"user": ["s3cret-one", {"deep": "s3cret-two"}], "port": 5432, "on": True}, None]}
        found = Redactor().response(response(value))
        assert "s3cret" not in written(found)
        assert found.body.json["credentials"][0]["port"] == 5432
        assert found.body.json["credentials"][0]["on"] is True
        assert found.body.json["credentials"][1] is None

    def test_it_is_taken_out_of_what_stands_before_it(self):
        found = Redactor().request(request(f"{URL}/{KEY}?q={KEY}", {"note": f"see {KEY}", KEY: 1, "token": KEY}))
        assert KEY not in written(found)

    def test_a_created_key_is_known_when_it_is_used(self):
        redactor = Redactor()
        created = redactor.response(response({"id": "k1", "key": KEY}))
        used = redactor.request(request(f"{URL}?q={KEY}", {"a": KEY}, Authorization=f"Bearer {KEY}"))
        listed = redactor.response(response(f"it is {KEY}".encode(), "text/plain"))
        assert KEY not in written(created, used, listed)
        assert created.body.json["key"] == used.body.json["a"] == "REDACTED_KEY_1"

    @pytest.mark.parametrize(
        "content",
        [
            b'{"token": "%s", "token": "%s"}',
            b'{"a": NaN, "token": "%s", "b": "%s"}',
            b'{"a": "\\ud800", "token" : "%s", "b": "x%s"}',
            b'{"token":\n"%s"} trailing %s',
            b'{"a": "\xff", "token": "%s", "b": "%s"}',
            b"[" * 200 + b'{"token": "%s", "a": "%s"}' + b"]" * 200,
            b'{"to\\u006ben": "%s", "a": 1e999, "b": "%s"}',
        ],
    )
    @pytest.mark.parametrize("secret", [KEY, 'a"b\\c\u00e9/d\n', "k1"])
    def test_of_what_is_json_by_name_alone(self, content, secret):
        spelt = json.dumps(secret)[1:-1].encode()
        for media_type in ("application/json", "application/problem+json", "application/x-ndjson", ""):
            given = content.replace(b"%s", spelt, 1).replace(b"%s", spelt if len(secret) > 2 else b"x")
            assert not holds(written(Redactor().response(response(given, media_type))), secret)

    @pytest.mark.parametrize(
        "text",
        [
            '{"id": "k1", "key": "%s"}',
            'error: {"secret": "%s"} is wrong',
            '<pre>{"secret": "%s"}</pre>',
            "<p>{&quot;secret&quot;: &quot;%s&quot;}</p>",
            "<p>{&#34;token&#34;:&#34;%s&#34;}</p>",
            "{'password': '%s', 'a': 1}",
            "{'password': \"%s\", 'a': 1}",
            "{:api_key => 'a', 'api_key' => '%s'}",
            'level=info body="{\\"a\\": 1, \\"clientSecret\\": \\"%s\\"}"',
            json.dumps({"a": json.dumps({"b": json.dumps({"secret": "%s"})})}),
        ],
    )
    @pytest.mark.parametrize("media_type", ["text/plain", "application/octet-stream", "text/html", ""])
    @pytest.mark.parametrize("ending", [b"", b"\0\xff"])
    def test_in_a_text_of_any_type(self, text, media_type, ending):
        found = Redactor().response(response((text % KEY).encode() + ending, media_type))
        assert not holds(written(found), KEY)

    @pytest.mark.parametrize("form", [str, json.dumps, encoded])
    def test_in_json_within_json(self, form):
        text = form(json.dumps({"a": 1, "secret": KEY, "b": "c"}))
        for found in (
            Redactor().request(request(content={"content": text, text: 1})),
            Redactor().response(response([text])),
        ):
            assert not holds(written(found), KEY)

    @pytest.mark.parametrize("ending", [b"", b"\xff"])
    def test_of_a_form_in_parts(self, ending):
        part = '--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        content = part % ("a", "", "one") + part % ("password", "", KEY) + part % ("token", "\r\nX: y", "two\r\nlines")
        content += part % ("upload", '; filename="password"', "three") + "--b--\r\n"
        found = Redactor().request(request(URL, content.encode() + ending, "multipart/form-data; boundary=b"))
        text = found.body.content().decode("latin-1")
        assert KEY not in text
        assert "two" not in text
        assert text.count("REDACTED_") == 2
        assert {"one", "three"} <= set(text.split("\r\n"))

    @pytest.mark.parametrize(
        "text",
        [
            '{"key": "ctrl+c"}',
            '{"key": "two words of it"}',
            "{'key': 'a'}",
            '{"keys": "abcdefgh", "monkey": "abcdefghi"}',
            "the 'secret' is 'abcdefgh'",
            "'secret': ''",
            '"secret": 12',
            "if x == '\\'token\\'': y",
            "it's a token: it's mine",
        ],
    )
    def test_what_is_none_in_a_text_stays(self, text):
        found = Redactor().response(response(text.encode(), "text/plain"))
        assert found.body == TextBody(text)

    @pytest.mark.parametrize("text", ['\\"' * 30_000, "'a':'" * 20_000, '"a":' * 20_000, "&quot;a&quot;:" * 10_000])
    def test_long_texts_of_members_take_no_time(self, text):
        started = datetime.now(UTC)
        Redactor([KEY]).response(response(text.encode(), "text/plain"))
        Redactor([KEY]).response(response(text.encode() + b"\xff", "multipart/form-data"))
        assert (datetime.now(UTC) - started).total_seconds() < 4

    def test_of_a_form(self):
        secrets = {"token": "a b+c/d=&%", "password": "p", "client_secret": KEY}
        form = urlencode({"a": "1", **secrets, "b": "two words", "c": f"x{KEY}"})
        found = Redactor().request(request(URL, form.encode(), "application/x-www-form-urlencoded; charset=utf-8"))
        assert found.body == TextBody(
            "a=1&token=REDACTED_TOKEN_1&password=REDACTED_PASSWORD_2&client_secret=REDACTED_CLIENT_SECRET_3&b=two+words"
            "&c=xREDACTED_CLIENT_SECRET_3"
        )

    def test_lines_that_are_spelt_in_another_way(self):
        redactor = Redactor()
        pem = "-----BEGIN-----\nQUJDREVGR0g\n-----END-----\n"
        redactor.response(response({"private_key": pem}))
        for text in (pem, pem.replace("\n", "\r\n"), json.dumps(pem), quote(pem)):
            assert "QUJD" not in redactor.text(f"<{text}>")

    def test_numbers_stay(self):
        value = {"token": 12345678901, "key": 1.5, "secret": True, "tokens": [1, None], "size": 12345678901}
        assert Redactor().response(response(value)).body == JsonBody(value)

    def test_the_key_of_a_request_is_no_key_of_json(self):
        assert Redactor().response(
            response({"keys": "abcdefgh", "monkey": "a", "author": "b", "keyboard": "c"})
        ).body == (JsonBody({"keys": "abcdefgh", "monkey": "a", "author": "b", "keyboard": "c"}))


class TestUrls:
    @pytest.mark.parametrize(
        "url",
        [
            f"https://user:{KEY}@h/o/r",
            f"https://{KEY}@h/o/r",
            f"https://{KEY}:@h",
            f"https://{KEY}:x-oauth-basic@h/o/r",
            f"https://a@b:{KEY}@h/o/r",
            f"ssh+git://user:{KEY}@h:22/o",
            f"https://h/o?token={KEY}",
            f"https://h/o?a=1&access_token={KEY}#x",
            f"https://h/o?a=1;sig={KEY}&sig={KEY}",
            f"https://h/o#access_token={KEY}&state=1",
            f"https://h/o?X-Amz-Algorithm=A&X-Amz-Credential={KEY}%2F2026%2Fus&X-Amz-Signature=0af",
            f"https://h/o?x-amz-credential=a&X-Amz-Security-Token={KEY}&X-Amz-Signature=0af",
            f"https://h/o?X-Amz-Signature={KEY}",
            f"https://h/o?X-Goog-Signature={KEY}",
            f"https://h/o?AWSAccessKeyId={KEY}&Expires=1&Signature=2",
            f"https://h/o?Policy={KEY}&Signature=2&Key-Pair-Id=3",
            f"https://h/o?sv=1&se=2&sig={KEY}",
            f"https://h/o?next={quote('https://u:' + KEY + '@h/', safe='')}",
            f"https://h/o?next=https://u:{KEY}@h/",
            f"https://h/o?next={quote('https://h/?token=' + KEY, safe='')}&b=1",
            f"https://h/o?n={quote('https://h/?n=' + quote('https://h/?token=' + KEY, safe=''), safe='')}",
            f"https://h/proxy/{quote('https://u:' + KEY + '@h/', safe='')}/x",
            f"https://h/o?to%6ben={KEY}",
            f"https://h/o?token=%6d{KEY[1:]}",
            f"https://[::1?token={KEY}",
            f"https://[u:{KEY}@h",
            f"HTTPS://U:{KEY}@H/",
            f"https://h?token={KEY}",
            f"https://u:{KEY}@h?b=1@c",
        ],
    )
    def test_what_a_url_holds(self, url):
        redactor = Redactor()
        texts = [
            url,
            f"see <{url}>.",
            f"see ({url}), or {url}; {url}",
            f'<a href="{html.escape(url)}">',
            f"a\n{url}\nb",
        ]
        found = [
            redactor.request(request(url)),
            redactor.response(response({"a": url, "b": texts, url: 1, "uri": url})),
            *(redactor.response(response(text.encode(), "text/html")) for text in texts),
        ]
        if "X-Amz-Credential" not in url and "Policy" not in url:  # what a secret is a part of is none by itself
            found.append(redactor.response(response({"later": f"/{KEY}/"})))
        assert not holds(written(*found), KEY)

    @pytest.mark.parametrize("url", [f"/o?token={KEY}", f"/lfs/x?size=1&amp;signature={KEY}", f"/#access_token={KEY}"])
    def test_what_a_relative_url_holds(self, url):
        found = Redactor().response(response({"next": url, "text": f'<a href="{url}">'}))
        assert KEY not in written(found)

    @pytest.mark.parametrize("name", ["upload_url", "download_url"])
    @pytest.mark.parametrize(
        ("url", "clean"),
        [
            (f"https://s/b?{KEY}", "https://s/b?REDACTED_SIGNATURE_1"),
            (f"https://s/b?x={KEY}&path=a", "https://s/b?x=REDACTED_X&path=a"),
            (f"https://s/b?size=1&signature={KEY}", "https://s/b?size=REDACTED_SIZE&signature=REDACTED_SIGNATURE_1"),
            (f"https://u:{KEY}@s/b", "https://REDACTED_USER@s/b"),
            (f"/b?x={KEY}", "/b?x=REDACTED_X"),
            ("https://s/b", "https://s/b"),
            (None, None),
        ],
    )
    def test_a_marked_url_loses_what_signs_it_alone(self, name, url, clean):
        assert Redactor().response(response({"lfs": [{name: url, "size": 1}]})).body.json["lfs"][0] == {
            name: clean,
            "size": 1,
        }

    def test_what_signs_a_marked_url_is_taken_out_when_it_is_used(self):
        redactor = Redactor()
        url = f"https://s/b?x={KEY}&y=2"
        found = [redactor.response(response({"upload_url": url})), redactor.request(request(url))]
        assert KEY not in written(*found)
        assert found[0].body.json["upload_url"] == found[1].url

    @pytest.mark.parametrize(
        "url",
        [
            "https://depot.mesa.dev/api/v1/o/r/content?path=a%2Fb%20c&ref=main&depth=0",
            "https://h/api/v1/o?cursor=abc%3D%3D&limit=10",
            "https://h/o?a=1&b=&c&=d&&e=%zz#top",
            "https://h/o/r?q=a+b&q=c",
            "https://h:8080/",
            "https://h/a%20b/%E2%82%AC/%ff",
            "git@github.com:o/r.git",
            "mailto:somebody@example.org",
            "https://h/u@example.org/x?mail=a@b.c",
            "http://[::1]:80/x",
            "//h/x?y=z",
            "https://",
            "://",
            "/",
            "?",
            "#",
        ],
    )
    def test_one_without_a_secret_stays(self, url):
        redactor = Redactor()
        redactor.request(request(Authorization=f"Bearer {KEY}"))
        assert redactor.request(request(url)).url == url
        for text in (url, f"see {url}.", f"[{url}]({url})"):
            assert redactor.text(text) == text

    def test_two_pages_of_one_list_stay_two(self):
        redactor = Redactor()
        urls = [redactor.request(request(f"https://h/o?page={number}&token={KEY}")).url for number in (1, 2)]
        assert urls == [f"https://h/o?page={number}&token=REDACTED_TOKEN_1" for number in (1, 2)]

    def test_urls_within_urls_come_to_an_end(self):
        url = "http://a/?u=" * 3000 + f"x{KEY}"
        redactor = Redactor([KEY])
        assert KEY not in redactor.text(url)

    @pytest.mark.parametrize(
        "text", ["a" * 200_000, "a/" * 50_000 + "?", "/?" * 50_000, "://" * 50_000 + "@", "%25" * 50_000]
    )
    def test_long_texts_take_no_time(self, text):
        started = datetime.now(UTC)
        assert Redactor([KEY]).text(f"{text}@?%#") == f"{text}@?%#"
        assert (datetime.now(UTC) - started).total_seconds() < 2


class TestHeaders:
    def test_only_known_ones_are_kept(self):
        fields = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "a",
            "Cookie": "a=b",
            "X-Private": "c",
            "Idempotency-Key": "d",
            "Host": "h",
            "Referer": "https://h",
            "X-Forwarded-For": "127.0.0.1",
        }
        found = Redactor().request(Request("GET", URL, fields))
        assert found.headers == Headers({"Accept": "application/json", "Content-Type": "application/json"})

    def test_those_of_a_response_are_those_that_a_program_acts_on(self):
        kept = {
            "Accept-Ranges": "bytes",
            "Age": "1",
            "Allow": "GET",
            "Cache-Control": "no-store",
            "Content-Range": "bytes 0-1/2",
            "Content-Type": "text/plain",
            "ETag": '"e"',
            "Expires": "0",
            "Last-Modified": "l",
            "Link": '<https://h/o?cursor=a>; rel="next"',
            "Location": "https://h/o",
            "RateLimit": '"default";r=50;t=30',
            "RateLimit-Policy": '"default";q=100;w=60',
            "Retry-After": "1",
            "Vary": "Accept",
            "WWW-Authenticate": 'Bearer realm="depot", error="invalid_token"',
            "X-RateLimit-Remaining": "5",
            "x-ratelimit-limit-requests": "60",
            "X-Rate-Limit-Reset": "1700000000",
            "X-Request-Id": "r",
        }
        gone = {
            "Set-Cookie": "a=b",
            "Date": "now",
            "Server": "s",
            "Content-Length": "1",
            "X-Rate": "1",
            "X-Amz-Signature": "s",
            "Connection": "close",
        }
        assert Redactor().response(Response(200, {**kept, **gone})).headers == Headers(kept)

    def test_a_kept_one_loses_the_secrets_in_it(self, redactor, key):
        fields = {
            "Accept": f"application/json;a={quote(key, safe='')}",
            "Content-Type": f"text/plain; a={encoded(key)}",
        }
        asked = redactor.request(Request("GET", URL, fields))
        assert not holds(written(asked), key)
        found = redactor.response(Response(200, {"ETag": f'"{key}"', "X-Request-Id": key, "Retry-After": "7"}))
        assert not holds(written(found), key)
        assert found.headers["Retry-After"] == "7"

    @pytest.mark.parametrize(
        ("name", "value", "clean"),
        [
            (
                "Location",
                f"https://s/o?X-Amz-Expires=60&X-Amz-Signature={KEY}",
                "https://s/o?X-Amz-Expires=%s&X-Amz-Signature=%s",
            ),
            ("Location", f"/o?page=2&token={KEY}", "/o?page=2&token=%s"),
            ("Location", f"https://u:{KEY}@h/o", "https://%s@h/o"),
            ("Link", f'<https://h/o?cursor=a&sig={KEY}>; rel="next"', '<https://h/o?cursor=a&sig=%s>; rel="next"'),
        ],
    )
    def test_a_url_in_one_loses_what_is_secret_in_it(self, name, value, clean):
        redactor = Redactor()
        found = redactor.response(Response(200, {name: value}))
        assert PLACEHOLDER.sub("%s", found.headers[name]) == clean
        assert KEY not in redactor.text(f"later: {KEY}")

    def test_repeated_ones_stay_repeated(self):
        fields = Headers([("Vary", "a"), ("vary", "b")])
        assert Redactor().response(Response(200, fields)).headers.get_all("Vary") == ["a", "b"]


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
        assert redactor.text("abc") == "REDACTED_8"
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


class TestRules:
    @pytest.mark.parametrize(
        ("rule", "text", "clean"),
        [
            ("abc", "abc xabcx", "REDACTED_1 xREDACTED_1x"),
            ("a.c", "abc a.c", "abc REDACTED_1"),
            (re.compile(r"sk_\w+"), "sk_1 sk_2 sk_1", "REDACTED_1 REDACTED_2 REDACTED_1"),
            (re.compile(r"(?<=user=)\d+"), "user=12 12", "user=REDACTED_1 12"),
            (re.compile(r"x*"), "axb", "aREDACTED_1b"),
            (re.compile(r"\b[A-Z]\b"), "a B", "a REDACTED_1"),
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
    @pytest.mark.parametrize("rule", [re.compile(r"\d{16}"), lambda text: text.replace(TestRules.CARD, "REDACTED_1")])
    @pytest.mark.parametrize("form", ["body", "base64", "lines"])
    def test_in_what_is_not_utf_8_or_printable(self, data, rule, form):
        clean = data.replace(self.CARD.encode(), b"REDACTED_1")
        redactor = Redactor([rule])
        if form == "body":
            assert redactor.response(response(data, "text/csv")).body.content() == clean
            assert redactor.response(response(clean, "text/csv")).body.content() == clean
        else:
            spell = base64.b64encode if form == "base64" else base64.encodebytes
            found = redactor.response(response({"content": spell(data * 5).decode()})).body.json["content"]
            assert base64.b64decode(found) == clean * 5

    @pytest.mark.parametrize(
        "rule", [re.compile(r"\b\d{16}\b"), lambda text: text.replace(TestRules.CARD, "REDACTED_1")]
    )
    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
    @pytest.mark.parametrize("around", [b"", b"\xff", b"\xfe\0", b"\0\0\xff"])
    def test_in_wide_characters_wherever_they_begin(self, rule, encoding, around):
        data = around + f"card {self.CARD}, \u00e9".encode(encoding) + around
        found = Redactor([rule]).response(response(data, f"text/csv; charset={encoding}")).body.content()
        assert found == around + "card REDACTED_1, \u00e9".encode(encoding) + around
        value = {"content": base64.b64encode(data).decode()}
        (kept,) = Redactor([rule]).response(response(value)).body.json.values()
        assert base64.b64decode(kept) == found

    def test_in_wide_characters_that_are_not_latin(self):
        for rule in (re.compile("\u0444\\w+"), "\u0444\u0430\u043b\u043a\u043e\u043d"):
            data = "x \u0444\u0430\u043b\u043a\u043e\u043d!".encode("utf-16")
            found = Redactor([rule]).response(response(data, "text/plain; charset=utf-16"))
            assert found.body.content().decode("utf-16") == "x REDACTED_1!"

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
        assert redactor.response(Response(200, {header: f"x/{self.CARD}"})).headers[header] == "x/REDACTED_1"
        assert redactor.request(request(f"{URL}/{self.CARD}?q={self.CARD}")).url == f"{URL}/REDACTED_1?q=REDACTED_1"

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
        assert redactor.text("abc dd e") == "redacted_1 redacted_2 REDACTED_3"

    def test_a_text_is_looked_for_in_bytes_and_in_disguise(self):
        redactor = Redactor([ODD])
        for disguise in DISGUISES.values():
            assert not holds(redactor.text(disguise(ODD)), ODD)
        assert ODD.encode() not in redactor.response(response(b"\xff" + ODD.encode())).body.content()

    def test_a_secret_found_by_a_pattern_has_one_placeholder(self):
        redactor = Redactor([re.compile("mesa_[A-Za-z0-9]+")])
        found = redactor.request(request(content={"a": f"<{KEY}>", "token": KEY}))
        assert found.body == JsonBody({"a": "<REDACTED_1>", "token": "REDACTED_1"})


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
    text = before + key + after
    found = redactor.response(response({"a": text, "b": encoded(key, before, after), "c": safe(key, before, after)}))
    value = found.body.json
    assert key not in value["a"]
    for each in (value["b"], value["c"]):
        standard = each.replace("-", "+").replace("_", "/")
        assert key.encode() not in base64.b64decode(standard)
    assert redactor.response(found.message()) == found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_waits_for_no_thread_of_its_parent():
    redactor = Redactor()
    with redactor._known._lock, redactor._known.disguises._lock:
        child = os.fork()
        if not child:
            redactor.request(request(Authorization=f"Bearer {KEY}"))
            os._exit(0 if KEY not in redactor.text(KEY) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_messages_are_left_as_they_are():
    asked = request(content={"token": KEY}, Authorization=f"Bearer {KEY}")
    answer = response({"token": KEY})
    before = copy.deepcopy((asked, answer))
    Redactor().request(asked)
    Redactor().response(answer)
    assert (asked, answer) == before
