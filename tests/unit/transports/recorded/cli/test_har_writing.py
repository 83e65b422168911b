"""`convert` to HAR 1.2: what we write is as the format says, and loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
import pytest
from jsonschema import Draft202012Validator

from mesa_transports.recorded.bodies import BinaryBody, FileBody
from mesa_transports.recorded.format import load
from mesa_transports.recorded.interactions import Interaction

NAMED = {
    "type": "object",
    "required": ["name", "value"],
    "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
}
NAMES = {"type": "array", "items": NAMED}
SIZES = {"headersSize": {"type": "integer", "minimum": -1}, "bodySize": {"type": "integer", "minimum": -1}}


def closed(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the schema of an object that may have custom fields, which begin with an underscore, and no others."""
    return {
        "type": "object",
        "required": [*required],
        "properties": {**required, **(optional or {})},
        "patternProperties": {"^_": True},
        "additionalProperties": False,
    }


HAR_12 = closed(
    {
        "log": closed(
            {
                "version": {"const": "1.2"},
                "creator": closed({"name": {"type": "string"}, "version": {"type": "string"}}),
                "entries": {
                    "type": "array",
                    "items": closed(
                        {
                            "startedDateTime": {
                                "type": "string",
                                "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
                            },
                            "time": {"type": "number", "minimum": 0},
                            "request": closed(
                                {
                                    "method": {"type": "string"},
                                    "url": {"type": "string", "pattern": "^https?://"},
                                    "httpVersion": {"type": "string"},
                                    "cookies": NAMES,
                                    "headers": NAMES,
                                    "queryString": NAMES,
                                    **SIZES,
                                },
                                {
                                    "postData": closed(
                                        {"mimeType": {"type": "string"}, "params": NAMES, "text": {"type": "string"}}
                                    )
                                },
                            ),
                            "response": closed(
                                {
                                    "status": {"type": "integer"},
                                    "statusText": {"type": "string"},
                                    "httpVersion": {"type": "string"},
                                    "cookies": NAMES,
                                    "headers": NAMES,
                                    "content": closed(
                                        {"size": {"type": "integer", "minimum": 0}, "mimeType": {"type": "string"}},
                                        {"text": {"type": "string"}, "encoding": {"const": "base64"}},
                                    ),
                                    "redirectURL": {"type": "string"},
                                    **SIZES,
                                }
                            ),
                            "cache": closed({}),
                            "timings": closed(
                                {each: {"type": "number", "minimum": 0} for each in ("send", "wait", "receive")}
                            ),
                        }
                    ),
                },
            }
        )
    }
)


