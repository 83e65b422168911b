"""`convert` from HAR 1.2, as browsers write it: what is read, what is left out, and what is refused with its place."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mesa_sdk import Directory, Mesa
from mesa_transports.recorded.bodies import BinaryBody
from mesa_transports.recorded.foreign.har import read_har
from mesa_transports.recorded.format import load

API = "https://depot.mesa.dev/api/v1"
REPOS = {"repos": [], "next_cursor": None, "has_more": False}
DIRECTORY = {
    "type": "dir",
    "name": "",
    "path": "",
    "sha": "s",
    "child_count": 0,
    "entries": [],
    "next_cursor": None,
    "has_more": False,
}


def pairs(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def entry(
    url: str = f"{API}/acme/repos",
    status: int = 200,
    got: Any = REPOS,
    *,
    method: str = "GET",
    kind: str = "application/json",
    accept: str = "application/json, text/plain, */*",
    **more: Any,
) -> dict[str, Any]:
    """Return an entry as Chrome writes it."""
    text = got if got is None or isinstance(got, str) else json.dumps(got)
    return {
        "_initiator": {"type": "script"},
        "_priority": "High",
        "_resourceType": "fetch",
        "cache": {},
        "connection": "443",
        "startedDateTime": more.get("at", "2026-03-04T05:06:07.123Z"),
        "time": 12.5,
        "timings": {"blocked": 1, "dns": -1, "ssl": -1, "connect": -1, "send": 0.1, "wait": 10, "receive": 1.4},
        "request": {
            "method": method,
            "url": url,
            "httpVersion": "http/2.0",
            "headers": [*pairs({":method": method, ":authority": "depot.mesa.dev", "accept": accept})],
            "queryString": [{"name": "limit", "value": "not what the URL says"}],
            "cookies": [{"name": "sid", "value": "cookie-secret-1"}],
            "headersSize": -1,
            "bodySize": 0,
            **more.get("request", {}),
        },
        "response": {
            "status": status,
            "statusText": "",
            "httpVersion": "http/2.0",
            "headers": pairs(
                {"content-type": kind, "content-encoding": "gzip", "date": "Wed, 04 Mar 2026 05:06:07 GMT"}
            ),
            "cookies": [],
            "content": {
                "size": len(text or ""),
                "mimeType": kind,
                "compression": 7,
                **({} if text is None else {"text": text}),
                **more.get("content", {}),
            },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
            "_transferSize": 99,
            "_error": None,
            **more.get("response", {}),
        },
    }


def har(*entries: Any, **more: Any) -> dict[str, Any]:
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "WebInspector", "version": "537.36"},
            "entries": [*entries],
            **more,
        }
    }


def posted(**data: Any) -> dict[str, Any]:
    """Return the options of an entry that was sent a body."""
    return {"method": "POST", "status": 201, "got": {"sha": "s"}, "request": {"bodySize": 20, "postData": data}}


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., Path]:
    def write(document: Any) -> Path:
        path = tmp_path / "in" / "x.har"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        return path

    return write


@pytest.fixture
def converted(run: Callable[..., Any], source: Callable[..., Path], tmp_path: Path) -> Callable[..., list[Any]]:
    """Convert entries, and return the interactions as they stand in our file."""

    def convert(*entries: Any, options: tuple[str, ...] = ()) -> list[Any]:
        ran = run("convert", source(har(*entries)), tmp_path / "x.json", "--force", *options)
        assert (ran.status, ran.err) == (0, [])
        interactions: list[Any] = json.loads((tmp_path / "x.json").read_text())["interactions"]
        return interactions

    return convert


class TestReading:
    def test_an_entry_of_a_browser(self, converted: Callable[..., list[Any]]) -> None:
        (got,) = converted(entry(f"{API}/acme/repos?limit=2#top"))
        assert got == {
            "request": {
                "method": "GET",
                "url": f"{API}/acme/repos?limit=2",
                "headers": {"Accept": "application/json"},
            },
            "response": {
                "status": 200,
                "headers": {"content-type": "application/json"},
                "body": {"json": REPOS, "spelling": "spaces"},
            },
        }

    def test_replays(self, converted: Callable[..., list[Any]], tmp_path: Path) -> None:
        raw = entry(
            f"{API}/acme/w/content?path=x", got=b64encode(b"\x00\xff").decode(), kind="application/octet-stream"
        )
        raw["response"]["content"]["encoding"] = "base64"
        listing = entry(f"{API}/acme/w/content?path=x", got=DIRECTORY, accept="*/*")
        converted(raw, listing, entry(f"{API}/acme/repos?limit=2"))
        with Mesa(api_key="any", transport="recorded", transport_options={"path": tmp_path / "x.json"}) as mesa:
            assert isinstance(mesa.content.get(org="acme", repo="w", path="x"), Directory)
            assert mesa.content.read(org="acme", repo="w", path="x") == b"\x00\xff"
            assert list(mesa.repos.list(org="acme", limit=2)) == []

    @pytest.mark.parametrize("content", ["left out", None])
    def test_an_answer_of_which_no_content_is_told_has_none(
        self, converted: Callable[..., list[Any]], content: str | None
    ) -> None:
        empty = entry(status=204, got=None, method="DELETE")
        empty["response"]["content"] = content
        if content is not None:
            del empty["response"]["content"]
        (interaction,) = converted(empty)
        assert "json" not in interaction["response"]
        assert interaction["response"]["status"] == 204

    def test_an_error_is_the_answer_to_any_media_type(self, converted: Callable[..., list[Any]]) -> None:
        (got,) = converted(entry(f"{API}/acme/w/content?path=x", 404, {"error": {"code": "NOT_FOUND", "message": "m"}}))
        assert got["request"]["headers"] == {"Accept": "*/*"}

    def test_what_a_client_asked_for_exactly_stays(self, converted: Callable[..., list[Any]]) -> None:
        (got,) = converted(entry(accept="application/vnd.x+json"))
        assert got["request"]["headers"] == {"accept": "application/vnd.x+json"}

    @pytest.mark.parametrize(
        ("data", "body"),
        [
            ({"mimeType": "application/json", "text": '{"a": 1}'}, {"json": {"a": 1}}),
            ({"mimeType": "application/json", "text": '{"a": 1}', "params": []}, {"json": {"a": 1}}),
            ({"mimeType": "text/plain", "text": "grün"}, {"text": "grün"}),
            (
                {
                    "mimeType": "application/x-www-form-urlencoded",
                    "params": pairs({"a": "x y", "b": "ü"}),
                },
                {"text": "a=x+y&b=%C3%BC"},
            ),
            (
                {
                    "mimeType": "application/x-www-form-urlencoded; charset=UTF-8",
                    "text": "a=1",
                    "params": pairs({"a": "1"}),
                },
                {"text": "a=1"},
            ),
            ({"mimeType": "", "text": "AP8=", "encoding": "base64"}, {"base64": "AP8="}),
            ({"mimeType": "", "text": "AP8=", "_encoding": "base64"}, {"base64": "AP8="}),
            ({"mimeType": "", "text": "\x00\udcff"}, {"base64": "AP8="}),
            ({"text": "x"}, {"text": "x"}),
        ],
    )
    def test_a_request_with_a_body(self, converted: Callable[..., list[Any]], data: Any, body: Any) -> None:
        (got,) = converted(entry(**posted(**data)))
        assert got["request"]["body"] == body
        assert got["request"]["headers"].get("Content-Type", "") == data.get("mimeType", "")

    def test_bytes_that_were_taken_for_latin_1_are_told_by_their_size(
        self, converted: Callable[..., list[Any]]
    ) -> None:
        sent = posted(mimeType="", text="\x00\xff")
        sent["request"]["bodySize"] = 2
        content = {"size": 1, "compression": 2}
        (got,) = converted(entry(**{**sent, "got": "\x00\xfe\xff", "content": content, "kind": "application/json"}))
        assert got["request"]["body"] == {"base64": "AP8="}
        assert got["response"]["body"] == {"base64": "AP7/"}

    def test_the_size_of_what_is_no_latin_1_tells_nothing(self, converted: Callable[..., list[Any]]) -> None:
        (got,) = converted(entry(got='"€"', content={"size": 99}))
        assert got["response"]["body"] == {"json": "€"}

    def test_the_type_that_stands_beside_a_body_counts_where_no_header_says_it(
        self, converted: Callable[..., list[Any]]
    ) -> None:
        bare = {"response": {"headers": []}}
        kinds = [
            converted(entry(**bare, kind=kind))[0]["response"]["headers"]
            for kind in ("application/json", "x-unknown", "")
        ]
        assert kinds == [{"Content-Type": "application/json"}, {}, {}]

    def test_but_none_where_there_is_no_body(self, converted: Callable[..., list[Any]]) -> None:
        bare = entry(f"{API}/acme/w", 204, None, method="DELETE", response={"headers": []})
        assert converted(bare)[0]["response"] == {"status": 204, "headers": {}}

    def test_cookies_of_either_side_are_left_behind(self, converted: Callable[..., list[Any]], tmp_path: Path) -> None:
        each = entry()
        each["response"]["headers"] += [*pairs({"Set-Cookie": "sid=cookie-secret-2"}), *pairs({"Set-Cookie": "b=2"})]
        each["response"]["headers"] += [*pairs({"Vary": "a"}), *pairs({"vary": "b"})]
        (got,) = converted(each)
        assert got["response"]["headers"] == {"content-type": "application/json", "Vary": ["a", "b"]}
        assert "cookie" not in (tmp_path / "x.json").read_text().lower()

    def test_http_2_fields_are_no_headers(self) -> None:
        (exchange,) = read_har(har(entry())).exchanges
        assert list(exchange.request.headers) == ["accept"]

    def test_every_interaction_says_when_it_was(self, converted: Callable[..., list[Any]], tmp_path: Path) -> None:
        later = "2026-03-05T07:06:07.123456+02:00"
        first, second = converted(entry(at=later), entry(at="2026-03-04T05:06:07.1Z"))
        assert first["recorded_at"] == "2026-03-05T05:06:07.123456Z"
        assert "recorded_at" not in second
        assert load(tmp_path / "x.json").header.recorded_at == datetime(2026, 3, 4, 5, 6, 7, 100_000, tzinfo=UTC)

    def test_a_byte_order_mark_is_no_part_of_it(
        self, run: Callable[..., Any], source: Callable[..., Path], tmp_path: Path
    ) -> None:
        path = source(b"\xef\xbb\xbf" + json.dumps(har(entry())).encode())
        assert run("convert", path, tmp_path / "x.json").status == 0

    @pytest.mark.parametrize("version", ["1.1", "1.2", "1.3"])
    def test_minor_versions_differ_in_nothing_that_is_read(
        self, run: Callable[..., Any], source: Callable[..., Path], tmp_path: Path, version: str
    ) -> None:
        assert run("convert", source(har(entry(), version=version)), tmp_path / "x.json").status == 0


class TestSelection:
    """A browser's HAR holds images and scripts, and what other services were asked."""

    OTHERS = (
        entry("https://mesa.dev/", got="<html>", kind="text/html"),
        entry("https://mesa.dev/assets/app.js", got="let x", kind="text/javascript"),
        entry("https://mesa.dev/assets/logo.png", got="iVBORw==", kind="image/png", content={"encoding": "base64"}),
        entry("https://mesa.dev/manifest.json", got={}),
        entry("https://status.example/v2/summary", got={}),
        entry("https://depot.mesa.dev/health/live", got={}),
        entry("https://telemetry.example/acme/w/events", 202, {}, method="POST"),
        entry("https://github.com/acme/w/commits", got="<html>", kind="text/html"),
        entry(f"{API}/acme/w/unknown-thing", got={}),
        entry("https://cdn.example/a?key=AIzaSecret123", got={}),
    )

    def test_what_is_not_the_apis_is_left_out_and_counted(
        self, run: Callable[..., Any], source: Callable[..., Path], tmp_path: Path
    ) -> None:
        path = source(har(*self.OTHERS, entry(), entry(f"{API}/acme", got={}), *self.OTHERS))
        ran = run("convert", path, tmp_path / "x.json")
        assert ran.out == [f"{tmp_path / 'x.json'}: 2 interactions from {path}"]
        assert ran.err == [
            f"mesa_transports.recorded: {path}: left out 20 requests for no operation of the API (--all keeps them)"
        ]

    def test_all_keeps_everything(self, converted: Callable[..., list[Any]]) -> None:
        assert len(converted(*self.OTHERS, entry(), options=("--all",))) == len(self.OTHERS) + 1

    def test_a_page_of_an_error_below_the_base_is_the_apis(self, converted: Callable[..., list[Any]]) -> None:
        assert len(converted(entry(status=502, got="<h1>", kind="text/html"))) == 1

    def test_the_api_at_another_base_is_known_by_its_words(
        self, run: Callable[..., Any], source: Callable[..., Path], tmp_path: Path
    ) -> None:
        base = "http://127.0.0.1:8080/depot"
        path = source(har(*map(entry, [f"{base}/acme/repos?limit=2", f"{base}/acme/w", "https://mesa.dev/a/b"])))
        ran = run("convert", path, tmp_path / "x.json")
        assert ran.out == [f"{tmp_path / 'x.json'}: 2 interactions from {path}"]

    def test_where_no_server_tells_all_that_fit_are_kept(self, converted: Callable[..., list[Any]]) -> None:
        assert len(converted(entry("http://a.example/acme/w"), entry("http://b.example/acme"))) == 2

    def test_large_files_are_kept_where_an_answer_sent_the_client(
        self, run: Callable[..., Any], source: Callable[..., Path], tmp_path: Path
    ) -> None:
        url = "https://files.example/bucket/o?X-Signature=secret-1234567&size=2"
        objects = {"objects": [{"oid": "o", "size": 2, "exists": True, "download_url": url, "expires_in": 60}]}
        asked = posted(mimeType="application/json", text='{"objects": [{"oid": "o", "size": 2}]}')
        asked |= {"status": 200, "got": objects}
        download = entry(url, got="AP8=", kind="application/octet-stream", content={"encoding": "base64", "size": 2})
        other = entry(url.replace("bucket", "other"), got="AP8=", kind="application/octet-stream")
        broken = entry(f"{API}/acme/w/lfs/objects/download", got={"objects": 3}, method="POST")
        path = source(har(other, download, entry(f"{API}/acme/w/lfs/objects/download", **asked), broken))
        ran = run("convert", path, tmp_path / "x.json")
        assert ran.out == [f"{tmp_path / 'x.json'}: 3 interactions from {path}"]
        first = load(tmp_path / "x.json").interactions[0]
        assert first.response.body == BinaryBody(b"\x00\xff")
        assert "secret-1234567" not in (tmp_path / "x.json").read_text()

    @pytest.mark.parametrize(
        ("each", "reason"),
        [
            (entry(status=0, got=None), "without an answer"),
            (entry(status=0, got=None, response={"headers": [], "content": {}}), "without an answer"),
            (entry(status=302, got=None), "redirected or answered by a cache"),
            (entry(status=304), "redirected or answered by a cache"),
            (entry("data:text/plain,x"), "not over HTTP"),
            (entry("wss://depot.mesa.dev/api/v1/acme/repos", status=101), "not over HTTP"),
            (entry(got=None, content={"size": 9}), "saved without their content"),
            (entry(method="POST", request={"bodySize": 9}), "saved without their content"),
            (
                entry(method="POST", request={"bodySize": 9, "postData": {"mimeType": "x/y"}}),
                "saved without their content",
            ),
            (
                entry(
                    method="POST",
                    request={
                        "bodySize": 9,
                        "postData": {"mimeType": "multipart/form-data", "params": [{"name": "f", "fileName": "x"}]},
                    },
                ),
                "saved without their content",
            ),
        ],
    )
    def test_what_is_no_whole_exchange_is_left_out_and_told(
        self, run: Callable[..., Any], source: Callable[..., Path], tmp_path: Path, each: Any, reason: str
    ) -> None:
        path = source(har(each, entry(), each))
        for options in ([], ["--all", "--force"]):
            ran = run("convert", path, tmp_path / "x.json", *options)
            assert ran.out == [f"{tmp_path / 'x.json'}: 1 interaction from {path}"]
            assert ran.err == [f"mesa_transports.recorded: {path}: left out 2 requests {reason}"]

    @pytest.mark.parametrize("entries", [[], [entry(f"{API}/acme/w/unknown-thing", got={})]])
    def test_nothing_to_keep_is_an_error(
        self, run: Callable[..., Any], source: Callable[..., Path], tmp_path: Path, entries: list[Any]
    ) -> None:
        path = source(har(*entries))
        ran = run("convert", path, tmp_path / "x.json")
        assert ran.status == 1
        assert ran.err[-1].endswith(f"{path}: expected requests to the API with their answers, found none")
        assert not (tmp_path / "x.json").exists()


