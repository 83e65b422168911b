"""`convert` from cassettes of VCR.py: each form that its stubs write."""

from __future__ import annotations

import gzip
import json
import os
import sys
import zlib
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesa_transports.recorded.format import load

FOREIGN = Path(__file__).with_name("foreign")
KEY = "mesa_root_key_of_the_tests"
BODY = {"json": {"id": 1}, "spelling": "spaces"}
REPO = {"name": "widget"}


def cassette(*, sent: Any = None, got: Any = None, method: str = "POST", **more: Any) -> dict[str, Any]:
    """Return an interaction as a stub writes it."""
    response = {"status": {"code": 201, "message": "Created"}, "headers": {}, "body": {"string": got}}
    return {
        "request": {
            "method": method,
            "uri": "https://depot.mesa.dev/api/v1/acme/repos",
            "body": sent,
            "headers": {"Accept": ["*/*"]},
            **more.get("request", {}),
        },
        "response": {**response, **more.get("response", {})},
    }


@pytest.fixture
def converted(run: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Convert a cassette, and return its first interaction as it stands in our file."""

    def convert(content: Any, *, name: str = "x.yaml", first: int = 0) -> Any:
        source = tmp_path / name
        source.write_text(content if isinstance(content, str) else yaml.dump({"interactions": content, "version": 1}))
        ran = run("convert", source, tmp_path / "x.json", "--force")
        assert (ran.status, ran.err) == (0, [])
        return json.loads((tmp_path / "x.json").read_text())["interactions"][first]

    return convert


@pytest.fixture
def refused(run: Callable[..., Any], tmp_path: Path) -> Callable[..., str]:
    """Convert what cannot be, and return the message; nothing is written."""

    def convert(content: Any, *, name: str = "x.yaml") -> str:
        source = tmp_path / name
        source.write_bytes(content if isinstance(content, bytes) else yaml.dump(content).encode())
        ran = run("convert", source, tmp_path / "x.json")
        assert (ran.status, ran.out) == (1, [])
        assert [each.name for each in tmp_path.iterdir()] == [name]
        (line,) = ran.err
        prefix = f"mesa_transports.recorded: {source}: "
        assert line.startswith(prefix)
        return str(line.removeprefix(prefix))

    return convert


class TestBodies:
    @pytest.mark.parametrize(
        "sent",
        [
            '{"name": "widget"}',
            b'{"name": "widget"}',
            {"name": "widget"},
            {"string": '{"name": "widget"}'},
            {"string": '{"name": "widget"}', "encoding": "utf-8"},
            {"base64_string": b64encode(b'{"name": "widget"}').decode(), "encoding": "utf-8"},
        ],
    )
    def test_a_request_as_each_stub_stores_it(self, converted: Callable[..., Any], sent: Any) -> None:
        assert converted([cassette(sent=sent, got="{}")])["request"]["body"] == {"json": REPO}

    @pytest.mark.parametrize("sent", [None, "", b"", {"string": ""}, {"string": None}])
    def test_no_body_is_none(self, converted: Callable[..., Any], sent: Any) -> None:
        assert "body" not in converted([cassette(sent=sent, got="{}")])["request"]

    @pytest.mark.parametrize(
        "tagged",
        [
            "!!python/object/new:_io.BytesIO {state: !!python/tuple [!!binary eyJuYW1lIjogIndpZGdldCJ9, 0, null]}",
            "!!python/object/apply:builtins.iter {args: [[!!binary eyJuYW1lIjogIg==, !!python/unicode 'widget\"}']]}",
            '!!python/str \'{"name": "widget"}\'',
        ],
    )
    def test_files_and_iterators_are_read_as_their_bytes(self, converted: Callable[..., Any], tagged: str) -> None:
        text = yaml.dump({"interactions": [cassette(sent="BODY", got="{}")], "version": 1})
        assert converted(text.replace("body: BODY", f"body: {tagged}"))["request"]["body"] == {"json": REPO}

    @pytest.mark.parametrize(
        ("encoding", "content"),
        [
            ("gzip", gzip.compress(b'{"id": 1}', mtime=0)),
            ("x-gzip", gzip.compress(b'{"id": 1}', mtime=0)),
            ("GZIP ", gzip.compress(b'{"id": 1}', mtime=0)),
            ("deflate", zlib.compress(b'{"id": 1}')),
            ("deflate", zlib.compress(b'{"id": 1}', wbits=-zlib.MAX_WBITS)),
            ("deflate, gzip", gzip.compress(zlib.compress(b'{"id": 1}'), mtime=0)),
            ("identity", b'{"id": 1}'),
            ("", b'{"id": 1}'),
            # Clients that undo an encoding leave its header.
            ("gzip", b'{"id": 1}'),
            ("deflate", b'{"id": 1}'),
            ("br", b'{"id": 1}'),
        ],
    )
    def test_an_answers_encoding_is_undone(self, converted: Callable[..., Any], encoding: str, content: bytes) -> None:
        headers = {"content-encoding": [encoding], "content-type": ["application/json"], "content-length": ["9"]}
        got = converted([cassette(got=content, response={"headers": headers})])["response"]
        assert got == {"status": 201, "headers": {"content-type": "application/json"}, "body": BODY}

    @pytest.mark.parametrize(
        ("encoding", "content", "what"),
        [
            ("gzip", gzip.compress(b"x" * 99, mtime=0)[:-9], "expected whole gzip, got its beginning"),
            ("gzip", b"\x1f\x8b\x08\x00broken and more", "expected whole gzip: "),
            ("br", b"\xff\xfe", "expected gzip or deflate, got 'br'"),
        ],
    )
    def test_a_broken_or_unknown_encoding_is_refused(
        self, refused: Callable[..., str], encoding: str, content: bytes, what: str
    ) -> None:
        each = cassette(got=content, response={"headers": {"Content-Encoding": [encoding]}})
        message = refused({"version": 1, "interactions": [cassette(got="{}"), each]})
        assert message.startswith(f"interactions[1].response.body: {what}")

    def test_the_older_stub_for_httpx(self, converted: Callable[..., Any]) -> None:
        old = {"content": '{"id": 1}', "headers": {"content-encoding": ["gzip"]}, "status_code": 201}
        got = converted([{**cassette(), "response": {**old, "http_version": "HTTP/1.1"}}])["response"]
        assert got == {"status": 201, "headers": {}, "body": BODY}

    def test_an_empty_object_is_one(self, converted: Callable[..., Any]) -> None:
        assert converted([cassette(sent={}, got="{}")])["request"]["body"] == {"json": {}}

    def test_a_fragment_is_no_part_of_a_request(self, converted: Callable[..., Any]) -> None:
        uri = "https://depot.mesa.dev/api/v1/acme/repos"
        assert converted([cassette(got="{}", request={"uri": f"{uri}#top"})])["request"]["url"] == uri

    def test_a_body_that_was_not_read(self, converted: Callable[..., Any]) -> None:
        assert "body" not in converted([cassette(response={"body": {}})])["response"]


class TestHeaders:
    @pytest.mark.parametrize("headers", [{"Vary": ["a", "b"]}, {"vary": [b"a", "b"]}])
    def test_lists_of_text_or_bytes(self, converted: Callable[..., Any], headers: Any) -> None:
        got = converted([cassette(got="{}", response={"headers": headers})])["response"]["headers"]
        assert [*got.values()] == [["a", "b"]]

    def test_a_text_and_none_at_all(self, converted: Callable[..., Any]) -> None:
        got = converted([cassette(got="{}", request={"headers": None}, response={"headers": {"ETag": "e"}})])
        assert got["request"]["headers"] == {"Accept": "application/json"}
        assert got["response"]["headers"] == {"ETag": "e"}

    def test_secrets_in_them_are_known_again_even_before_they_are_told(self, converted: Callable[..., Any]) -> None:
        first = cassette(sent={"name": "x", "note": f"by {KEY}"}, got=json.dumps({"echo": KEY}))
        second = cassette(got="{}", request={"headers": {"Authorization": [f"Bearer {KEY}"], "Cookie": ["s=1"]}})
        got = converted([first, second])
        assert KEY not in json.dumps(got)
        assert got["response"]["body"]["json"]["echo"].startswith("REDACTED_API_KEY")
        assert set(converted([first, second], first=1)["request"]["headers"]) == {"Accept"}


class TestMoments:
    def header(self, tmp_path: Path) -> datetime:
        return load(tmp_path / "x.json").header.recorded_at

    def test_the_date_header_tells(self, converted: Callable[..., Any], tmp_path: Path) -> None:
        headers = {"date": ["Wed, 21 Oct 2015 07:28:00 GMT"]}
        converted([cassette(got="{}", response={"headers": headers})])
        assert self.header(tmp_path) == datetime(2015, 10, 21, 7, 28, tzinfo=UTC)

    @pytest.mark.parametrize("headers", [{}, {"Date": ["yesterday"]}])
    def test_else_when_the_file_was_written(
        self, run: Callable[..., Any], tmp_path: Path, headers: dict[str, Any]
    ) -> None:
        source = tmp_path / "x.yaml"
        source.write_text(
            yaml.dump({"interactions": [cassette(got="{}", response={"headers": headers})], "version": 1})
        )
        os.utime(source, (1_000_000_000, 1_000_000_000))
        run("convert", source, tmp_path / "x.json")
        assert self.header(tmp_path).timestamp() == 1_000_000_000


class TestWhatIsLeftOut:
    def test_redirects_and_what_is_not_http(self, run: Callable[..., Any], tmp_path: Path) -> None:
        path = tmp_path / "x.yaml"
        moved = cassette(response={"status": {"code": 302, "message": "Found"}})
        other = cassette(got="{}", request={"uri": "ftp://depot.mesa.dev/api/v1/acme/repos"})
        path.write_text(yaml.dump({"interactions": [cassette(got="{}"), moved, other], "version": 1}))
        ran = run("convert", path, tmp_path / "x.json")
        assert ran.out == [f"{tmp_path / 'x.json'}: 1 interaction from {path}"]
        assert ran.err == [
            f"mesa_transports.recorded: {path}: left out 1 request redirected or answered by a cache",
            f"mesa_transports.recorded: {path}: left out 1 request not over HTTP",
        ]


class TestBadInput:
    @pytest.mark.parametrize(
        ("document", "message"),
        [
            ([cassette()], "$: expected a HAR (with "),
            ("text", "$: expected a HAR (with "),
            ({"http_interactions": [], "recorded_with": "VCR 6.0"}, "$: expected a HAR (with "),
            ({"interactions": []}, "version: required, but missing"),
            ({"interactions": [], "version": 2}, "version: expected 1, got 2"),
            ({"interactions": {}, "version": 1}, "interactions: expected an array, got an object"),
            ({"interactions": [3], "version": 1}, "interactions[0]: expected an object, got a number"),
            (
                {"interactions": [cassette(request={"method": None})], "version": 1},
                "interactions[0].request.method: expected a string, got null",
            ),
            (
                {"interactions": [cassette(response={"status": None})], "version": 1},
                "interactions[0].response.status: required, but missing",
            ),
            (
                {"interactions": [cassette(response={"status": {"code": "200"}})], "version": 1},
                "interactions[0].response.status.code: expected a whole number, got a string",
            ),
            (
                {"interactions": [cassette(request={"headers": ["a"]})], "version": 1},
                "interactions[0].request.headers: expected an object of header fields, got an array",
            ),
            (
                {"interactions": [cassette(response={"headers": {"a": [3]}})], "version": 1},
                "interactions[0].response.headers: expected a string, got a number",
            ),
            (
                {"interactions": [cassette(sent={"base64_string": "no!"})], "version": 1},
                "interactions[0].request.body: ",
            ),
            (
                {"interactions": [cassette(sent={"when": datetime(2026, 1, 1, tzinfo=UTC)})], "version": 1},
                "interactions[0].request.body: ",
            ),
        ],
    )
    def test_is_told_with_its_place(self, refused: Callable[..., str], document: Any, message: str) -> None:
        assert refused(document).startswith(message)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"a: b: c\n", "line 1: expected YAML: "),
            (b"interactions:\n- [\n", "line 3: expected YAML: "),
            (b"\xff\xfe\x00", "$: expected YAML: "),
            (b"a: \x00\n", "$: expected YAML: "),
            (b"", "$: expected a HAR (with "),
            (b"interactions:\n- !!python/object/apply:os.system ['touch pwned']\n", "line 2: expected YAML: "),
            (b"interactions: !!python/name:os.system\n", "line 1: expected YAML: "),
            (b"a: !!python/object/new:_io.BytesIO {state: 3}\n", "$: expected YAML: "),
            (b"a: !!python/object/apply:builtins.iter [1]\n", "line 1: expected YAML: "),
        ],
    )
    def test_what_is_no_safe_yaml_is_refused(
        self,
        refused: Callable[..., str],
        content: bytes,
        message: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert refused(content).startswith(message)

    def test_yaml_is_read_in_files_that_are_named_so(self, refused: Callable[..., str]) -> None:
        assert refused(b"a: b\n", name="x.txt").startswith("$: expected JSON, or YAML in a file named .yaml or .yml: ")

    def test_without_pyyaml_the_extra_is_named(
        self, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "yaml", None)
        ran = run("convert", FOREIGN / "requests.yaml", tmp_path / "x.json")
        assert ran.status == 1
        assert "pip install 'mesa-sdk[vcr]'" in ran.err[0]
        assert not list(tmp_path.iterdir())
        assert run("convert", FOREIGN / "requests.json", tmp_path / "x.json").status == 0
