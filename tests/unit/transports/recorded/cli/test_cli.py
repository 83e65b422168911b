"""The command line: what it takes, how it ends, and that `convert` writes a whole file or none."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mesa_transports.recorded import files
from mesa_transports.recorded.format import load

FOREIGN = Path(__file__).with_name("foreign")
LARGE = bytes(range(256)) * 300


@pytest.fixture
def ours(recording: Callable[..., Path], interaction: Callable[..., dict[str, Any]]) -> Path:
    return recording(interaction("GET", "/acme", 200, {"created_at": "2026-01-01T00:00:00Z", "num_repos": 0}))


class TestUsage:
    def test_as_a_module(self, ours: Path) -> None:
        command = [sys.executable, "-m", "mesa_transports.recorded"]
        helped = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
        assert helped.startswith("usage: python -m mesa_transports.recorded [-h] COMMAND ...")
        assert all(each in helped for each in ("check", "show", "convert"))
        done = subprocess.run([*command, "check", ours], capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("no findings in 1 recording with 1 interaction\n", "")

    @pytest.mark.parametrize(
        ("command", "words"),
        [
            ("check", ["PATH", "--max-age AGE", "Exits with 1"]),
            ("show", ["FILE", "table"]),
            ("convert", ["SOURCE", "DEST", "--all", "--force", "--redact PATTERN", "HAR 1.2", "VCR.py"]),
        ],
    )
    def test_each_command_explains_itself(self, run: Callable[..., Any], command: str, words: list[str]) -> None:
        ran = run(command, "--help")
        assert ran.status == 0
        assert all(word in " ".join(ran.out) for word in words)

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["frobnicate"],
            ["check"],
            ["show"],
            ["convert", __file__],
            ["convert", "missing.har", "x.json"],
            ["convert", str(FOREIGN), "x.json"],
            ["convert", __file__, "x.yaml"],
            ["convert", __file__, "x"],
            ["convert", __file__, "x.json", "--redact", "("],
            ["convert", __file__, "x.json", "--redact"],
        ],
    )
    def test_another_use_ends_with_2(
        self, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        ran = run(*arguments)
        assert (ran.status, ran.out) == (2, [])
        assert ran.err[0].startswith("usage: python -m mesa_transports.recorded")
        assert not list(tmp_path.iterdir())

    def test_the_name_to_write_says_what_is_written(self, run: Callable[..., Any], ours: Path, tmp_path: Path) -> None:
        ran = run("convert", ours, tmp_path / "x.xml")
        assert f"expected a name that ends in .json or .har, got {str(tmp_path / 'x.xml')!r}" in ran.err[-1]


class TestDest:
    SOURCE = FOREIGN / "requests.json"

    @pytest.mark.parametrize("name", ["y.json", "y.har"])
    def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(
        self, run: Callable[..., Any], tmp_path: Path, name: str
    ) -> None:
        dest = tmp_path / name
        dest.write_text("precious")
        ran = run("convert", self.SOURCE, dest)
        assert (ran.status, ran.out) == (1, [])
        assert ran.err == [f"mesa_transports.recorded: {dest}: there is a file already; --force replaces it"]
        assert dest.read_text() == "precious"
        assert run("convert", self.SOURCE, dest, "--force").status == 0
        assert json.loads(dest.read_text())
        assert [each.name for each in tmp_path.iterdir()] == [name]

    def test_its_folder_is_made(self, run: Callable[..., Any], tmp_path: Path) -> None:
        assert run("convert", self.SOURCE, tmp_path / "a" / "b" / "y.json").status == 0

    def test_a_folder_that_cannot_be_is_told(self, run: Callable[..., Any], tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        ran = run("convert", self.SOURCE, tmp_path / "file" / "y.json")
        assert ran.status == 1
        assert ran.err == [f"mesa_transports.recorded: {tmp_path / 'file'}: File exists"]

    @pytest.mark.parametrize("name", ["y.json", "y.har"])
    def test_a_failure_on_the_way_leaves_what_was_there(
        self, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        dest = tmp_path / name
        run("convert", self.SOURCE, dest)
        before = dest.read_bytes()

        def fail(handle: int) -> None:
            raise OSError(28, "No space left on device", str(dest))

        monkeypatch.setattr(files.os, "fsync", fail)
        ran = run("convert", FOREIGN / "requests.yaml", dest, "--force")
        assert (ran.status, ran.err) == (1, [f"mesa_transports.recorded: {dest}: No space left on device"])
        assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [(name, before)]

    def test_a_large_body_is_a_file_of_its_own_and_goes_with_the_recording(
        self, run: Callable[..., Any], tmp_path: Path
    ) -> None:
        import yaml

        got = {
            "request": {"method": "GET", "uri": "https://x.example/api/v1/acme/w/content?path=a", "headers": {}},
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"Content-Type": ["application/octet-stream"]},
                "body": {"string": LARGE},
            },
        }
        source, dest = tmp_path / "in.yml", tmp_path / "y.json"
        source.write_text(yaml.dump({"interactions": [got], "version": 1}))
        assert run("convert", source, dest).status == 0
        (interaction,) = load(dest).interactions
        assert interaction.response.message().content == LARGE
        assert [each.stat().st_size for each in (tmp_path / "y.files").iterdir()] == [len(LARGE)]
        assert run("convert", self.SOURCE, dest, "--force").status == 0
        assert not (tmp_path / "y.files").exists()

    @pytest.mark.parametrize("there", ["{}", None])
    def test_a_link_leads_to_what_is_written_large_bodies_too(
        self,
        run: Callable[..., Any],
        recording: Callable[..., Path],
        interaction: Callable[..., dict[str, Any]],
        tmp_path: Path,
        there: str | None,
    ) -> None:
        large = {"base64": base64.b64encode(LARGE).decode()}
        source = recording(interaction("GET", "/acme/w/content?path=a", 200, large, kind="application/octet-stream"))
        real, link = tmp_path / "real" / "z.json", tmp_path / "links" / "y.json"
        real.parent.mkdir()
        link.parent.mkdir()
        link.symlink_to(Path("..", "real", "z.json"))
        if there:
            real.write_text(there)
        assert run("convert", source, link, "--force").status == 0
        assert sorted(each.name for each in real.parent.iterdir()) == ["z.files", "z.json"]
        assert [each.name for each in link.parent.iterdir()] == ["y.json"]
        for path in (link, real):
            assert run("show", path).status == 0
            assert load(path).interactions[0].response.message().content == LARGE

    def test_a_damaged_recording_is_told_as_anywhere(self, run: Callable[..., Any], tmp_path: Path) -> None:
        source = tmp_path / "in.json"
        source.write_text('{"header": {"format_version": 1}, "interactions": [{}]}')
        ran = run("convert", source, tmp_path / "y.har")
        assert ran.status == 1
        assert ran.err[0].startswith(f"mesa_transports.recorded: {source}: header.")
        assert not (tmp_path / "y.har").exists()

    def test_a_source_that_cannot_be_read_is_told(
        self, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(self: Path) -> bytes:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", refuse)
        ran = run("convert", self.SOURCE, tmp_path / "y.json")
        message = f"mesa_transports.recorded: {self.SOURCE}: expected a readable file: Permission denied"
        assert (ran.status, ran.err) == (1, [message])

    def test_a_recording_can_be_written_over_itself(self, run: Callable[..., Any], ours: Path) -> None:
        before = load(ours).interactions
        assert run("convert", ours, ours, "--force").status == 0
        assert load(ours).interactions == before


class TestRedact:
    @pytest.mark.parametrize("ending", ["json", "har"])
    def test_what_patterns_find_is_taken_out(
        self,
        run: Callable[..., Any],
        recording: Callable[..., Path],
        interaction: Callable[..., dict[str, Any]],
        tmp_path: Path,
        ending: str,
    ) -> None:
        got = {"created_at": "2026-01-01T00:00:00Z", "num_repos": 0, "note": "Falcon 4000123412341234 and 17"}
        source, dest = recording(interaction("GET", "/acme", 200, got)), tmp_path / f"y.{ending}"
        assert run("convert", source, dest, "--redact", "Falcon", "--redact", r"\b\d{16}\b").status == 0
        text = dest.read_text()
        assert "Falcon" not in text
        assert "4000123412341234" not in text
        assert "REDACTED_TEXT_1 REDACTED_TEXT_2 and 17" in text

    def test_a_pattern_that_is_none_is_told(self, run: Callable[..., Any], ours: Path, tmp_path: Path) -> None:
        ran = run("convert", ours, tmp_path / "y.json", "--redact", "(")
        assert "argument --redact: expected a regular expression, got '('" in ran.err[-1]


class TestFilesOfOthers:
    """`show` and `check` take recordings alone, and say of what `convert` reads that it does."""

    @pytest.fixture
    def here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(tmp_path)
        return tmp_path

    @pytest.mark.parametrize(
        ("name", "kind", "dest"),
        [
            ("mitmproxy.har", "HAR", "mitmproxy.json"),
            ("requests.json", "a cassette of VCR.py", "requests-recording.json"),
            ("httpx.yaml", "a cassette of VCR.py", "httpx.json"),
        ],
    )
    def test_are_told_by_name(self, run: Callable[..., Any], here: Path, name: str, kind: str, dest: str) -> None:
        (here / "a b").mkdir()
        source = Path("a b", name)
        source.write_bytes((FOREIGN / name).read_bytes())
        said = f"{source}: this is {kind}; convert it first: "
        command = f"python -m mesa_transports.recorded convert 'a b/{name}' 'a b/{dest}'"
        shown, checked = run("show", source), run("check", source)
        assert (shown.status, shown.out, shown.err) == (1, [], [f"mesa_transports.recorded: {said}{command}"])
        assert (checked.status, checked.out[0]) == (1, f"{said}{command}")
        assert run("convert", source, Path("a b", dest)).status == 0
        assert run("show", Path("a b", dest)).status == 0

    @pytest.mark.parametrize("content", ['{"entries": []}', "[]", "no JSON", '{"header": {}, "interactions": []}'])
    def test_what_is_nobodys_is_told_as_it_was(self, run: Callable[..., Any], tmp_path: Path, content: str) -> None:
        path = tmp_path / "x.json"
        path.write_text(content)
        assert "convert" not in "".join(run("show", path).err)
