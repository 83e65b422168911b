"""Files that would break `convert`, or keep it busy for ever: each is read, or refused in a line, and soon."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesa_transports.recorded.format import load

BEFORE_ALL = "0001-01-01T00:00:00+14:00"
AFTER_ALL = "9999-12-31T23:59:59-14:00"
SAY = "expected a date-time of the years 1 to 9999 in UTC, got "


@pytest.fixture
def refused(run: Callable[..., Any], tmp_path: Path) -> Callable[..., str]:
    """Convert a file, which is refused; return why."""

    def convert(content: str, name: str, command: str = "convert") -> str:
        source = tmp_path / name
        source.write_text(content)
        ran = run(command, source, *([tmp_path / "y.json", "--all"] if command == "convert" else []))
        assert ran.status == 1
        assert not (tmp_path / "y.json").exists()
        return str((ran.err or ran.out)[0])

    return convert


def har(at: str) -> str:
    request = {"method": "GET", "url": "https://h/api/v1/o/repos", "headers": []}
    response = {"status": 204, "headers": [], "content": {"size": 0}}
    entry = {"startedDateTime": at, "request": request, "response": response}
    return json.dumps({"log": {"version": "1.2", "entries": [entry]}})


def cassette(body: str, *, before: str = "", date: str = "") -> str:
    """A cassette as YAML, with a request's body, and what its aliases stand for."""
    return f"""{before}
version: 1
interactions:
- request: {{method: POST, uri: 'https://h/api/v1/o/repos', body: {body}}}
  response: {{status: {{code: 200}}, headers: {{Date: ['{date}']}}, body: {{string: '{{}}'}}}}
"""


class TestMoments:
    @pytest.mark.parametrize("at", [BEFORE_ALL, AFTER_ALL])
    def test_of_a_har(self, refused: Callable[..., str], at: str) -> None:
        assert refused(har(at), "x.har").endswith(f"x.har: log.entries[0].startedDateTime: {SAY}{at!r}")

    @pytest.mark.parametrize("at", [BEFORE_ALL, AFTER_ALL])
    @pytest.mark.parametrize("command", ["convert", "show", "check"])
    def test_of_a_recording(
        self, refused: Callable[..., str], interaction: Callable[..., dict[str, Any]], at: str, command: str
    ) -> None:
        header = {
            "format_version": 1,
            "sdk_version": "0.1.0",
            "contract_version": "1",
            "recorded_at": "2026-01-01T00:00Z",
        }
        whole = {"header": header, "interactions": [interaction("GET", "/o", 204, at=at)]}
        message = refused(json.dumps(whole), "in.json", command)
        assert message.endswith(f"in.json: interactions[0].recorded_at: {SAY}{at!r}")
        whole = {"header": {**header, "recorded_at": at}, "interactions": []}
        message = refused(json.dumps(whole), "in.json", command)
        assert message.endswith(f"in.json: header.recorded_at: {SAY}{at!r}")

    @pytest.mark.parametrize(
        "date",
        [
            "Fri, 31 Dec 9999 23:59:59 -1400",
            "Mon, 01 Jan 99999999999999999999 00:00:00 +1400",
            "Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
        ],
    )
    def test_of_a_cassette_are_not_believed(self, run: Callable[..., Any], tmp_path: Path, date: str) -> None:
        source = tmp_path / "x.yaml"
        source.write_text(cassette("a", date=date))
        os.utime(source, (1_000_000_000, 1_000_000_000))
        assert run("convert", source, tmp_path / "y.json", "--all").status == 0
        assert load(tmp_path / "y.json").header.recorded_at.year in {2001, 2002}


def doubled(times: int, first: str, each: str) -> str:
    """Aliases of aliases: nine times as much with each line."""
    lines = [f"a0: &a0 {first}", *(f"a{n}: &a{n} {each.replace('*', f'*a{n - 1}')}" for n in range(1, times + 1))]
    return "\n".join(lines)


LISTS = "[" + ", ".join("*" * 9) + "]"
MEMBERS = "{" + ", ".join(f"m{n}: *" for n in range(9)) + "}"


