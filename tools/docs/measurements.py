"""The figure of costs: what `make bench` measured, as ratios to what one would use instead."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from drawing import WIDTH, Drawing

__all__ = ["RESULTS", "Ratio", "draw", "drawn", "ratios"]

RESULTS: Final = Path(__file__).parents[2] / "benchmarks" / "results.json"

LEFT, RIGHT, TOP, LANE = 12, WIDTH - 70, 30, 58
MARKS: Final = (0.01, 0.1, 1.0)
MOST: Final = 3.0  # that is drawn to scale


@frozen
class Ratio:
    """What something costs, over what its peer costs; and what it may be."""

    title: str
    peer: str
    value: float
    budget: float


def draw() -> str:
    """Return the figure."""
    return drawn(ratios(json.loads(RESULTS.read_text(encoding="utf-8"))))


def ratios(results: dict[str, Any]) -> list[Ratio]:  # `Any`: a document that benchmarks/report.py wrote
    """Return the ratios that have a budget, as they were measured."""
    return [
        Ratio(row["title"], row["peer"], row["ratio"], row["at_most"])
        for row in results["rows"]
        if row["ratio"] is not None and row["at_most"] is not None
    ]


def drawn(measured: Sequence[Ratio]) -> str:
    """Return a lane for each ratio, on a logarithmic axis: the bar is what was measured, the stroke the budget."""
    bottom = TOP + LANE * len(measured)
    drawing = Drawing("What mesa-sdk costs, as ratios to what one would use instead", bottom + 6)
    for mark in MARKS:
        drawing.line(_x(mark), TOP - 8, _x(mark), bottom, "line" if mark == 1 else "grid")
        drawing.text(_x(mark), TOP - 14, f"{mark:g} x", "small soft", anchor="start" if mark == MARKS[0] else "middle")
    for number, ratio in enumerate(measured):
        top = TOP + LANE * number
        drawing.text(LEFT, top + 10, ratio.title, "bold small")
        kind = "good" if ratio.value <= ratio.budget else "bad"
        drawing.text(LEFT, top + 24, f"÷ {ratio.peer}", "small soft")
        drawing.box(LEFT, top + 30, max(_x(ratio.value) - LEFT, 2), 12, kind)
        drawing.line(_x(ratio.budget), top + 27, _x(ratio.budget), top + 45)
        drawing.text(WIDTH - LEFT, top + 40, f"{ratio.value:.3g} x", "small bold", anchor="end")
    return str(drawing)


def _x(ratio: float) -> float:
    low, high = math.log10(MARKS[0]), math.log10(MOST)
    return LEFT + (RIGHT - LEFT) * (math.log10(min(max(ratio, MARKS[0]), MOST)) - low) / (high - low)
