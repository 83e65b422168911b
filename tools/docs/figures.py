"""Draws the figures of the docs: `python tools/docs/figures.py` writes docs/figures/*.svg.

Each is made from data: from calls that are carried out here, on a clock of their own, or from what `make bench`
measured. So they are the same each time, and a test compares the ones in docs/figures with what this makes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import one_call
import timelines

FIGURES: Final[Mapping[str, Callable[[], str]]] = {
    "one-call.svg": one_call.draw,
    "retries.svg": timelines.draw,
}

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parents[2] / "docs" / "figures"
    for name, draw in FIGURES.items():
        (folder / name).write_text(draw(), encoding="utf-8")
