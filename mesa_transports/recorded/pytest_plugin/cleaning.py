"""Cleans the recordings that several tests share: what one was told to be secret, another may have recorded.

They may have run in several processes, none of which knows what the others were told, or when the last one ends. So it
is done once, when all have ended, by the process that reports.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from mesa_transports.recorded.errors import DamagedRecording
from mesa_transports.recorded.files import locked, resolved
from mesa_transports.recorded.format import load
from mesa_transports.recorded.redaction import Redactor
from mesa_transports.recorded.writer import put

__all__ = ["clean", "packed"]


def packed(told: tuple[str, str]) -> tuple[bytes, str]:
    """Return a secret and its placeholder as they can travel from a worker of xdist, which a lone surrogate cannot."""
    return told[0].encode(errors="surrogatepass"), told[1]


def clean(told: Iterable[tuple[str, bytes, str]]) -> Sequence[str]:
    """Take what any test was told out of each file; return what to say of files where that failed."""
    by_file: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for path, secret, placeholder in told:
        by_file[path].add((secret.decode(errors="surrogatepass"), placeholder))
    complaints: list[str] = []
    for path, pairs in sorted(by_file.items()):
        redactor = Redactor()
        redactor.take_over(sorted(pairs))
        try:
            _clean(resolved(Path(path)), redactor)
        except FileNotFoundError:  # no test has recorded anything there
            continue
        except (OSError, DamagedRecording) as error:
            complaints.append(f"{path} may hold secrets that some tests were told: {error}")
    return complaints


def _clean(path: Path, redactor: Redactor) -> None:
    with locked(path):
        recording = load(path)
        interactions = redactor.again(recording.interactions, 0)
        if interactions != recording.interactions:
            put(path, attrs.evolve(recording, interactions=interactions))
