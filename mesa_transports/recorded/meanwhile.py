"""Finds again in a file what a writer saved there: as it was, or as another writer has cleaned it since.

Another one may have learnt a secret that this one does not know. Who took its own part for removed then would put it
back, and the secret with it.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from mesa_core.strict import Mismatch
from mesa_transports.recorded.bodies import Body, FileBody
from mesa_transports.recorded.covering import is_cleaned
from mesa_transports.recorded.disguises import may_hold_placeholders
from mesa_transports.recorded.format import dump_interaction
from mesa_transports.recorded.interactions import Interaction

__all__ = ["is_gone", "places"]

_Kind: TypeAlias = tuple[datetime | None, str, int]


def places(
    saved: Sequence[Interaction], there: Sequence[Interaction], apart: Callable[[Interaction], Interaction]
) -> Iterator[int | None]:
    """Yield for each that was saved its place in the file; None for one that is not there any more.

    Args:
        saved: What was saved, in its order.
        there: What the file holds; both say when they were recorded.
        apart: Returns an interaction with its large bodies where they stand in a file.
    """
    unclaimed: defaultdict[str, deque[int]] = defaultdict(deque)
    for place, each in enumerate(there):
        unclaimed[_identity(apart(each))].append(place)
    found: list[int | None] = []
    for each in saved:
        same = unclaimed.get(_identity(apart(each)))
        found.append(same.popleft() if same else None)
    cleaned: defaultdict[_Kind, list[int]] = defaultdict(list)
    if None in found:
        for free in sorted(each for left in unclaimed.values() for each in left):
            cleaned[_kind(there[free])].append(free)
    for each, same_place in zip(saved, found, strict=True):
        yield _cleaned(each, there, cleaned[_kind(each)]) if same_place is None else same_place


def _identity(interaction: Interaction) -> str:
    return json.dumps(dump_interaction(interaction, None), sort_keys=True)


def _kind(interaction: Interaction) -> _Kind:
    return interaction.recorded_at, interaction.request.method, interaction.response.status


def _cleaned(saved: Interaction, there: Sequence[Interaction], candidates: list[int]) -> int | None:
    """Return the first place that holds it without some secret, and take that place from the candidates."""
    place = next((place for place in candidates if _is_cleaned(there[place], saved)), None)
    if place is not None:
        candidates.remove(place)
    return place


def _is_cleaned(clean: Interaction, saved: Interaction) -> bool:
    ours, theirs = list(_texts(saved)), list(_texts(clean))
    bodies = ((clean.request.body, saved.request.body), (clean.response.body, saved.response.body))
    return (
        len(ours) == len(theirs)
        and all(map(is_cleaned, theirs, ours))
        and all(_is_cleaned_body(*pair) for pair in bodies)
    )


def _texts(interaction: Interaction) -> Iterator[str]:
    yield interaction.request.url
    for headers in (interaction.request.headers, interaction.response.headers):
        for name, value in headers.fields():
            yield from (name, value)


def _is_cleaned_body(clean: Body | None, saved: Body | None) -> bool:
    if clean is None or saved is None or clean == saved:
        return clean is saved or clean == saved
    try:
        content = clean.content()
        if isinstance(saved, FileBody):  # whose file the other writer has removed
            return may_hold_placeholders(content)
        return is_cleaned(content.decode("latin-1"), saved.content().decode("latin-1"))
    except Mismatch:
        return False


def is_gone(interaction: Interaction) -> bool:
    """Tell whether somebody removed the file of a body of it."""
    bodies = interaction.request.body, interaction.response.body
    return any(isinstance(body, FileBody) and not body.path.is_file() for body in bodies)
