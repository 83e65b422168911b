"""What the installed distributions say of themselves under the entry point group `mesa`. Reads files, imports nothing.

One distribution whose files are damaged must not take the others away from every client, so each is read on its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Final

from attrs import frozen

from mesa_core.hookspecs import NAMESPACE
from mesa_core.text import one_line

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

__all__ = ["DISTRIBUTION", "Damaged", "Offer", "damaged", "offers"]

DISTRIBUTION: Final = "mesa-sdk"
"""The SDK's own distribution."""
_FILE: Final = "entry_points.txt"


@frozen
class Offer:
    """An entry point, and name and version of the distribution that it came with."""

    point: EntryPoint
    distribution: str
    version: str

    @property
    def name(self) -> str:
        """The name that users write."""
        return self.point.name

    @property
    def ours(self) -> bool:
        """Whether it is the SDK's own."""
        return self.distribution == DISTRIBUTION


@frozen
class Damaged:
    """A distribution whose entry points cannot be read."""

    distribution: str | None
    version: str | None
    reason: str


@cache
def offers() -> tuple[Offer, ...]:
    """Return all that is offered, but for what damaged distributions do."""
    from importlib.metadata import distributions  # noqa: PLC0415 - 10 ms that `import mesa_sdk` need not pay

    found: dict[str, list[Offer]] = {}
    for each in distributions():
        with suppress(Exception):  # `damaged` tells
            found |= _offers_of(each)
    return tuple(offer for same in found.values() for offer in same)


def _offers_of(candidate: Distribution) -> dict[str, list[Offer]]:
    """Return what a distribution offers, under its name; raise whatever its files make importlib raise."""
    from importlib.metadata import distribution  # noqa: PLC0415 - as above

    if f"[{NAMESPACE}]" not in (candidate.read_text(_FILE) or ""):  # most have none, and are slow to read further
        return {}
    imported = distribution(candidate.name)  # another one, where the path has an older version as well
    name, version = imported.name, imported.version  # read from the file each time
    return {name: [Offer(point, name, version) for point in imported.entry_points.select(group=NAMESPACE)]}


def damaged() -> Iterator[Damaged]:
    """Yield the distributions whose entry points cannot be read, whichever group these are of."""
    from importlib.metadata import distributions  # noqa: PLC0415 - as above

    for each in distributions():
        try:
            _ = each.entry_points, _offers_of(each)
        except Exception as error:  # noqa: BLE001 - told to the reader
            reason = one_line(f"its entry points cannot be read: {type(error).__name__}: {error}")
            yield Damaged(_said(each, "name"), _said(each, "version"), reason)


def _said(distribution: Distribution, field: str) -> str | None:
    try:
        return one_line(str(getattr(distribution, field)))
    except Exception:  # noqa: BLE001 - damaged too
        return None
