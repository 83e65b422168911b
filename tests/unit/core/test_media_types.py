"""Bodies by their media type: JSON, bytes, text, and what is none of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from attrs import frozen

from mesa_core import NotAcceptable, Response, ResponseValidationError
from mesa_core.converter import BYTES, TEXT, Json
from mesa_sdk import Mesa

pytestmark = pytest.mark.usefixtures("json_reader")


@frozen(kw_only=True)
class Model:
    text: str
    count: int = 0


class TestBodies:
    @pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/ld+json", ""])
    def test_json_comes_as_json_or_without_a_content_type(self, kind: str) -> None:
        assert Json[Any](Model)(Response(200, {"Content-Type": kind}, b'{"text": "x"}')) == Model(text="x")
        assert Json[Any](Model)(Response(200, {}, b'\xef\xbb\xbf{"text": "x"}')) == Model(text="x")

    @pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/octet-stream"])
    def test_another_content_type_is_named(self, kind: str) -> None:
        response = Response(200, {"Content-Type": kind}, b"<html>")
        with pytest.raises(
            ResponseValidationError, match=f"expected application/json, got 6 bytes of {kind}"
        ) as caught:
            Json[Any](Model)(response)
        error = caught.value
        assert (error.path, error.status_code, error.content) == ("$", 200, b"<html>")

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b'{"text": "x',
            b"nothing",
            b"{'a': 1}",
            b'{"a": "\xff"}',
            b"[" * 200_000,
            b'{"count": 1' + b"0" * 5000,
        ],
    )
    def test_what_is_no_json_is_told(self, content: bytes) -> None:
        with pytest.raises(ResponseValidationError, match=r"\$: expected JSON: ") as caught:
            Json[Any](Model)(Response(200, {"Content-Type": "application/json"}, content))
        assert caught.value.__cause__ is not None

    def test_bytes_are_bytes(self, client: Callable[..., Mesa]) -> None:
        content = bytes(range(256))
        mesa = client(Response(200, {"Content-Type": "application/octet-stream"}, content))
        assert mesa.content.read(org="o", repo="r", path="a") == content
        assert mesa.transport.requests[0].headers["Accept"] == BYTES.accept == "application/octet-stream"
        assert BYTES(Response(200, {}, content)) == content

    def test_text_keeps_bytes_that_are_no_utf8(self, client: Callable[..., Mesa]) -> None:
        content = "+grün\n-".encode() + b"\xff\n"
        mesa = client(Response(200, {"Content-Type": "text/plain; charset=utf-8"}, content))
        patch = mesa.diffs.patch(org="o", repo="r", base="a", head="b")
        assert patch.startswith("+grün\n")
        assert patch.encode("utf-8", "surrogateescape") == content
        assert mesa.transport.requests[0].headers["Accept"] == TEXT.accept == "text/plain"

    @pytest.mark.parametrize(("read", "accept"), [(BYTES, "application/octet-stream"), (TEXT, "text/plain")])
    def test_bytes_and_text_of_another_content_type_are_refused(self, read: Any, accept: str) -> None:
        with pytest.raises(ResponseValidationError, match=f"expected {accept}, got 2 bytes of application/json"):
            read(Response(200, {"Content-Type": "application/json"}, b"{}"))

    def test_a_directory_has_no_bytes(self, client: Callable[..., Mesa], refusal: Any) -> None:
        with pytest.raises(NotAcceptable):
            client(refusal(406, "NOT_ACCEPTABLE")).content.read(org="o", repo="r", path="src")


def test_an_error_of_decoding_knows_its_call(client: Callable[..., Mesa], answer: Any) -> None:
    with pytest.raises(ResponseValidationError) as caught:
        client(answer({"num_repos": 1}, 200)).org.get(org="o")
    error = caught.value
    assert (error.path, error.operation, error.status_code) == ("$.created_at", "org.get", 200)
    assert len(error.attempts) == 1
    assert json.loads(error.content) == {"num_repos": 1}
