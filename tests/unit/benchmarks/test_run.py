"""A run of the benchmarks: what it writes and when, how one goes on that was stopped, and why nothing was counted."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

COUNTER = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
Run = Callable[..., list[str]]


class FakeBench:
    """Measures nothing: every subject takes a second, of a million instructions where some are counted."""

    def __init__(self, measured: list[str], stop_at: str | None, url: str, counter: object) -> None:
        self.measured, self.stop_at, self.url, self.counter = measured, stop_at, url, counter

    def measure(self, figure: Any) -> dict[Any, Any]:
        if figure.name == self.stop_at:
            raise KeyboardInterrupt
        assert self.url.startswith("https:" if figure.by_tls else "http:")
        self.measured.append(figure.name)
        subjects = (figure.ours, *(peer.subject for peer in figure.peers))
        counted = figure.counted if self.counter is not None else ()
        return {each: import_module("measure").Measured([1.0], 1e6 if each in counted else None) for each in subjects}


class FakeEnvironments:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def versions(self, name: str) -> dict[str, str]:
        return {"attrs": "1"}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run with arguments, in a folder of its own; return the figures that were measured."""
    program, declared = import_module("run"), import_module("declared")

    def subject(title: str) -> Any:
        return declared.Subject(title, "ours", f"x.{title}")

    raw, slow = declared.Peer(subject("raw"), 1.1), declared.Peer(subject("slow"), uncounted="slow takes minutes")
    figures = (
        declared.Figure(name="get", title="a call", ours=subject("ours"), peers=(raw, slow)),
        declared.Figure(name="list", title="a list", ours=subject("list"), peers=(raw,), left_out="other: too slow"),
        declared.Figure(
            name="held", title="memory", ours=subject("ours"), peers=(raw,), quantity=declared.Quantity.MEMORY
        ),
        declared.Figure(name="tls", title="by TLS", ours=subject("ours"), peers=(raw,), by_tls=True),
    )

    @contextlib.contextmanager
    def serving(scheme: str) -> Iterator[Any]:
        yield import_module("servers").Server(f"{scheme}://127.0.0.1:1/api/v1")

    monkeypatch.setattr(program, "HERE", tmp_path)
    monkeypatch.setattr(program, "FIGURES", figures)
    monkeypatch.setattr(program, "serving", partial(serving, "http"))
    monkeypatch.setattr(program, "serving_by_tls", partial(serving, "https"))
    monkeypatch.setattr(program, "Environments", FakeEnvironments)

    def started(*arguments: str, counter: list[str] | None = COUNTER, stop_at: str | None = None) -> list[str]:
        measured: list[str] = []
        monkeypatch.setattr(program, "counter", lambda: counter)
        monkeypatch.setattr(program, "Bench", lambda *given: FakeBench(measured, stop_at, given[0].url, given[-1]))
        monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
        with pytest.raises((SystemExit, KeyboardInterrupt)) as ended:
            program.main()
        if ended.type is SystemExit and ended.value.code:
            raise ended.value
        assert measured.pop(0) == "server"
        return measured

    return started


def report(folder: Path) -> str:
    return (folder / "RESULTS.md").read_text()


def test_a_run_writes_what_it_measured(run: Run, tmp_path: Path) -> None:
    assert run("--rounds", "3") == ["get", "list", "held", "tls"]
    text = report(tmp_path)
    assert "| a call | 1 s | raw | 1 s | 1 | 1 | ≤ 1.1 | yes |" in text
    assert "; 3 rounds." in text
    assert "- Instructions: valgrind --tool=callgrind.\n" in text
    assert "- Left out: other: too slow.\n" in text
    assert json.loads((tmp_path / "results.json").read_text())["conditions"]["left_out"] == ["other: too slow"]


def test_a_run_of_some_figures_writes_nothing(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--only", "li") == ["list"]
    assert not [*tmp_path.iterdir()]
    assert "| a list | 1 s |" in capsys.readouterr().out


def test_the_report_says_which_peers_instructions_are_not_counted_and_why(run: Run, tmp_path: Path) -> None:
    run()
    text = report(tmp_path)
    assert "| a call | 1 s | slow | 1 s | 1 | not counted | - | - |" in text
    assert "- Not counted, since slow takes minutes: a call ÷ slow.\n" in text
    assert "| memory | 0.0 MiB | raw | 0.0 MiB | 1 | - | ≤ 1.1 | yes |" in text  # which nobody would count


@pytest.mark.parametrize(
    ("arguments", "counter", "why"),
    [
        (["--quick"], COUNTER, "the run was told `--quick`"),
        (["--no-instructions"], COUNTER, "the run was told `--no-instructions`"),
        (["--no-instructions"], None, "the run was told `--no-instructions`"),
        ([], None, "there is neither valgrind nor a perf that may count"),
    ],
)
def test_a_report_without_instructions_says_why(
    run: Run, tmp_path: Path, arguments: list[str], counter: list[str] | None, why: str
) -> None:
    run(*arguments, counter=counter)
    text = report(tmp_path)
    assert f"- Instructions: not counted, since {why}.\n" in text
    assert "| a call | 1 s | raw | 1 s | 1 | not counted | ≤ 1.1 | yes |" in text
    assert text.count("ot counted, since") == 1
    assert json.loads((tmp_path / "results.json").read_text())["conditions"]["counter"] is None


def test_a_run_that_was_stopped_goes_on_where_it_was(run: Run, tmp_path: Path) -> None:
    assert run("--rounds", "3", stop_at="held") == ["get", "list"]
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    rows[0]["ratio"] = 0.5
    document = json.loads((tmp_path / "results.json").read_text()) | {"rows": rows}
    (tmp_path / "results.json").write_text(json.dumps(document))
    assert run("--rounds", "3", "--resume") == ["held", "tls"]
    text = report(tmp_path)
    assert "| a call | 1 s | raw | 1 s | 0.5 | 1 | ≤ 1.1 | yes |" in text  # as it was measured then
    assert "| memory |" in text
    assert [row["figure"] for row in json.loads((tmp_path / "results.json").read_text())["rows"]] == [
        *("get", "get", "list", "held", "tls")
    ]


@pytest.mark.parametrize(("arguments", "named"), [(["--rounds", "4"], "rounds 3"), (["--quick"], "rounds 3")])
def test_a_run_does_not_go_on_with_what_was_measured_otherwise(
    run: Run, tmp_path: Path, arguments: list[str], named: str
) -> None:
    run("--rounds", "3", stop_at="held")
    before = report(tmp_path)
    with pytest.raises(SystemExit, match=named):
        run(*arguments, "--resume")
    with pytest.raises(SystemExit, match="counter valgrind"):
        run("--rounds", "3", "--no-instructions", "--resume")
    assert report(tmp_path) == before


def test_without_a_run_before_there_is_nothing_to_go_on_with(run: Run) -> None:
    assert run("--resume") == ["get", "list", "held", "tls"]


def test_a_missed_budget_is_the_exit_status(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(import_module("report").Row, "misses", ["time"])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 1
    assert "5 of 5 lines miss their budget" in capsys.readouterr().out
