"""Draws the figures of the docs: `python tools/docs/figures.py` writes docs/figures/*.svg.

Each is made from data: from calls that are carried out here, on a clock of their own, or from what `make bench`
measured. So they are the same each time, and a test compares the ones in docs/figures with what this makes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import measurements
import one_call
import timelines


def figures() -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield what there is to draw; costs only once they have been measured."""
    yield "one-call.svg", one_call.draw
    yield "retries.svg", timelines.draw
    if measurements.RESULTS.exists():
        yield "costs.svg", measurements.draw


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parents[2] / "docs" / "figures"
    for name, draw in figures():
        (folder / name).write_text(draw(), encoding="utf-8")
