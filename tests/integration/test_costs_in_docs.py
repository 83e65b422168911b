"""What the docs say of costs and sizes: tables are made of what was measured, and the prose does not contradict it."""

from __future__ import annotations

import importlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = json.loads((ROOT / "benchmarks" / "results.json").read_text())
PAGES = {name: (ROOT / "docs" / name).read_text() for name in ("performance.md", "transports.md")}
CONDITIONS = {"date": "2026-01-02", "machine": "a machine", "python": "3.11.7", "rounds": 9, "counter": "valgrind"}


@pytest.fixture
def performance(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / "tools" / "docs")
    return importlib.import_module("performance")


def row(title: str, peer: str | None, ratio: float | None, instructions: float | None, **others: Any) -> dict[str, Any]:
    nothing = {"figure": title, "quantity": "time", "ours": 1.0, "at_most": None, "below": None, "holds": True}
    measured = {"title": title, "peer": peer, "ratio": ratio, "instruction_ratio": instructions}
    return nothing | measured | others


def made(performance: Any, *rows: dict[str, Any], **conditions: Any) -> str:
    return performance.budgets({"conditions": CONDITIONS | conditions, "rows": rows})


def test_a_budget_that_is_missed_is_set_in_bold(performance: Any) -> None:
    text = made(
        performance,
        row("a page", "raw httpx", 0.9, 1.234, at_most=1.1, holds=False),
        row("a call", "raw httpx", 1.06, 0.95, at_most=1.1),
        row("an import", "import httpx", 1.2, 1.2, at_most=1.1, holds=False),
        row("a replay", None, None, None, ours=61e-6, below=60e-6, holds=False),
    )
    assert "| a page | raw httpx | 0.9 | **1.23** | 1.1 |" in text
    assert "| a call | raw httpx | 1.06 | 0.95 | 1.1 |" in text
    assert "| a replay |  | **61 µs** |  | < 60 µs |" in text
    assert "3 of 4 budgets are missed" in text
    assert "\n- a page\n- an import\n- a replay\n" in text


def test_where_all_hold_it_says_so(performance: Any) -> None:
    text = made(performance, row("loading", None, None, None, ours=0.2, below=0.3))
    assert "| loading |  | 200 ms |  | < 300 ms |" in text
    assert "All 1 budgets hold.\n" in text
    assert "missed" not in text


def test_what_has_no_budget_has_a_table_of_its_own(performance: Any) -> None:
    text = made(performance, row("a replay", "VCR.py", 0.03, None), row("memory", "raw", 0.7, None, quantity="memory"))
    assert (
        "| a replay | VCR.py | 0.03 | not counted |\n| memory | raw | 0.7 |  |\n" in text.partition("Beside others")[2]
    )


def test_it_says_where_and_how_it_was_measured(performance: Any) -> None:
    assert "2026-01-02: a machine, Python 3.11.7, 9 rounds, instructions by `valgrind`." in made(performance)
    assert "9 rounds, instructions not counted." in made(performance, counter=None)


def test_a_page_without_its_marks_is_refused(performance: Any) -> None:
    with pytest.raises(ValueError, match="measured"):
        performance.written("# What it costs\n", "a table\n")


def test_a_transport_is_shown_beside_its_own_library(performance: Any) -> None:
    ours = {"subject": "urllib3 transport", "figure": "get-urllib3", "ours": 165e-6, "theirs": 120e-6}
    rows = [
        row("a call", "raw httpx", 0.72, 0.59, **ours),
        row("a call", "raw urllib3", 1.375, 1.2, **ours),
        row("in flight", "raw aiohttp", 2, 2, **ours | {"subject": "aiohttp transport", "figure": "at-once"}),
        row("a page", "raw urllib3", 1.5, 1.2, **ours | {"figure": "list"}),
    ]
    assert performance.transports({"rows": rows}).splitlines()[2:] == [
        "| `urllib3` | one after the other | 120 µs | 165 µs | 1.38 |",
        "| `aiohttp` | 200 in flight | 120 µs | 165 µs | 2 |",
    ]


def ratio(figure: str, peer: str) -> tuple[float, float]:
    (found,) = [row for row in RESULTS["rows"] if (row["figure"], row["peer"]) == (figure, peer)]
    return found["ratio"], found["instruction_ratio"]


