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
_NO_FIELD: Final = "no field differs: the request is a repeat; allow_repeats=True gives the last answer again"
_FUNCTION: Final = "no field differs: the function given as match_on says no, or the request is a repeat"
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
        if not differences:
            lines.append(f"  {_NO_FIELD if isinstance(matching, Matching) else _FUNCTION}")
    return NoRecording("\n".join([*lines, _REMEDY]), path=str(path), differences=differences)


def _line(request: RecordedRequest) -> str:
    parts = urlsplit(request.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    accept = request.headers.get("Accept")
    return f"{request.method} {target}" + (f" ({accept})" if accept else "")


def _nearest(
    asked: RecordedRequest, interactions: Sequence[Interaction], unused: set[int], fields: Matching
) -> int | None:
    """Return the place of the recording that differs in the fewest fields, and least in them.

    What is slow is asked of those alone that are equally near by what is quick.
    """
    if not interactions:
        return None
    counts = fields.distances(asked, [each.request for each in interactions])
    least = min(counts)
    places = [place for place, number in enumerate(counts) if number == least]
    places = [place for place in places if place in unused] or places
    target = SequenceMatcher(None, autojunk=False)
    target.set_seq2(_target(asked))

    def likeness(place: int) -> float:
        target.set_seq1(_target(interactions[place].request))
        return target.quick_ratio()

    likest = max(map(likeness, places))
    places = [place for place in places if likeness(place) == likest]
    return min(places, key=lambda place: sum(1 for _ in fields.differences(asked, interactions[place].request)))


def _target(request: RecordedRequest) -> str:
    parts = urlsplit(request.url)
    return f"{request.method} {parts.path}?{parts.query}"