class TestWriting:
    """And back: nothing that a recording holds is lost on the way."""

    LARGE = bytes(range(256)) * 300
    BYTES = "application/octet-stream"

    @pytest.fixture
    def ours(self, recording: Callable[..., Path], interaction: Callable[..., dict[str, Any]]) -> Path:
        oid = sha256(self.LARGE).hexdigest()
        large = {"file": f"{oid}.bin", "size": len(self.LARGE)}
        signed = "https://files.example/o?size=REDACTED_SIZE&signature=REDACTED_SIGNATURE_7"
        binary = {"accept": self.BYTES, "kind": self.BYTES}
        page = {"repos": [], "next_cursor": None, "has_more": False}
        listed = interaction("GET", "/acme/repos?limit=2&cursor=a%2Fb&cursor=", 200, page)
        listed["response"]["headers"] |= {"Vary": ["Accept", "Origin"], "X-Request-Id": "r"}
        bare = interaction("GET", "/acme", 200, {"text": "no type"})
        bare["response"]["headers"] = {}
        path = recording(
            listed,
            interaction("POST", "/acme/repos", 201, {"name": "grün"}, sent={"name": "grün"}),
            interaction(
                "GET", "/acme/w/content?path=a", 200, {"base64": "AP8="}, **binary, at="2026-01-03T00:00:00.123456Z"
            ),
            interaction("GET", "/acme/w/content?path=b", 200, large, **binary),
            interaction("GET", "/acme/w/content?path=c", 200, {"text": "zeile\r\n€\u2028"}, **binary),
            interaction("PUT", "", 200, sent={"base64": "AP8="}, url=signed),
            interaction("GET", "/acme/w", 599, {"text": "<h1>"}, kind="text/html"),
            interaction("DELETE", "/acme/w/branches/b", 204),
            interaction("GET", "/acme/w/tags", 200, [1.5, None, "REDACTED_1"], accept="text/x, */*"),
            bare,
            at="2026-01-02T03:04:05Z",
        )
        path.with_suffix(".files").mkdir()
        (path.with_suffix(".files") / f"{oid}.bin").write_bytes(self.LARGE)
        return path

    def test_is_valid_har_1_2(self, run: Callable[..., Any], ours: Path, tmp_path: Path) -> None:
        ran = run("convert", ours, tmp_path / "x.har")
        assert (ran.status, ran.err) == (0, [])
        assert ran.out == [f"{tmp_path / 'x.har'}: 10 interactions from {ours}"]
        Draft202012Validator.check_schema(HAR_12)
        Draft202012Validator(HAR_12).validate(json.loads((tmp_path / "x.har").read_text(encoding="utf-8")))

    def test_an_entry_says_what_was_recorded(self, run: Callable[..., Any], ours: Path, tmp_path: Path) -> None:
        run("convert", ours, tmp_path / "x.har")
        log = json.loads((tmp_path / "x.har").read_text(encoding="utf-8"))["log"]
        assert log["creator"]["name"] == "mesa-sdk"
        listed, created, raw = log["entries"][:3]
        assert listed["startedDateTime"] == "2026-01-02T03:04:05Z"
        assert listed["request"]["queryString"] == [
            {"name": "limit", "value": "2"},
            {"name": "cursor", "value": "a/b"},
            {"name": "cursor", "value": ""},
        ]
        assert "postData" not in listed["request"]
        assert {"name": "Vary", "value": "Origin"} in listed["response"]["headers"]
        assert json.loads(created["request"]["postData"]["text"]) == {"name": "grün"}
        assert created["request"]["postData"]["mimeType"] == "application/json"
        assert created["request"]["bodySize"] == len('{"name":"grün"}'.encode())
        assert (created["response"]["status"], created["response"]["statusText"]) == (201, "Created")
        assert raw["response"]["content"] == {"size": 2, "mimeType": self.BYTES, "text": "AP8=", "encoding": "base64"}
        assert log["entries"][6]["response"]["statusText"] == ""

    def test_there_and_back_the_interactions_are_the_same(
        self, run: Callable[..., Any], ours: Path, tmp_path: Path
    ) -> None:
        def plain(each: Interaction, begun: datetime) -> Interaction:
            """Compare moments as moments, and bytes wherever they are kept."""
            body = each.response.body
            if isinstance(body, FileBody):
                each = attrs.evolve(each, response=attrs.evolve(each.response, body=BinaryBody(body.content())))
            return attrs.evolve(each, recorded_at=each.recorded_at or begun)

        assert run("convert", ours, tmp_path / "x.har").status == 0
        back = tmp_path / "back" / "y.json"
        assert run("convert", tmp_path / "x.har", back, "--all").status == 0
        before, after = load(ours), load(back)
        assert [plain(each, after.header.recorded_at) for each in after.interactions] == [
            plain(each, before.header.recorded_at) for each in before.interactions
        ]
        assert [each.name for each in (back.parent / "y.files").iterdir()] == [sha256(self.LARGE).hexdigest() + ".bin"]

    def test_secrets_that_somebody_put_into_a_recording_do_not_leave_it(
        self,
        run: Callable[..., Any],
        recording: Callable[..., Path],
        interaction: Callable[..., dict[str, Any]],
        tmp_path: Path,
    ) -> None:
        each = interaction(
            "GET", "/acme/repos?token=secret-aaaa-1", 200, {"note": "by secret-bbbb-2", "key": "secret-cccc-3"}
        )
        each["request"]["headers"]["Authorization"] = "Bearer secret-bbbb-2"
        each["response"]["headers"]["Set-Cookie"] = "secret-dddd-4"
        assert run("convert", recording(each), tmp_path / "x.har").status == 0
        written = (tmp_path / "x.har").read_text()
        assert "secret-" not in written
        assert "REDACTED_" in written

    def test_placeholders_that_are_taken_are_given_to_no_other_secret(
        self,
        run: Callable[..., Any],
        recording: Callable[..., Path],
        interaction: Callable[..., dict[str, Any]],
        tmp_path: Path,
    ) -> None:
        got = {"key": "REDACTED_KEY_1", "token": "fresh-secret"}
        assert run("convert", recording(interaction("GET", "/acme", 200, got)), tmp_path / "y.json").status == 0
        (each,) = json.loads((tmp_path / "y.json").read_text())["interactions"]
        assert each["response"]["body"]["json"] == {"key": "REDACTED_KEY_1", "token": "REDACTED_TOKEN_2"}

    def test_a_header_may_hold_what_is_no_text(
        self,
        run: Callable[..., Any],
        recording: Callable[..., Path],
        interaction: Callable[..., dict[str, Any]],
        tmp_path: Path,
    ) -> None:
        each = interaction("GET", "/acme", 200, {})
        each["response"]["headers"]["ETag"] = "\udcff"
        assert run("convert", recording(each), tmp_path / "x.har").status == 0
        assert run("convert", tmp_path / "x.har", tmp_path / "y.json").status == 0
        assert load(tmp_path / "y.json").interactions[0].response.headers["ETag"] == "\udcff"

    def test_an_empty_recording_is_an_empty_har(
        self, run: Callable[..., Any], recording: Callable[..., Path], tmp_path: Path
    ) -> None:
        assert run("convert", recording(), tmp_path / "x.har").status == 0
        document = json.loads((tmp_path / "x.har").read_text())
        Draft202012Validator(HAR_12).validate(document)
        assert document["log"]["entries"] == []

    def test_a_moment_is_what_it_was(self, run: Callable[..., Any], ours: Path, tmp_path: Path) -> None:
        run("convert", ours, tmp_path / "x.har")
        entries = json.loads((tmp_path / "x.har").read_text())["log"]["entries"]
        assert datetime.fromisoformat(entries[2]["startedDateTime"]) - datetime(2026, 1, 3, tzinfo=UTC) == timedelta(
            microseconds=123_456
        )
