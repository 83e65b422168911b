"""Runs every figure against its peers, and writes RESULTS.md and results.json beside this file.

    python benchmarks/run.py [--quick] [--only NAME ...] [--rounds 15] [--no-instructions] [--resume]

With `--only`, the table is printed and no file is written. Exits with 1 where a budget is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from declared import BARE, Figure
from environments import CHECKOUT, PACKAGES, Environments
from figures import FIGURES
from measure import HERE, Bench, counter
from report import Conditions, Row, json_of, markdown_of, rows_of
from servers import serving, serving_by_tls

_QUICK_ROUNDS = 5


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="figures, or the beginnings of their names")
    parser.add_argument("--rounds", type=int, default=15, help="how often the subjects take turns")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_ROUNDS} rounds, and no instructions")
    parser.add_argument("--no-instructions", action="store_true", help="time and memory only")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    parser.add_argument("--environments", type=Path, default=CHECKOUT / ".bench", help="the folder they are kept in")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds = _QUICK_ROUNDS
    return arguments


def _uncounted(arguments: argparse.Namespace, found: Sequence[str] | None) -> str | None:
    """Return why no instructions are counted; None where they are."""
    if arguments.quick or arguments.no_instructions:
        return f"the run was told `{'--quick' if arguments.quick else '--no-instructions'}`"
    return "there is neither valgrind nor a perf that may count" if found is None else None


def _chosen(names: Iterable[str] | None) -> tuple[Figure, ...]:
    if names is None:
        return FIGURES
    found = tuple(figure for figure in FIGURES if figure.name.startswith(tuple(names)))
    if not found:
        sys.exit(f"there is no such figure; there are {', '.join(figure.name for figure in FIGURES)}")
    return found


def _measured_before(conditions: Conditions) -> dict[str, list[Row]]:
    """Return the lines that a run wrote down before it was stopped, by figure."""
    path = HERE / "results.json"
    if not path.exists():
        return {}
    written = json.loads(path.read_text(encoding="utf-8"))
    for name in ("rounds", "counter"):
        if written["conditions"][name] != getattr(conditions, name):
            sys.exit(
                f"the run that was stopped had {name} {written['conditions'][name]}: resume it with the same options"
            )
    found: dict[str, list[Row]] = {}
    for each in written["rows"]:
        each.pop("holds")
        found.setdefault(each["figure"], []).append(Row(**each))
    return found


def _measured(bench: Bench, figure: Figure) -> Iterator[Row]:
    for row in rows_of(figure, bench.measure(figure)):
        print(" | ".join(row.cells()), flush=True)
        yield row


def main() -> None:
    """Measure, print, and write."""
    arguments = _arguments()
    figures = _chosen(arguments.only)
    found = counter()
    uncounted = _uncounted(arguments, found)
    command = found if uncounted is None else None
    environments = Environments(arguments.environments)
    with serving() as plain, serving_by_tls() as by_tls:
        bench, bench_by_tls = (Bench(each, environments, arguments.rounds, command) for each in (plain, by_tls))
        server = bench.measure(Figure(name="server", title="", ours=BARE, uncounted="it is nobody's cost"))[BARE].value
        conditions = Conditions(
            date=datetime.now(UTC).date().isoformat(),
            rounds=arguments.rounds,
            counter=None if command is None else " ".join(command[:2]),
            uncounted=uncounted,
            left_out=[figure.left_out for figure in figures if figure.left_out is not None],
            versions={name: environments.versions(name) for name in PACKAGES} if arguments.only is None else {},
            server=server,
        )
        done = _measured_before(conditions) if arguments.resume else {}
        rows: list[Row] = []
        for figure in figures:
            rows += done.get(figure.name) or _measured(bench_by_tls if figure.by_tls else bench, figure)
            if arguments.only is None:  # at once, so that a run which is stopped was not for nothing
                (HERE / "RESULTS.md").write_text(markdown_of(rows, conditions), encoding="utf-8")
                (HERE / "results.json").write_text(json_of(rows, conditions), encoding="utf-8")
    if arguments.only is not None:
        print(markdown_of(rows, conditions))
    missed = [row for row in rows if row.misses]
    print(f"{len(missed)} of {len(rows)} lines miss their budget" if missed else "all budgets hold")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
