"""Says why no recording answers a request: what was asked for, what is nearest, what differs, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from mesa_transports.recorded.answers import Answers
from mesa_transports.recorded.errors import NoRecording
from mesa_transports.recorded.interactions import Interaction, RecordedRequest
from mesa_transports.recorded.matching import DEFAULT_MATCH_ON, Matcher, Matching

__all__ = ["miss"]

_SHOWN: Final = 10
"""Differences that a message shows."""
_REMEDY: Final = (
    'To add it, run once more with mode="new" (MESA_RECORD=new, or --mesa-record=new for pytest) and the network; '
    'mode="record" records everything anew.'
)


def miss(path: Path, asked: RecordedRequest, answers: Answers, matching: Matching | Matcher) -> NoRecording:
    """Return the error for a request that nothing answers; `asked` is without its secrets already."""
    unused = answers.unused()
    lines = [
        f"no recording answers {_line(asked)}",
        f"{path}: {len(answers.interactions)} recorded, {len(unused)} unused",
    ]
    fields = Matching(DEFAULT_MATCH_ON) if isinstance(matching, Matcher) else matching
    differences: tuple[str, ...] = ()
    found = _nearest(asked, answers.interactions, set(unused), fields)
    if found is not None:
        nearest = answers.interactions[found]
        differences = tuple(fields.differences(asked, nearest.request))
        used = "" if found in unused else ", which was replayed already"
        lines.append(f"nearest: interactions[{found}] {_line(nearest.request)}{used}")
        lines += [f"  {each}" for each in differences[:_SHOWN]]
        if len(differences) > _SHOWN:
            lines.append(f"  and {len(differences) - _SHOWN} more differences")
        if not differences and isinstance(matching, Matching):
            lines.append("  no field differs: the request is a repeat; allow_repeats=True gives the last answer again")
    return NoRecording("\n".join([*lines, _REMEDY]), path=str(path), differences=differences)


def _line(request: RecordedRequest) -> str:
    parts = urlsplit(request.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    accept = request.headers.get("Accept")
    return f"{request.method} {target}" + (f" ({accept})" if accept else "")


def _nearest(
    asked: RecordedRequest, interactions: Sequence[Interaction], unused: set[int], fields: Matching
) -> int | None:
    """Return the place of the recording that differs in the fewest fields, and least in its path."""

    def distance(index: int) -> tuple[int, bool, float, int]:
        recorded = interactions[index].request
        likeness = SequenceMatcher(None, _target(asked), _target(recorded), autojunk=False).quick_ratio()
        return fields.distance(asked, recorded), index not in unused, -likeness, index

    return min(range(len(interactions)), key=distance, default=None)


def _target(request: RecordedRequest) -> str:
    parts = urlsplit(request.url)
    return f"{request.method} {parts.path}?{parts.query}"
