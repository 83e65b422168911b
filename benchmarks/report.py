"""What was measured, as a table to read and as data to draw."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
from attrs import field, frozen
from declared import Figure, Peer, Quantity, Subject
from measure import Measured

__all__ = ["Conditions", "Row", "json_of", "markdown_of", "rows_of"]

_HEAD: Final = ("figure", "ours", "against", "theirs", "ratio, time", "ratio, instructions", "budget", "holds")


@frozen
class Row:
    """A line of the table: a figure against one peer, or against its own budget."""

    figure: str
    title: str
    quantity: str
    subject: str
    peer: str | None
    ours: float
    """Seconds, or KiB."""
    theirs: float | None
    ratio: float | None
    """Of what is measured, to the peer's."""
    instructions: float | None
    instruction_ratio: float | None
    at_most: float | None
    """The budget of both ratios."""
    below: float | None
    """The budget in seconds."""
    uncounted: str | None = None
    """Why its instructions are not counted, even where there is a counter."""

    @property
    def misses(self) -> Sequence[str]:
        """In what the budget is missed."""
        ratios = {self.quantity: self.ratio, "instructions": self.instruction_ratio}
        missed = [
            name
            for name, ratio in ratios.items()
            if self.at_most is not None and ratio is not None and ratio > self.at_most
        ]
        return [*missed, *(["seconds"] if self.below is not None and self.ours >= self.below else [])]

    @property
    def verdict(self) -> str:
        """Whether the budget holds; a dash where there is none."""
        if self.at_most is None and self.below is None:
            return "-"
        return f"**no** ({', '.join(self.misses)})" if self.misses else "yes"

    @property
    def budget(self) -> str:
        """The budget, to read."""
        if self.below is not None:
            return f"< {_shown(self.below, self.quantity)}"
        return "-" if self.at_most is None else f"≤ {self.at_most:.3g}"

    def cells(self) -> tuple[str, ...]:
        """Return what the table shows."""
        theirs = "-" if self.theirs is None else _shown(self.theirs, self.quantity)
        ratio = "-" if self.ratio is None else f"{self.ratio:.3g}"
        ours = _shown(self.ours, self.quantity)
        return (self.title, ours, self.peer or "-", theirs, ratio, self._instructions(), self.budget, self.verdict)

    def _instructions(self) -> str:
        if self.instruction_ratio is not None:
            return f"{self.instruction_ratio:.3g}"
        return "-" if self.peer is None or self.quantity != Quantity.TIME.value else "not counted"


@frozen
class Conditions:
    """Where and with what was measured."""

    date: str
    rounds: int
    counter: str | None
    """What counted instructions; None where nothing did."""
    uncounted: str | None
    """Why nothing did."""
    left_out: Sequence[str]
    """What is not measured, and why."""
    versions: Mapping[str, Mapping[str, str]]
    """By environment, by package."""
    server: float
    """Seconds in which the server answers a request."""
    machine: str = field(factory=lambda: f"{_processor()}, {os.cpu_count()} cores, {platform.system()}")
    python: str = field(factory=platform.python_version)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _shown(value: float, quantity: str) -> str:
    if quantity != Quantity.TIME.value:
        return f"{value / 1024:.1f} MiB"
    if value >= 1:
        return f"{value:.3g} s"
    return f"{value * 1e3:.3g} ms" if value >= 1e-3 else f"{value * 1e6:.3g} µs"  # noqa: PLR2004 - where units change


def rows_of(figure: Figure, measured: Mapping[Subject, Measured]) -> Iterator[Row]:
    """Yield the lines of a figure: one for its budget in seconds, if it has one, and one for each peer."""
    if figure.below is not None:
        yield _row(figure, measured, None)
    for peer in figure.peers:
        yield _row(figure, measured, peer)


def _row(figure: Figure, measured: Mapping[Subject, Measured], peer: Peer | None) -> Row:
    ours = measured[figure.ours]
    theirs = None if peer is None else measured[peer.subject]
    return Row(
        figure=figure.name,
        title=figure.title,
        quantity=figure.quantity.value,
        subject=figure.ours.title,
        peer=None if peer is None else peer.subject.title,
        ours=ours.value,
        theirs=None if theirs is None else theirs.value,
        ratio=None if theirs is None else ours.ratio(theirs),
        instructions=ours.instructions,
        instruction_ratio=None if theirs is None else ours.instruction_ratio(theirs),
        at_most=None if peer is None else peer.at_most,
        below=figure.below if peer is None else None,
        uncounted=None if peer is None else figure.uncounted or peer.uncounted,
    )


def markdown_of(rows: Sequence[Row], conditions: Conditions) -> str:
    """Return the report."""
    fastest = min((row.ours for row in rows if row.figure.startswith(("get-", "at-once"))), default=None)
    return "\n".join(
        [
            "# What mesa-sdk costs",
            "",
            "Written by `make bench`; what is measured and how is in [docs/performance.md](../docs/performance.md).",
            "",
            *_table(_HEAD, (row.cells() for row in rows)),
            "",
            f"- {conditions.date}; {conditions.machine}; Python {conditions.python}; {conditions.rounds} rounds.",
            f"- Instructions: {conditions.counter or f'not counted, since {conditions.uncounted}'}.",
            *(
                f"- Not counted, since {why}: {', '.join(lines)}."
                for why, lines in _uncounted(rows).items()
                if conditions.counter is not None
            ),
            *(f"- Left out: {each}." for each in conditions.left_out),
            f"- The server answers a request in {conditions.server * 1e6:.0f} µs"
            + (f"; the fastest subject asks every {fastest * 1e6:.0f} µs." if fastest else "."),
            *(
                f"- Environment `{name}`: {', '.join(f'{each} {version}' for each, version in sorted(found.items()))}."
                for name, found in conditions.versions.items()
            ),
            "",
        ]
    )


def _uncounted(rows: Iterable[Row]) -> dict[str, list[str]]:
    """Return the lines whose instructions are not counted, by the reason."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.uncounted is not None:
            found.setdefault(row.uncounted, []).append(f"{row.title} ÷ {row.peer}")
    return found


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def json_of(rows: Sequence[Row], conditions: Conditions) -> str:
    """Return the same as data."""
    shown = [{**attrs.asdict(row), "holds": not row.misses} for row in rows]
    return json.dumps({"conditions": attrs.asdict(conditions), "rows": shown}, indent=2, ensure_ascii=False) + "\n"
