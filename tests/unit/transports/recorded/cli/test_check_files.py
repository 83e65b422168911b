"""`check`: which files are recordings, whether they can be read, and how old they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mesa_transports.recorded.commands import check as check_module

GET_ORG = ("GET", "/acme", 200)
ORG = {"created_at": "2026-01-01T00:00:00Z", "num_repos": 1}


class TestAge:
    NOW = datetime.now(UTC)

    @pytest.fixture
    def path(self, recording: Callable[..., Path], interaction: Callable[..., dict[str, Any]]) -> Path:
        ages = [None, timedelta(days=90, hours=1), timedelta(days=100, hours=1), timedelta(hours=13)]
        moments = [(self.NOW - age).isoformat() if age else None for age in ages]
        return recording(
            *(interaction(*GET_ORG, ORG, at=at) for at in moments),
            at=(self.NOW - timedelta(days=15)).isoformat(),
        )

    @pytest.mark.parametrize(
        ("age", "old", "oldest"),
        [
            ("100d", 1, "interactions[2], 100 days old"),
            ("91d", 1, "interactions[2], 100 days old"),
            ("90d", 2, "interactions[2], 100 days old"),
            ("90", 2, "interactions[2], 100 days old"),
            ("12w", 2, "interactions[2], 100 days old"),
            ("15d", 3, "interactions[2], 100 days old"),
            ("12h", 4, "interactions[2], 100 days old"),
            ("0", 4, "interactions[2], 100 days old"),
        ],
    )
    def test_older_interactions_are_told_once_a_file(
        self, run: Callable[..., Any], path: Path, age: str, old: int, oldest: str
    ) -> None:
        ran = run("check", path, "--max-age", age)
        assert ran.status == 1
        assert ran.out == [
            f"{path}: {old} of 4 interactions too old for --max-age: the oldest is {oldest}",
            "1 finding in 1 recording with 4 interactions",
        ]

    @pytest.mark.parametrize("arguments", [[], ["--max-age", "101d"], ["--max-age", "15w"], ["--max-age", "999999w"]])
    def test_younger_ones_are_not(self, run: Callable[..., Any], path: Path, arguments: list[str]) -> None:
        assert run("check", path, *arguments).status == 0

    def test_hours_are_told_as_hours(
        self, run: Callable[..., Any], recording: Callable[..., Path], interaction: Callable[..., dict[str, Any]]
    ) -> None:
        path = recording(interaction(*GET_ORG, ORG), at=(self.NOW - timedelta(hours=5, minutes=9)).isoformat())
        assert "the oldest is interactions[0], 5 hours old" in run("check", path, "--max-age", "1h").out[0]

    @pytest.mark.parametrize("age", ["", "d", "-1d", "1.5d", "3m", "1 d", "\u0661d", "9999999d"])
    def test_another_age_is_refused(self, run: Callable[..., Any], path: Path, age: str) -> None:
        ran = run("check", path, f"--max-age={age}")
        assert (ran.status, ran.out) == (2, [])
        assert ran.err[-1].endswith(
            f"argument --max-age: expected a number of hours, days or weeks, such as 12h, 90d or 4w, got {age!r}"
        )


class TestFiles:
    @pytest.fixture
    def stale(self, interaction: Callable[..., dict[str, Any]]) -> dict[str, Any]:
        return interaction(*GET_ORG, {**ORG, "stars": 1})

    def test_a_directory_is_searched_to_its_bottom(
        self, run: Callable[..., Any], recording: Callable[..., Path], stale: dict[str, Any], tmp_path: Path
    ) -> None:
        paths = [recording(stale, name=name) for name in ("b.json", "a/deep/c.json", "a/d.json")]
        recording(stale, name="e.har")
        ran = run("check", tmp_path, paths[0], tmp_path / "a")
        assert ran.status == 1
        assert [line.partition(": ")[0] for line in ran.out[:-1]] == sorted(map(str, paths))
        assert ran.out[-1] == "3 findings in 3 recordings with 3 interactions"

    def test_a_second_run_finds_the_same(
        self, run: Callable[..., Any], recording: Callable[..., Path], stale: dict[str, Any]
    ) -> None:
        path = recording(stale)
        before = path.read_bytes()
        assert run("check", path) == run("check", path)
        assert path.read_bytes() == before

    @pytest.mark.parametrize(
        "content",
        [
            b"{}",
            b"[]",
            b"[1",
            b"\xff\xfe",
            b'{"log": {}}',
            b'{"header": 3}',
            b'{"header": {"title": "x"}}',
            b'{"format_version": 1}',
            b"[" * 100_000,
        ],
    )
    def test_other_json_in_a_directory_is_passed_over(
        self,
        run: Callable[..., Any],
        recording: Callable[..., Path],
        interaction: Callable[..., dict[str, Any]],
        tmp_path: Path,
        content: bytes,
    ) -> None:
        recording(interaction(*GET_ORG, ORG))
        (tmp_path / "other.json").write_bytes(content)
        (tmp_path / "folder.json").mkdir()
        ran = run("check", tmp_path)
        assert (ran.status, ran.out) == (0, ["no findings in 1 recording with 1 interaction"])

    @pytest.mark.parametrize(
        ("damage", "place"),
        [
            (lambda text: text[:-9], "$: expected JSON"),
            (lambda text: "<<<<<<< ours\n" + text, "$: expected JSON"),
            (
                lambda text: text.replace('"status": 200', '"status": "200"'),
                "interactions[0].response.status: expected",
            ),
            (
                lambda text: text.replace('"format_version": 1', '"format_version": 99'),
                "header.format_version: expected",
            ),
        ],
    )
    def test_a_damaged_recording_is_found_by_name_and_in_a_directory(
        self,
        run: Callable[..., Any],
        recording: Callable[..., Path],
        stale: dict[str, Any],
        damage: Callable[[str], str],
        place: str,
    ) -> None:
        path = recording(stale)
        path.write_text(damage(path.read_text()))
        for given in (path, path.parent):
            ran = run("check", given)
            assert ran.status == 1
            assert len(ran.out) == 2
            assert ran.out[0].startswith(f"{path}: {place}")
            assert ran.out[1] == "1 finding in 1 recording with 0 interactions"

    def test_a_file_that_is_named_must_be_a_recording(self, run: Callable[..., Any], tmp_path: Path) -> None:
        path = tmp_path / "other.json"
        path.write_text("{}")
        ran = run("check", path)
        assert ran.status == 1
        assert ran.out[0].startswith(f"{path}: header.format_version: expected")

    def test_a_directory_without_recordings_is_a_finding(self, run: Callable[..., Any], tmp_path: Path) -> None:
        ran = run("check", tmp_path)
        assert (ran.status, ran.out[0]) == (1, f"{tmp_path}: no recording is here")

    def test_a_path_that_is_not_there_is_a_mistake_of_usage(self, run: Callable[..., Any], tmp_path: Path) -> None:
        ran = run("check", tmp_path / "missing")
        assert (ran.status, ran.out) == (2, [])
        assert ran.err[-1].endswith(f"argument PATH: there is no {str(tmp_path / 'missing')!r}")

    def test_a_missing_file_of_a_large_body_is_found(
        self, run: Callable[..., Any], recording: Callable[..., Path], interaction: Callable[..., dict[str, Any]]
    ) -> None:
        body = {"file": "0" * 64 + ".bin", "size": 70_000}
        kind = "application/octet-stream"
        path = recording(interaction("GET", "/acme/widget/content?path=a", 200, body, accept=kind, kind=kind))
        assert run("check", path).out[0].startswith(f"{path}: interactions[0].response.body: expected the file 000")

    def test_a_recording_that_cannot_be_read_is_found(
        self,
        run: Callable[..., Any],
        recording: Callable[..., Path],
        stale: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        path = recording(stale)

        def refuse(self: Path) -> bytes:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", refuse)
        ran = run("check", path.parent)
        assert (ran.status, ran.out[0]) == (1, f"{path}: expected a readable file: Permission denied")

    def test_a_recording_that_goes_meanwhile_is_found(
        self,
        run: Callable[..., Any],
        recording: Callable[..., Path],
        stale: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        path = recording(stale)

        def load(path: Path) -> None:
            raise FileNotFoundError(2, "No such file or directory", str(path))

        monkeypatch.setattr(check_module, "load_ours", load)
        ran = run("check", path)
        assert (ran.status, ran.out[0]) == (1, f"{path}: the file is gone")

    def test_what_is_found_cannot_move_the_terminals_cursor(
        self, run: Callable[..., Any], recording: Callable[..., Path], interaction: Callable[..., dict[str, Any]]
    ) -> None:
        path = recording(interaction(*GET_ORG, {**ORG, "\x1b[2J": 1}))
        assert "\x1b" not in "".join(run("check", path).out)
