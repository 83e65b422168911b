"""Secrets by the names that they have, in JSON and in what looks like it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import pytest
from disguises import KEY, URL, encoded, holds, request, response, written

from mesa_transports.recorded.bodies import JsonBody, TextBody
from mesa_transports.recorded.credentials import secret_members
from mesa_transports.recorded.redaction import PLACEHOLDER, Redactor


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
        "head",
        [
            "Content-Disposition: form-data; name='password'",
            'Content-Disposition: form-data;\r\n name="password"',
            'content-disposition: form-data; filename="a";\r\n\tname=password',
            'Content-Disposition: form-data; name="user[password]"',
        ],
    )
    def test_of_a_form_in_parts_with_an_odd_head(self, head):
        content = f"--b\r\n{head}\r\n\r\n{KEY}\r\n--b--\r\n".encode()
        found = Redactor().request(request(URL, content, "multipart/form-data; boundary=b"))
        assert found.body == TextBody(content.decode().replace(KEY, "REDACTED_PASSWORD_1")) or "user[" in head
        assert KEY not in written(found)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Authorization", "Bearer {}"),
            ("authorization", "Digest username=a, token={}"),
            ("Proxy-Authorization", "Negotiate {}"),
            ("auth", "token {}"),
            ("Cookie", "theme=dark; sid={}"),
            ("Set-Cookie", "sid={}; Path=/; Secure"),
            ("token", "{}\n"),
            ("password", " {} "),
        ],
    )
    def test_what_counts_of_a_value_is_known_by_itself(self, name, value):
        redactor = Redactor()
        asked = redactor.request(request(content={"headers": {name: value.format(KEY)}}))
        answered = redactor.response(response({"message": f"bad {KEY}"}))
        assert not holds(written(asked, answered), KEY)
        assert PLACEHOLDER.sub("%s", answered.body.json["message"]) == "bad %s"

    def test_of_one_value_there_is_one_placeholder(self):
        found = Redactor().response(response([{"Authorization": f"Bearer {KEY}"}, {"a": KEY}, {"token": "x"}]))
        assert found.body == JsonBody(
            [
                {"Authorization": "REDACTED_AUTHORIZATION_1"},
                {"a": "REDACTED_AUTHORIZATION_1"},
                {"token": "REDACTED_TOKEN_2"},
            ]
        )

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
