"""What the benchmarks tell: a ratio of rounds, a budget in time and in instructions, a table and data to draw."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pytest


def rows(ours: list[float], theirs: list[float], instructions: tuple[float | None, float | None], **figure: Any) -> Any:
    """Return the lines of a figure that was measured so, with a budget of 1.1."""
    declared, measure, report = import_module("declared"), import_module("measure"), import_module("report")
    subject, other = declared.Subject("ours", "ours", "ours.get"), declared.Subject("raw", "httpx", "raw.httpx_get")
    made = declared.Figure(name="f", title="A figure", ours=subject, peers=(declared.Peer(other, 1.1),), **figure)
    measured = {
        subject: measure.Measured(ours, instructions[0]),
        other: measure.Measured(theirs, instructions[1]),
    }
    return list(report.rows_of(made, measured))


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    (row,) = rows([1.0, 30.0, 3.0], [1.0, 10.0, 6.0], (None, None))  # each round: 1.0, 3.0 and 0.5
    assert (row.ours, row.theirs, row.ratio) == (3.0, 6.0, 1.0)


@pytest.mark.parametrize(
    ("seconds", "instructions", "verdict"),
    [
        (1.1, (11.0, 10.0), "yes"),
        (1.2, (10.0, 10.0), "**no** (time)"),
        (1.0, (12.0, 10.0), "**no** (instructions)"),
        (1.2, (12.0, 10.0), "**no** (time, instructions)"),
        (1.0, (12.0, None), "yes"),
    ],
)
def test_a_budget_holds_in_time_and_in_instructions(
    seconds: float, instructions: tuple[float, float | None], verdict: str
) -> None:
    (row,) = rows([seconds], [1.0], instructions)
    assert row.verdict == verdict
    assert row.cells()[-2:] == ("≤ 1.1", verdict)


def test_a_budget_in_seconds_has_a_line_of_its_own() -> None:
    held, other = rows([50e-6], [1.0], (None, None), below=60e-6)
    missed, _ = rows([60e-6], [1.0], (None, None), below=60e-6)
    assert (held.peer, held.budget, held.verdict) == (None, "< 60 µs", "yes")
    assert missed.verdict == "**no** (seconds)"
    assert other.below is None


def test_memory_is_shown_in_mebibytes_and_is_no_time() -> None:
    (row,) = rows([3072.0], [2048.0], (None, None), quantity=import_module("declared").Quantity.MEMORY)
    assert (row.cells()[1], row.verdict) == ("3.0 MiB", "**no** (memory)")


def test_the_report_and_its_data_tell_the_same() -> None:
    report = import_module("report")
    lines = rows([1.0], [2.0], (5.0, 10.0))
    conditions = report.Conditions(
        date="2026-01-01",
        rounds=3,
        counter=None,
        uncounted="nobody asked",
        left_out=[],
        versions={"ours": {"attrs": "1"}},
        server=1e-5,
    )
    text, data = report.markdown_of(lines, conditions), json.loads(report.json_of(lines, conditions))
    assert "| A figure | 1 s | raw | 2 s | 0.5 | 0.5 | ≤ 1.1 | yes |" in text
    assert "The server answers a request in 10 µs" in text
    assert "Environment `ours`: attrs 1." in text
    (row,) = data["rows"]
    assert row == attrs.asdict(lines[0]) | {"holds": True}
    assert (row["title"], row["peer"], row["ratio"], row["at_most"]) == ("A figure", "raw", 0.5, 1.1)


def test_every_figure_is_of_subjects_that_there_are() -> None:
    environments, figures = import_module("environments"), import_module("figures")
    names = [figure.name for figure in figures.FIGURES]
    assert len(names) == len(set(names))
    for figure in figures.FIGURES:
        for subject in (figure.ours, *(peer.subject for peer in figure.peers)):
            area, function = subject.function.split(".")
            assert callable(getattr(import_module(f"subjects.{area}"), function))
            assert subject.environment in environments.PACKAGES


def test_the_worker_makes_as_many_calls_as_it_is_told(benchmarks: Path, tmp_path: Path) -> None:
    measure = import_module("measure")
    (tmp_path / "subjects").mkdir()
    (tmp_path / "subjects" / "here.py").write_text(
        "def calls(place):\n    return lambda count: open(place, 'a').write('x' * count)\n"
    )
    (tmp_path / "worker.py").write_text((benchmarks / "worker.py").read_text())
    written = tmp_path / "written"
    with measure._Worker([sys.executable, str(tmp_path / "worker.py"), "here", "calls", str(written)]) as worker:
        seconds, resident, most = worker.make(3)
        worker.make(2)
    assert written.read_text() == "xxxxx"
    assert 0 < seconds < 60
    assert 1024 < resident <= most


def test_the_server_answers_what_was_asked_for() -> None:
    answers = import_module("answers")
    for target, cursor in ((b"/acme/repos", None), (b"/pages-3/repos", "000001"), (b"/pages-3/repos?cursor=2", None)):
        head, _, body = answers.answer_to(b"GET", target).partition(b"\r\n\r\n")
        page = json.loads(body)
        assert f"Content-Length: {len(body)}".encode() in head
        assert (len(page["repos"]), page["next_cursor"], page["has_more"]) == (100, cursor, cursor is not None)
    assert json.loads(answers.answer_to(b"GET", b"/acme/repo").partition(b"\r\n\r\n")[2]) == answers.REPO
    assert answers.answer_to(b"POST", b"/acme/repo/commits").startswith(b"HTTP/1.1 201")