def seconds(figure: str) -> float:
    return next(row["ours"] for row in RESULTS["rows"] if row["figure"] == figure)


@pytest.mark.parametrize(
    ("page", "said", "is_so"),
    [
        (
            "performance.md",
            "answers several times faster than the fastest of them asks",
            lambda: fastest() > 3 * server(),
        ),
        ("performance.md", "costs less than `requests`", lambda: max(ratio("get-requests", "raw requests")) < 1),
        (
            "performance.md",
            "`urllib3` for many calls one after the other",
            lambda: seconds("get-urllib3") == fastest_get(),
        ),
        ("performance.md", "`aiohttp` for hundreds in flight", lambda: seconds("at-once") < seconds("at-once-httpx")),
        (
            "performance.md",
            "By TLS, a process holds over a tenth more than with raw httpx alone",
            lambda: ratio("memory-tls", "raw httpx")[0] > 1.1 > ratio("memory", "raw httpx")[0],
        ),
        ("transports.md", "the cheapest blocking one", lambda: seconds("get-urllib3") == fastest_get()),
        ("transports.md", "the cheapest `async` one", lambda: seconds("at-once") < seconds("at-once-httpx")),
        ("transports.md", "A transport can cost less", lambda: ratio("at-once-httpx", "raw httpx")[0] < 1),
    ],
)
def test_the_prose_says_what_was_measured(page: str, said: str, is_so: Any) -> None:
    assert said in " ".join(PAGES[page].split())
    assert is_so(), f"docs/{page} says {said!r}, which is so no longer"


def server() -> float:
    return RESULTS["conditions"]["server"]


def fastest_get() -> float:
    return min(row["ours"] for row in RESULTS["rows"] if row["figure"].startswith("get-"))


def fastest() -> float:
    """Seconds between two requests of the subject that asks the server most often, ours or a peer."""
    rows = [row for row in RESULTS["rows"] if row["figure"].startswith(("get-", "at-once"))]
    return min(min(row["ours"], row["theirs"]) for row in rows)


@pytest.mark.parametrize("page", PAGES)
def test_no_ratio_of_a_run_is_in_the_prose(page: str) -> None:
    before, _, rest = PAGES[page].partition("<!-- measured -->")
    prose = before + rest.partition("<!-- /measured -->")[2]
    assert not re.findall(r"\d+(?:\.\d+)? ?(?:µs|ms|MiB|KiB|%|x\b)|\b\d+\.\d+\b", prose)


def test_the_comparison_counts_packages_and_lines_as_they_are() -> None:
    text = (ROOT / "docs" / "comparison.md").read_text()
    there = {name: set(versions) for name, versions in RESULTS["conditions"]["versions"].items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[>=]", each)[0] for each in project["dependencies"]} | there["httpx"] | there["requests"]
    extras = (there["aiohttp"] | there["httpx2"]) - needed  # which the environment of ours has besides
    found = re.search(r"packages that it brings \| (\d+) \| \d+ \| (\d+) \|", text)
    assert found
    assert int(found[1]) == len(there["published"] - {"mesa-sdk"})
    assert int(found[2]) == len(there["ours"] - {"mesa-sdk"} - extras)
    found = re.search(r"about ([\d,]+) lines of client, ([\d,]+) of transports, recordings and the local Depot", text)
    assert found
    for said, packages in zip(
        found.groups(), (("mesa_sdk", "mesa_core", "mesa_plugins"), ("mesa_transports",)), strict=True
    ):
        lines = sum(len(path.read_text().splitlines()) for name in packages for path in (ROOT / name).rglob("*.py"))
        assert int(said.replace(",", "")) == pytest.approx(lines, rel=0.1), "docs/comparison.md"


@pytest.mark.parametrize(
    ("page", "example"), [("write-a-plugin.md", "plugin-audit"), ("write-a-transport.md", "transport-stdlib")]
)
def test_an_example_is_as_long_as_is_said(page: str, example: str) -> None:
    text = (ROOT / "docs" / page).read_text().partition(f"`examples/{example}/`")[2]
    found = re.search(r"in (\d+) lines", " ".join(text.split()))
    assert found
    lines = sum(len(path.read_text().splitlines()) for path in (ROOT / "examples" / example / "src").rglob("*.py"))
    assert int(found[1]) == pytest.approx(lines, rel=0.1)
