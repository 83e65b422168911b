"""Header fields read without the parser of e-mail: the same ones, and the same errors."""

from __future__ import annotations

import http.client
import inspect
import io
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mesa_transports._response_head import begin, parse_headers

NAMES = st.text(string.ascii_letters + string.digits + "-_.!", min_size=1, max_size=12)
VALUES = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20)
FIELDS = st.builds("{}{}{}{}".format, NAMES, st.sampled_from([":", ": ", ":\t ", " : "]), VALUES, st.just("\r\n"))
ODDITIES = st.sampled_from(["\n", " folded\r\n", "no colon\r\n", "From me\r\n", ": nameless\r\n", "Bare: lf\n", "\r\n"])
BODY = b"{}\r\n\r\nmore"


def read_by(parse: object, head: bytes, piece: int) -> object:
    """Return what a parser makes of a head that comes in pieces, and what it leaves, or how it fails."""
    reader = io.BufferedReader(Dripping(head + BODY, piece))
    assert callable(parse)
    try:
        message = parse(reader)
    except http.client.HTTPException as error:
        return repr(error)
    return list(message.raw_items()), reader.read()


class Dripping(io.RawIOBase):
    """Gives a piece at a time, as a socket does."""

    def __init__(self, content: bytes, piece: int) -> None:
        self._content = io.BytesIO(content)
        self._piece = piece

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._content.read(min(self._piece, len(buffer)))
        buffer[: len(piece)] = piece
        return len(piece)


@given(
    lines=st.lists(FIELDS | ODDITIES, max_size=8),
    ending=st.sampled_from(["\r\n", "\n", ""]),
    piece=st.sampled_from([1, 7, 1 << 16]),
)
@example(lines=["A: 1\x0bB: 2\r\n"], ending="\r\n", piece=1 << 16)
@example(lines=["A: 1\x85B: 2\r\n"], ending="\r\n", piece=1 << 16)
@example(lines=["Content-Type: multipart/mixed; boundary=x\r\n"], ending="\r\n", piece=1 << 16)
def test_fields_are_those_of_the_standard_library(lines: list[str], ending: str, piece: int) -> None:
    head = "".join([*lines, ending]).encode("latin-1")
    assert read_by(parse_headers, head, piece) == read_by(http.client.parse_headers, head, piece)


@pytest.mark.parametrize("count", [0, 1, 98, 99, 100, 101, 1000])
def test_as_many_fields_as_the_standard_library_takes(count: int) -> None:
    head = b"".join(b"a: %d\r\n" % number for number in range(count)) + b"\r\n"
    assert read_by(parse_headers, head, 1 << 16) == read_by(http.client.parse_headers, head, 1 << 16)


def test_line_of_more_than_64_kib_is_refused() -> None:
    head = b"a: " + bytes(1 << 16) + b"\r\n\r\n"
    assert read_by(parse_headers, head, 1 << 16) == read_by(http.client.parse_headers, head, 1 << 16)


def test_fields_are_read_without_the_standard_parser_where_they_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(http.client, "parse_headers")
    read = read_by(parse_headers, b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n", 1 << 16)
    assert read == ([("Content-Type", "application/json"), ("Content-Length", "2")], BODY)


def test_limits_that_a_later_python_passes_on_without_a_value_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(http.client, "parse_headers")
    message = parse_headers(io.BufferedReader(io.BytesIO(b"A: 1\r\n\r\n")), _max_headers=None)
    assert message.items() == [("A", "1")]


def test_what_the_standard_library_is_told_it_is_told() -> None:
    class Own(http.client.HTTPMessage):
        """Another class of message."""

    assert isinstance(parse_headers(io.BufferedReader(io.BytesIO(b"A: 1\r\n\r\n")), _class=Own), Own)  # type: ignore[arg-type]


def test_begin_is_the_standard_library_s_but_for_the_fields() -> None:
    assert begin.__code__ is http.client.HTTPResponse.begin.__code__
    assert begin.__globals__["parse_headers"] is parse_headers
    assert "parse_headers" in begin.__code__.co_names
    assert inspect.signature(begin) == inspect.signature(http.client.HTTPResponse.begin)
