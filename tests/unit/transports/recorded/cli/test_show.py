"""`show`: a recording as a table."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

LARGE = bytes(range(256)) * 300
OID = sha256(LARGE).hexdigest()
LONG = "/acme/widget/content?path=" + "deep/" * 60 + "x"


@pytest.fixture
def path(recording: Callable[..., Path], interaction: Callable[..., dict[str, Any]]) -> Path:
    file = {"file": f"{OID}.bin", "size": len(LARGE)}
    signed = "https://files.example/o?size=1&signature=REDACTED_SIGNATURE_1"
    path = recording(
        interaction("GET", "/acme/repos?limit=2", 200, {"a": "ü"}),
        interaction("DELETE", "/acme/widget", 404, {"text": "grün"}, kind="text/plain"),
        interaction("GET", LONG, 200, file, accept="application/octet-stream", kind="application/octet-stream"),
        interaction("PUT", "", 200, sent={"base64": "AAH/"}, url=signed),
        interaction("GET", "/acme/widget/tags?token=secret", 200, {"base64": "AAH/"}),
        at="2026-01-02T03:04:05.678Z",
    )
    folder = path.with_name("x.files")
    folder.mkdir()
    (folder / f"{OID}.bin").write_bytes(LARGE)
    return path


def test_a_line_an_interaction_in_columns_and_the_path_whole(run: Callable[..., Any], path: Path) -> None:
    ran = run("show", path)
    assert (ran.status, ran.err) == (0, [])
    assert ran.out == [
        f"{path}: format 1, mesa-sdk 0.1.0, contract 1, recorded 2026-01-02 03:04:05+00:00, 5 interactions",
        "#  method  status  body    bytes  operation     path",
        "0  GET     200     json       10  repos.list    /api/v1/acme/repos?limit=2",
        "1  DELETE  404     text        5  repos.delete  /api/v1/acme/widget",
        f"2  GET     200     file    76800  content.read  /api/v1{LONG}",
        "3  PUT     200     none        0  signed URL    /o?size=***&signature=***",
        "4  GET     200     binary      3  -             /api/v1/acme/widget/tags?token=***",
    ]


def test_a_recording_of_nothing_is_headings(run: Callable[..., Any], recording: Callable[..., Path]) -> None:
    ran = run("show", recording())
    assert ran.out[0].endswith(", 0 interactions")
    assert ran.out[1:] == ["#  method  status  body  bytes  operation  path"]


@pytest.mark.parametrize("content", ["", "{}", '{"header": {"format_version": 2}, "interactions": []}'])
def test_a_damaged_one_is_told_and_nothing_is_shown(run: Callable[..., Any], tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    ran = run("show", path)
    assert (ran.status, ran.out) == (1, [])
    (line,) = ran.err
    assert line.startswith(f"mesa_transports.recorded: {path}: ")
    assert "expected" in line


def test_only_a_file_can_be_shown(run: Callable[..., Any], tmp_path: Path) -> None:
    for path, what in ((tmp_path, "expected a file, got the directory"), (tmp_path / "no", "there is no")):
        ran = run("show", path)
        assert ran.status == 2
        assert what in ran.err[-1]


def test_control_characters_are_shown_as_escapes(
    run: Callable[..., Any], recording: Callable[..., Path], interaction: Callable[..., dict[str, Any]]
) -> None:
    ran = run("show", recording(interaction("GET", "/acme/\x1b]0;x\x07\ud800", 200)))
    assert all(line.isprintable() for line in [*ran.out, *ran.err])


def test_a_terminal_without_the_character_and_a_reader_that_stops(path: Path) -> None:
    command = [sys.executable, "-m", "mesa_transports.recorded", "show"]
    renamed = path.rename(path.with_name("grün.json"))
    path.with_name("x.files").rename(path.with_name("grün.files"))
    done = subprocess.run(
        [*command, renamed], capture_output=True, text=True, env={"PYTHONIOENCODING": "ascii"}, check=True
    )
    assert "gr\\xfcn.json: format 1" in done.stdout
    with subprocess.Popen([*command, renamed], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
