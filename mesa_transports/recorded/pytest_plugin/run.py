"""What a pytest run did with recordings. Imports nothing of the SDK, and no dataclasses, which take a while to make."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = ["Ledger", "Run", "shown"]


class Ledger:
    """What the tests of a process did with recordings: sets of plain values, since they travel from xdist's workers."""

    def __init__(self) -> None:
        self.modes: set[str] = set()
        """In which recordings were opened."""
        self.opened: set[str] = set()
        """The files that clients used."""
        self.written: set[str] = set()
        """Those of them that were recorded."""
        self.named: set[str] = set()
        """Those that a marker names, so that several tests may share them."""
        self.told: set[tuple[str, bytes, str]] = set()
        """What a test that recorded into one of those was told to be secret: the file, the secret, its placeholder."""
        self.used: set[tuple[str, int]] = set()
        """The places in replayed files that answered some test."""
        self.left: set[tuple[str, int, str]] = set()
        """Those that did not answer some test, and what is there."""
        self.unpassed: set[str] = set()
        """The files of tests that failed or were skipped: what else they would have used is not known."""
        self.modules: set[str] = set()
        """The test modules that were collected."""
        self.gaps: set[str] = set()
        """Why not all tests of those modules were run."""

    def exported(self) -> dict[str, set[Any]]:
        """Return all of it, for `add`."""
        return dict(vars(self))

    def add(self, exported: Mapping[str, Iterable[Any]]) -> None:
        """Take in what another process did."""
        for name, values in exported.items():
            getattr(self, name).update(values)

    def recorded(self, root: Path) -> str:
        """Say how many files were recorded, and where."""
        if not self.written:
            return "recorded no file"
        folder = os.path.commonpath([os.path.dirname(path) for path in self.written])  # noqa: PTH120 - texts
        count = len(self.written)
        return f"recorded {count} file{'s' if count > 1 else ''} in {shown(folder, root)}"


class Run:
    """One run of pytest, or a worker's share of it.

    Args:
        began: When it began, in all its workers the same.
        mode: What --mesa-record says.
    """

    def __init__(self, began: datetime, mode: str | None) -> None:
        self.began = began
        self.mode = mode
        self.ledger = Ledger()
        self.clashes: Mapping[Path, str] = {}
        """What to say of recordings that are one file to some systems."""
        self.unclean: Sequence[str] = ()
        """What to say of recordings that may hold secrets still."""


def shown(path: str, root: Path) -> str:
    """Return a path as a report shows it: from the root of the suite, if it is in there."""
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path
