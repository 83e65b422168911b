"""The figures, in the order of the report. A new one is a `Figure` in one of these modules, and its subjects."""

from __future__ import annotations

from typing import Final

from declared import Figure

from figures import calls, iterating, replay, starts

__all__ = ["FIGURES"]

FIGURES: Final[tuple[Figure, ...]] = (*calls.FIGURES, *starts.FIGURES, *replay.FIGURES, *iterating.FIGURES)
