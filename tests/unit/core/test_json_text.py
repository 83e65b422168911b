"""JSON text is read to the same values, and refused with the same words, with msgspec and without it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_core import json_text
from mesa_core.json_text import _faster, _standard, read_json

LARGE = json.dumps(["x" * 100] * 100).encode()
SMALL = b'["x"]'


@pytest.fixture(scope="module", autouse=True)
def _any_text_is_large() -> Iterator[None]:
    assert _faster() is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_text, "_LARGE", 0)
        yield


def outcome(read: Callable[[bytes], Any], content: bytes) -> str:
    """Tell what came of it; what is told tells 1 from 1.0 and True, -0.0 from 0.0, and one order from another."""
    try:
        return repr(read(content))
    except (ValueError, RecursionError) as error:
        return f"{type(error).__name__}: {error}"


def hold_same(content: bytes) -> None:
    assert outcome(read_json, content) == outcome(_standard, content)


NUMBERS = st.from_regex(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
STRINGS = st.from_regex(
    r'"([^"\\]|\\(["\\/bfnrtux]|u[0-9a-fA-F]{4}|u[dD][89a-fA-F][0-9a-fA-F]{2})){0,6}"', fullmatch=True
)
CONSTANTS = st.sampled_from(["true", "false", "null", "NaN", "Infinity", "-Infinity", "nul", "True", "-"])
SPACES = st.sampled_from(["", "", " ", "\n", "\t\r", "\x0b", "\xa0", "\ufeff"])
TEXTS = st.recursive(
    NUMBERS | STRINGS | CONSTANTS,
    lambda inner: (
        st.tuples(SPACES, st.lists(inner, max_size=3)).map(lambda of: f"[{of[0]}{','.join(of[1])}{of[0]}]")
        | st.lists(st.tuples(STRINGS | st.just('"a"'), SPACES, inner), max_size=3).map(
            lambda of: "{" + ",".join(f"{name}{space}:{space}{each}" for name, space, each in of) + "}"
        )
    ),
    max_leaves=10,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=300)
@given(VALUES, st.booleans(), st.sampled_from([None, 0, 2]))
def test_what_json_writes_is_read_alike(value: Any, ascii_only: bool, indent: int | None) -> None:  # noqa: FBT001 - drawn
    hold_same(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass"))


@settings(max_examples=300)
@given(TEXTS, SPACES, SPACES)
def test_what_is_nearly_json_is_read_alike(text: str, before: str, after: str) -> None:
    hold_same(f"{before}{text}{after}".encode("utf-8", "surrogatepass"))


@settings(max_examples=300)
@given(TEXTS, st.data())
def test_damaged_json_is_read_alike(text: str, data: st.DataObject) -> None:
    content = text.encode("utf-8", "surrogatepass")
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, min(len(content), begin + 3)))
    hold_same(content[:begin] + data.draw(st.binary(max_size=3)) + content[end:])


@given(st.binary(max_size=20) | st.text('[]{}:,"\\ \n0123456789-+.eEtrufalsn', max_size=20).map(str.encode))
def test_whatever_comes_is_read_alike(content: bytes) -> None:
    hold_same(content)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", " 1 ", "\t\r\n1\n", "\x0c1", "\xa01", "\ufeff1", "\ufeff", "1\ufeff", '"\ufeff"', "\x00"),
        *("0", "-0", "-0.0", "0.1", "01", "1.", ".5", "+1", "-", "1_000", "\uff11", "1e5", "1E+5", "1e", "0x1"),
        *("1e400", "-1e400", "1e-400", "1e99999999999999999999", "0e99999999999999999999", "4.9e-324", "5e-324"),
        *("9007199254740993", "9007199254740993.0", "2.2250738585072011e-308", "1.7976931348623159e308"),
        *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"),
        *("18446744073709551615", "18446744073709551616", "9" * 40, "9" * 400, "0." + "0" * 400 + "1"),
        *("9" * 4300, "9" * 4301, "-" + "9" * 4301, "9" * 4301 + ".0"),
        *('{"a":1,"a":2}', '{"a":1,"b":2,"a":3}', '{"":1}', "{1:2}", '{"a":1,}', "[1,]", "[,]", "[1 2]", "[", "{"),
        *(r'"\ud800"', r'"\udc00\ud800"', r'"\ud83d\ude00"', r'"\ud83d\u0041"', r'"\ud83dx"', r'{"\ud800":"\ud800"}'),
        *(r'"\u0000"', '"\x00"', '"\x1f"', '"\x7f"', '"\x85"', '"\u2028"', '"a\nb"', '"\t"', r'"\x"', r'"\u12"'),
        *(r'"\u12g4"', r'"\u+123"', r'"\u 123"', r'"\/"', '"', '"\\', "'a'", '"a" "b"', "1 2", "// c\n1", "/**/1"),
        *("NaN", "Infinity", "-Infinity", "[NaN]", "nan", "None", "True", "nul", "nullx", "truefalse"),
        *("[" * 300 + "]" * 300, '{"a":' * 300 + "1" + "}" * 300, "[" * 300, "[" * 100_000 + "]" * 100_000),
    ],
    ids=lambda text: f"{text[:20]!a}, {len(text)}",
)
def test_every_corner_of_json_is_read_alike(text: str) -> None:
    hold_same(text.encode())


@pytest.mark.parametrize(
    "content",
    [
        *(b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf4\x90\x80\x80"', b'"\xc3"', b'"\xe2\x82"', b'{"\xff":1}'),
        *(b"\xff", b'"\xf0\x9f\x98\x80"', "1".encode("utf-16"), "1".encode("utf-32"), b"\xef\xbb", b"1\x00"),
        b"\xef\xbb\xbf\xef\xbb\xbf1",
    ],
)
def test_utf8_and_what_is_none_is_read_alike(content: bytes) -> None:
    hold_same(content)


class TestWhichOfThemReads:
    @pytest.fixture
    def read(self, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
        def noted(content: bytes) -> Any:
            seen.append(content)
            return json.loads(content)

        seen: list[bytes] = []
        monkeypatch.setattr(json_text, "_LARGE", 4096)
        monkeypatch.setattr(json_text, "_faster", lambda: noted)
        return seen

    def test_is_msgspec_for_a_large_text(self, read: list[bytes]) -> None:
        assert read_json(LARGE) == _standard(LARGE)
        assert read == [LARGE]

    def test_is_json_for_a_small_one(self, read: list[bytes]) -> None:
        assert read_json(SMALL) == ["x"]
        assert read == []

    def test_is_json_for_what_msgspec_does_not_take(self, read: list[bytes]) -> None:
        broken = LARGE + b"]"
        with pytest.raises(json.JSONDecodeError, match="Extra data") as caught:
            read_json(broken)
        assert caught.value.__context__ is None
        assert read == [broken]

    def test_is_json_where_msgspec_is_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "msgspec.json", None)
        _faster.cache_clear()
        assert _faster() is None
        assert read_json(LARGE) == ["x" * 100] * 100
        _faster.cache_clear()


@pytest.mark.parametrize(("content", "loaded"), [(SMALL, False), (LARGE, True)], ids=["small", "large"])
def test_msgspec_is_loaded_by_the_first_large_text(content: bytes, loaded: bool) -> None:  # noqa: FBT001 - a parameter
    code = "import sys, mesa_core.json_text as t; t.read_json(sys.stdin.buffer.read()); print('msgspec' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True, check=True)
    assert done.stdout.decode().strip() == str(loaded)
