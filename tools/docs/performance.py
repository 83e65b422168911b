"""Writes what was measured into the pages that show it: `python tools/docs/performance.py`.

What stands between the marks in docs/performance.md and docs/transports.md is made of benchmarks/results.json, which
`make bench` writes. What is around them is written by hand; where it rests on what was measured, a test compares it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from measurements import RESULTS

__all__ = ["budgets", "transports", "written"]

DOCS: Final = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- measured -->\n", "<!-- /measured -->\n"

Row: TypeAlias = Mapping[str, Any]  # `Any`: a document that benchmarks/report.py wrote


def written(page: str, measured: str) -> str:
    """Return the page with what was measured in its place."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"the page has no {BEGIN!r} with an {END!r} after it")
    return before + BEGIN + measured + END + after


def budgets(results: Mapping[str, Any]) -> str:
    """Return what was measured: where and when, the figures with a budget, those that miss it, and the others."""
    conditions, rows = results["conditions"], results["rows"]
    limited = [row for row in rows if _budget(row) is not None]
    counter = conditions["counter"]
    return "\n".join(
        [
            f"Measured on {conditions['date']}: {conditions['machine']}, Python {conditions['python']}, "
            f"{conditions['rounds']} rounds, instructions " + (f"by `{counter}`." if counter else "not counted."),
            "",
            *_table(("figure", "against", "time or memory", "instructions", "budget"), map(_cells, limited)),
            "",
            *_missed([row for row in limited if not row["holds"]], len(limited)),
            "Beside others, without a budget:",
            "",
            *_table(
                ("figure", "against", "time or memory", "instructions"),
                (_cells(row)[:-1] for row in rows if _budget(row) is None),
            ),
            "",
        ]
    )


def transports(results: Mapping[str, Any]) -> str:
    """Return what a call costs on each transport, and by hand on its library."""
    return "\n".join(
        [
            *_table(
                ("transport", "calls", "by hand", "ours", "ratio"),
                (
                    (
                        f"`{row['subject'].removesuffix(' transport')}`",
                        "one after the other" if row["figure"].startswith("get-") else "200 in flight",
                        _seconds(row["theirs"]),
                        _seconds(row["ours"]),
                        f"{row['ratio']:.3g}",
                    )
                    for row in results["rows"]
                    if row["figure"].startswith(("get-", "at-once"))
                    and f"{row['peer']} transport" == f"raw {row['subject']}"
                ),
            ),
            "",
        ]
    )


def _missed(rows: Sequence[Row], of: int) -> Iterator[str]:
    if not rows:
        yield f"All {of} budgets hold."
    else:
        yield f"{len(rows)} of {of} budgets {'is' if len(rows) == 1 else 'are'} missed, and set in bold:"
        yield ""
        yield from dict.fromkeys(f"- {row['title']}" for row in rows)
    yield ""


def _budget(row: Row) -> str | None:
    if row["below"] is not None:
        return f"< {_seconds(row['below'])}"
    return None if row["at_most"] is None else f"{row['at_most']:.3g}"


def _cells(row: Row) -> tuple[str, ...]:
    """Return what a table shows: ratios, or seconds where they are what the budget is of."""
    budget = _budget(row) or ""
    if row["peer"] is None:
        return (row["title"], "", _marked(_seconds(row["ours"]), is_missed=not row["holds"]), "", budget)
    is_timed = row["quantity"] == "time"
    ratios = [
        ("not counted" if is_timed else "")
        if ratio is None
        else _marked(f"{ratio:.3g}", is_missed=row["at_most"] is not None and ratio > row["at_most"])
        for ratio in (row["ratio"], row["instruction_ratio"])
    ]
    return (row["title"], row["peer"], *ratios, budget)


def _marked(text: str, *, is_missed: bool) -> str:
    return f"**{text}**" if is_missed else text


def _seconds(value: float) -> str:
    unit, size = ("ms", 1e-3) if value >= 1e-3 else ("µs", 1e-6)  # noqa: PLR2004 - where units change
    return f"{value / size:.3g} {unit}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"


PAGES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "performance.md": budgets,
    "transports.md": transports,
}

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else DOCS
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    for name, measured in PAGES.items():
        made = written((DOCS / name).read_text(encoding="utf-8"), measured(results))
        (folder / name).write_text(made, encoding="utf-8")
