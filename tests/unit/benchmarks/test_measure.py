"""How subjects are measured: in turns, in time or memory, with as many calls as a figure says; and instructions."""

from __future__ import annotations

import shutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

SUBJECTS = """
def noting(url, name):
    notes = open(f"{url}/notes", "a", buffering=1)
    notes.write(f"{name} begins\\n")
    return lambda count: notes.write(f"{name} {count}\\n")
"""
COUNTER = """
import subprocess, sys
calls = int(sys.stdin.readline())
subprocess.run(sys.argv[1:], input=f"{calls}\\n", text=True, check=True, stdout=subprocess.DEVNULL)
print("Collected :", 5_000_000 + 1_000 * calls, file=sys.stderr)
"""


class Here:
    """Every environment is this one."""

    def python(self, name: str) -> str:
        return sys.executable


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, benchmarks: Path, tmp_path: Path) -> Path:
    """A folder with a worker and subjects, where these note what they do."""
    (tmp_path / "subjects").mkdir()
    (tmp_path / "subjects" / "notes.py").write_text(SUBJECTS)
    shutil.copy(benchmarks / "worker.py", tmp_path)
    monkeypatch.setattr(import_module("measure"), "HERE", tmp_path)
    return tmp_path


def figure(**options: Any) -> Any:
    declared = import_module("declared")
    ours, raw = (declared.Subject(name, "here", "notes.noting", (name,)) for name in ("ours", "raw"))
    peer = declared.Peer(raw, uncounted=options.pop("peer_uncounted", None))
    return declared.Figure(name="f", title="a figure", ours=ours, peers=(peer,), **options)


def measured(folder: Path, figure: Any, rounds: int = 2, counter: list[str] | None = None) -> tuple[Any, Any]:
    """Return what is measured of ours and of its peer."""
    bench = import_module("measure").Bench(import_module("servers").Server(str(folder)), Here(), rounds, counter)
    found = bench.measure(figure)
    return found[figure.ours], found[figure.peers[0].subject]


def notes(folder: Path) -> list[str]:
    return (folder / "notes").read_text().splitlines()


def test_memory_is_that_of_a_process_that_made_no_call_more_than_its_first(folder: Path) -> None:
    quantity = import_module("declared").Quantity
    ours, raw = measured(folder, figure(calls=0, fresh=True, quantity=quantity.MEMORY), counter=["no", "such"])
    turns = ["raw begins", "raw 0", "ours begins", "ours 0"]
    assert notes(folder) == [*turns, *turns[2:], *turns[:2]]  # a process each time, and the other first
    assert all(1024 < kibibytes < 1024**2 for kibibytes in (*ours.rounds, *raw.rounds))
    assert (len(ours.rounds), ours.instructions, raw.instructions) == (2, None, None)
    most, _ = measured(folder, figure(calls=0, fresh=True, quantity=quantity.PEAK))
    assert most.value > 1024


def test_rounds_are_shared_by_processes(folder: Path) -> None:
    ours, raw = measured(folder, figure(calls=7, processes=2), rounds=7)
    assert notes(folder).count("ours begins") == notes(folder).count("raw begins") == 2
    assert len(ours.rounds) == len(raw.rounds) == 8  # four of each process


def test_time_is_that_of_one_call(folder: Path) -> None:
    ours, raw = measured(folder, figure(calls=7), rounds=3)
    assert notes(folder).count("ours begins") == notes(folder).count("raw begins") == 1  # a process for all rounds
    assert notes(folder).count("ours 7") == notes(folder).count("raw 7") == 4  # once to see what it takes, and 3 rounds
    assert 0 < ours.value < 1
    assert 0 < raw.value < 1


def test_instructions_are_those_of_one_call_without_the_start(folder: Path) -> None:
    (folder / "counter.py").write_text(COUNTER)
    counter = [sys.executable, str(folder / "counter.py")]
    ours, raw = measured(folder, figure(calls=1, counts=(20, 120), peer_uncounted="it is slow"), counter=counter)
    assert (ours.instructions, raw.instructions) == (1_000, None)
    assert {"ours 20", "ours 120"} <= {*notes(folder)}
    assert "raw 20" not in notes(folder)


def test_without_a_counter_there_are_none(folder: Path) -> None:
    ours, raw = measured(folder, figure(calls=1))
    assert (ours.instructions, raw.instructions, ours.instruction_ratio(raw)) == (None, None, None)