class TestBadInput:
    @pytest.mark.parametrize(
        ("document", "message"),
        [
            (b"", "$: expected JSON, or YAML in a file named .yaml or .yml: "),
            (json.dumps(har(entry())).encode()[:-5], "$: expected JSON, or YAML"),
            (b"\xff", "$: expected JSON, or YAML"),
            (b"[" * 100_000, "$: expected JSON, or YAML"),
            (b"[]", "$: expected a HAR (with "),
            (b'{"openapi": "3.1.0"}', "$: expected a HAR (with "),
            ({"log": []}, "log: expected an object, got an array"),
            (har(version="2.0"), "log.version: expected 1.2, got '2.0'"),
            ({"log": {"entries": []}}, "log.version: required, but missing"),
            (har(entry(), 3), "log.entries[1]: expected an object, got a number"),
            (
                har(entry(at="yesterday")),
                "log.entries[0].startedDateTime: expected an RFC 3339 date-time, got 'yesterday'",
            ),
            (har(entry(request={"method": None})), "log.entries[0].request.method: expected a string, got null"),
            (
                har(entry(request={"headers": [{"value": "x"}]})),
                "log.entries[0].request.headers[0].name: required, but",
            ),
            (har(entry(response={"status": "200"})), "log.entries[0].response.status: expected a whole number, got"),
            (har(entry(content={"encoding": "base64"})), "log.entries[0].response.content.text: "),
            (
                har(entry(content={"encoding": "gzip"})),
                "log.entries[0].response.content.text: expected the encoding base64 or none, got 'gzip'",
            ),
            (har(entry(got='"\ud800"')), "log.entries[0].response.content.text: "),
            (
                har(entry(), entry(**posted(mimeType="", text="!", encoding="base64"))),
                "log.entries[1].request.postData.text: ",
            ),
        ],
    )
    def test_is_told_with_its_place_and_nothing_is_written(
        self, run: Callable[..., Any], source: Callable[..., Path], tmp_path: Path, document: Any, message: str
    ) -> None:
        path = source(document)
        ran = run("convert", path, tmp_path / "x.json")
        assert (ran.status, ran.out) == (1, [])
        (line,) = ran.err
        assert line.startswith(f"mesa_transports.recorded: {path}: {message}")
        assert [each.name for each in tmp_path.iterdir()] == ["in"]

    @pytest.mark.parametrize(
        ("each", "place"),
        [
            (entry(f"{API}/acme/re pos"), "interactions[0].request.url: expected a URL"),
            (entry(f"{API}/acme/\ud800"), "interactions[0].request.url: expected a URL"),
            (
                entry(f"{API}/acme/repos", request={"method": "GE T"}),
                "interactions[0].request.method: expected a method",
            ),
            (entry(status=1000), "interactions[0].response.status: expected a status"),
        ],
    )
    def test_what_no_recording_can_hold_is_refused(
        self, run: Callable[..., Any], source: Callable[..., Path], tmp_path: Path, each: Any, place: str
    ) -> None:
        path = source(har(each))
        ran = run("convert", path, tmp_path / "x.json", "--all")
        assert (ran.status, ran.out) == (1, [])
        assert ran.err[0].startswith(f"mesa_transports.recorded: {path}: this makes no recording: {place}")
        assert [each.name for each in tmp_path.iterdir()] == ["in"]
