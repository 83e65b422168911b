"""The forms of a body: the most readable that loses nothing, and nothing else is taken for one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mesa_core.strict import Mismatch
from mesa_transports.recorded.bodies import (
    DEEPEST,
    BinaryBody,
    FileBody,
    JsonBody,
    TextBody,
    body_of,
    dump_body,
    load_body,
    parse_json,
)

NAME = "0" * 64 + ".bin"


@pytest.mark.parametrize(
    ("content", "media_type", "body"),
    [
        (b"", "application/json", None),
        (b"", "application/octet-stream", None),
        (b'{"a": 1}', "application/json", JsonBody({"a": 1})),
        (b'{"a": 1}', "application/problem+json", JsonBody({"a": 1})),
        (b'{"a": 1}', "", JsonBody({"a": 1})),
        (b'{"a": 1}', "text/plain", TextBody('{"a": 1}')),
        (b'{"a": 1}', "application/octet-stream", TextBody('{"a": 1}')),
        (b"null", "application/json", JsonBody(None)),
        (b"", "", None),
        (b"plain", "", TextBody("plain")),
        (b"{", "application/json", TextBody("{")),
        (b"a\0b", "text/plain", BinaryBody(b"a\0b")),
        (b"\xff", "text/plain", BinaryBody(b"\xff")),
        (b'"\xff"', "application/json", BinaryBody(b'"\xff"')),
        (b'"\\u0000"', "application/json", JsonBody("\0")),
    ],
)
def test_the_most_readable_form(content, media_type, body):
    assert body_of(content, media_type) == body
    assert content == b"" or isinstance(body, JsonBody) or body.content() == content


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": 1, "a": 1}',
        b"[NaN]",
        b"[-Infinity]",
        b"[1e999]",
        b"[-1e999]",
        b'["\\ud800"]',
        b'{"\\udfff": 1}',
        "\ufeff1".encode(),
        b"1 2",
        b"01",
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b'{"":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
        b"[" * 50_000,
        b"9" * 5000,
    ],
)
def test_what_would_not_survive_as_json_stays_text(content):
    assert body_of(content, "application/json") == TextBody(content.decode())


@pytest.mark.parametrize(
    ("body", "dumped"),
    [
        (JsonBody([1]), {"json": [1]}),
        (TextBody("one"), {"text": "one"}),
        (TextBody(""), {"text": ""}),
        (TextBody("one\n"), {"text": "one\n"}),
        (TextBody("one\r\ntwo\rthree\n\nfour"), {"text": ["one\r\n", "two\rthree\n", "\n", "four"]}),
        (TextBody("\u2028\x85\x0b"), {"text": "\u2028\x85\x0b"}),
        (BinaryBody(b"\0\xff"), {"base64": "AP8="}),
        (FileBody(Path(NAME), 7), {"file": NAME, "size": 7}),
    ],
)
def test_how_it_stands_in_a_file(body, dumped):
    assert dump_body(body) == dumped
    assert load_body(dumped) == body


@pytest.mark.parametrize(
    ("dumped", "expected"),
    [
        (None, "an object of"),
        ([], "an object of"),
        ({}, "an object of"),
        ({"json": 1, "text": "1"}, "an object of"),
        ({"xml": ""}, "an object of"),
        ({"file": NAME}, "an object of"),
        ({"file": NAME, "size": 1, "more": 1}, "an object of"),
        ({"text": 1}, "a string or an array of strings"),
        ({"text": ["a", None]}, "a string or an array of strings"),
        ({"base64": ["AA=="]}, "a string"),
        ({"base64": "A"}, "base64"),
        ({"base64": "AA==\n"}, "base64"),
        ({"base64": "_w=="}, "base64"),
        ({"base64": "\u00e4A=="}, "base64"),
        ({"file": "a.bin", "size": 1}, "the name of a file"),
        ({"file": f"../{NAME}", "size": 1}, "the name of a file"),
        ({"file": f"{NAME}\n", "size": 1}, "the name of a file"),
        ({"file": NAME[:-4], "size": 1}, "the name of a file"),
        ({"file": "A" * 64 + ".bin", "size": 1}, "the name of a file"),
        ({"file": None, "size": 1}, "the name of a file"),
        ({"file": NAME, "size": -1}, "a size in bytes"),
        ({"file": NAME, "size": True}, "a size in bytes"),
        ({"file": NAME, "size": 1.0}, "a size in bytes"),
        ({"json": json.loads("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))}, f"JSON of at most {DEEPEST} levels"),
    ],
)
def test_what_is_no_body_is_refused(dumped, expected):
    with pytest.raises(Mismatch, match=f"^expected {expected}"):
        load_body(dumped)


@settings(max_examples=100, deadline=None)
@given(text=st.text())
@example(text="\r\n\r\n")
@example(text="\n")
def test_lines_are_the_text(text):
    lines = dump_body(TextBody(text))["text"]
    assert "".join(lines) == text
    assert isinstance(lines, str) or all(line.endswith("\n") for line in lines[:-1])


@pytest.mark.parametrize("content", ["{} {}", '{"a":1,"b":{"c":1,"c":2}}', "NaN", "1e400", "'a'", ""])
def test_json_of_no_or_two_meanings_is_refused(content):
    with pytest.raises(ValueError, match=r"\S"):
        parse_json(content)


def test_json_keeps_its_order_and_types():
    content = b'{"b":[1,1.0,true,"1",null,1e22,-0.0],"a":{}}'
    body = body_of(content, "application/json")
    assert isinstance(body, JsonBody)
    assert body.content() == content.replace(b"1e22", b"1e+22")


class TestFile:
    @pytest.fixture
    def body(self, tmp_path: Path) -> FileBody:
        data = bytes(100)
        path = tmp_path / f"{hashlib.sha256(data).hexdigest()}.bin"
        path.write_bytes(data)
        return FileBody(path, 100)

    def test_it_is_read_when_it_is_asked_for(self, body):
        body.check()
        assert body.content() == bytes(100)

    @pytest.mark.parametrize("content", [b"", bytes(99), bytes(101), b"\1" * 100, None])
    def test_another_content_is_noticed(self, body, content):
        body.path.unlink()
        if content is not None:
            body.path.write_bytes(content)
        for read in (body.check, body.content):
            with pytest.raises(Mismatch, match=body.sha256[:20]):
                read()

    def test_another_size_is_noticed(self, body):
        with pytest.raises(Mismatch, match="expected 99 bytes"):
            FileBody(body.path, 99).check()


def test_a_repr_shows_no_bytes():
    assert repr(BinaryBody(b"secret\0")) == "BinaryBody(data=<7 bytes>)"