class TestAliases:
    @pytest.mark.parametrize(
        ("before", "what"),
        [
            (doubled(9, "[x]", LISTS), "$: expected YAML whose aliases do not repeat the same again and again"),
            (doubled(200, "[x]", LISTS), "$: expected YAML whose aliases do not repeat the same again and again"),
            (doubled(9, "{a: x}", MEMBERS), "$: expected YAML whose aliases do not repeat the same again and again"),
            (doubled(3, f"['{'x' * 100_000}']", LISTS), "$: expected YAML whose aliases do not repeat the same again"),
        ],
        ids=["lists", "many lists", "mappings", "long texts"],
    )
    def test_that_make_much_of_little_are_refused(self, refused: Callable[..., str], before: str, what: str) -> None:
        last = before.rpartition(": &")[2].partition(" ")[0]
        assert refused(cassette(f"*{last}", before=before), "x.yaml").partition("x.yaml: ")[2].startswith(what)

    def test_that_make_many_members_of_one_are_none_in_the_end(self, run: Callable[..., Any], tmp_path: Path) -> None:
        (tmp_path / "x.yaml").write_text(cassette("*a9", before=doubled(9, "{a: x}", f"{{<<: {LISTS}}}")))
        ran = run("convert", tmp_path / "x.yaml", tmp_path / "y.json", "--all")
        if ran.status:  # there are releases of PyYAML that merge what they have merged already
            assert "expected YAML: expected fewer members from others" in ran.err[0]
        else:
            assert load(tmp_path / "y.json").interactions[0].request.body.json == {"a": "x"}

    def test_that_make_too_many_members_are_refused(self, refused: Callable[..., str]) -> None:
        before = f"x: &a {{{', '.join(f'm{number}: 1' for number in range(10_001))}}}"
        assert "expected YAML: expected fewer members from others" in refused(
            cassette("{<<: *a, b: 1}", before=before), "x.yaml"
        )

    def test_one_within_itself_is_refused(self, refused: Callable[..., str]) -> None:
        assert "interactions[0].request.body: " in refused(cassette("&r {a: *r, b: [*r]}"), "x.yaml")

    def test_those_that_vcr_writes_are_read(self, run: Callable[..., Any], tmp_path: Path) -> None:
        body = {f"member{number}": [number, {"a": "x" * 50}] for number in range(500)}
        headers = {"Accept": ["application/json"]}
        request = {"method": "POST", "uri": "https://h/api/v1/o/repos", "body": body, "headers": headers}
        answer = {"status": {"code": 200}, "headers": headers, "body": {"string": "{}"}}
        document = {"version": 1, "interactions": [{"request": {**request}, "response": answer} for _ in range(90)]}
        (tmp_path / "x.yaml").write_text(yaml.dump(document))
        assert (tmp_path / "x.yaml").read_text().count("*id") > 200
        assert run("convert", tmp_path / "x.yaml", tmp_path / "y.json", "--all").status == 0
        assert [each.request.body.json for each in load(tmp_path / "y.json").interactions] == [body] * 90

    @pytest.mark.parametrize("body", ["{<<: [*a, *b], d: 4}", "{<<: *a, c: 3, d: 4}"])
    def test_members_of_others_are_read(self, run: Callable[..., Any], tmp_path: Path, body: str) -> None:
        before = "x: &a {a: 1, b: 2}\ny: &b {<<: *a, c: 3}"
        (tmp_path / "x.yaml").write_text(cassette(body, before=before))
        assert run("convert", tmp_path / "x.yaml", tmp_path / "y.json", "--all").status == 0
        assert load(tmp_path / "y.json").interactions[0].request.body.json == {"a": 1, "b": 2, "c": 3, "d": 4}


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            "!!python/object/new:_io.BytesIO {state: [3000000000]}",
            "!!python/object/new:_io.BytesIO {state: [[1, 2]]}",
            "!!python/object/apply:builtins.iter {args: [[3000000000]]}",
            "!!python/object/apply:builtins.iter {args: [3000000000]}",
            "!!python/object/apply:builtins.iter {args: [[[3000000000]]]}",
        ],
    )
    def test_numbers_are_none(self, refused: Callable[..., str], body: str) -> None:
        assert ".yaml: $: expected YAML: " in refused(cassette(body), "x.yaml")

    @pytest.mark.parametrize("held", ["!!binary e30=", "'{}'", "['{', !!binary fQ==]"])
    def test_what_an_iterator_gives_is_joined(self, run: Callable[..., Any], tmp_path: Path, held: str) -> None:
        body = f"!!python/object/apply:builtins.iter {{args: [{held}]}}"
        (tmp_path / "x.yaml").write_text(cassette(body))
        assert run("convert", tmp_path / "x.yaml", tmp_path / "y.json", "--all").status == 0
        assert load(tmp_path / "y.json").interactions[0].request.message().content == b"{}"
