"""What the installed distributions offer under the entry point group `mesa`. Reads files; imports what is asked for.

One distribution whose files are damaged must not take the others away from every client, so each is read on its own.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, reduce
from importlib import import_module
from typing import TYPE_CHECKING, Final

from attrs import frozen

from mesa_core.hookspecs import NAMESPACE
from mesa_core.version import __version__

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["DISTRIBUTION", "Offer", "offers", "offers_of", "own_offers"]

DISTRIBUTION: Final = "mesa-sdk"
"""The SDK's own distribution."""
_FILE: Final = "entry_points.txt"
_OWN_FILE: Final = f"mesa_sdk-{__version__}.dist-info/{_FILE}"


@frozen(eq=False, repr=False)
class Offer:
    """An entry point, and name and version of the distribution that it came with."""

    name: str
    """The name that users write."""
    target: str
    """What it points to, such as "module:Class"."""
    distribution: str
    version: str

    @property
    def ours(self) -> bool:
        """Whether it is the SDK's own."""
        return self.distribution == DISTRIBUTION

    def load(self) -> object:
        """Import what it points to; raise whatever that raises."""
        module, _, attributes = self.target.partition("[")[0].partition(":")  # what is in brackets are extras
        return reduce(getattr, filter(None, attributes.strip().split(".")), import_module(module.strip()))


@cache
def own_offers() -> Mapping[str, Offer]:
    """Return what the SDK itself offers, by name; nothing where that is in no folder of the path, as in a zip file.

    Read without importlib.metadata, which would be 20 ms and 0.6 MiB for each program that names no others.
    """
    for folder in sys.path:
        with suppress(OSError, ValueError), open(f"{folder or '.'}/{_OWN_FILE}", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is seldom loaded yet
            return _own_offers(file.read())
    return {}


def _own_offers(text: str) -> dict[str, Offer]:
    section = text.partition(f"[{NAMESPACE}]\n")[2].partition("\n[")[0]
    lines = (line.partition(" = ") for line in section.splitlines())
    return {name: Offer(name, target, DISTRIBUTION, __version__) for name, _, target in lines if target}


@cache
def offers() -> tuple[Offer, ...]:
    """Return all that is offered, but for what damaged distributions do."""
    from importlib.metadata import distributions  # noqa: PLC0415 - as said above

    found: dict[str, list[Offer]] = {}
    for each in distributions():
        with suppress(Exception):  # `python -m mesa_core.plugins` tells
            found |= offers_of(each)
    return tuple(offer for same in found.values() for offer in same)


def offers_of(candidate: Distribution) -> dict[str, list[Offer]]:
    """Return what a distribution offers, under its name; raise whatever its files make importlib raise."""
    from importlib.metadata import distribution  # noqa: PLC0415 - as above

    if f"[{NAMESPACE}]" not in (candidate.read_text(_FILE) or ""):  # most have none, and are slow to read further
        return {}
    imported = distribution(candidate.name)  # another one, where the path has an older version as well
    name, version = imported.name, imported.version  # read from the file each time
    points = imported.entry_points.select(group=NAMESPACE)
    return {name: [Offer(point.name, point.value, name, version) for point in points]}
