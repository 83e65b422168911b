"""What is installed under the entry point group `mesa`. Looks names up; imports only what is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from attrs import frozen

from mesa_core.errors import ConfigurationError
from mesa_core.hookspecs import NAMESPACE
from mesa_core.suggestions import unknown

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "BUILT_IN_PLUGINS",
    "NamedPlugin",
    "built_in_transports",
    "distribution_of",
    "find",
    "installed_names",
    "load",
    "owner_of",
    "third_party",
]

BUILT_IN_PLUGINS: Final = ("auth", "retries", "tracing", "pagination")
"""Those that every client has."""
_OTHER_PLUGINS: Final = ("cache",)
"""Those of the SDK's own that a client has when its owner names them."""
_OURS: Final = "mesa-sdk"


@frozen
class NamedPlugin:
    """A plugin under the name that its client knows it by, and the distribution it came with, where known."""

    name: str
    plugin: object
    distribution: str | None = None
    version: str | None = None


@cache
def _entry_points() -> Mapping[str, Sequence[EntryPoint]]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - 10 ms that `import mesa_sdk` need not pay

    found: dict[str, list[EntryPoint]] = {}
    for entry_point in entry_points(group=NAMESPACE):
        found.setdefault(entry_point.name, []).append(entry_point)
    # A name of ours is ours: otherwise any installed package could run code in every client.
    return {name: [each for each in same if owner_of(each)[0] == _OURS] or same for name, same in found.items()}


def owner_of(entry_point: EntryPoint) -> tuple[str | None, str | None]:
    """Return name and version of the distribution that an entry point came with, where known."""
    return (entry_point.dist.name, entry_point.dist.version) if entry_point.dist else (None, None)


def find(what: str, name: str) -> EntryPoint:
    """Return the entry point of a name, without importing what it points to.

    Raises:
        ConfigurationError: there is none, or several distributions claim the name.
    """
    same = _entry_points().get(name, ())
    if len(same) > 1:
        owners = ", ".join(sorted(str(owner_of(each)[0]) for each in same))
        raise ConfigurationError(f"{what} {name!r} is claimed by several distributions: {owners}")
    if not same:
        others = (*BUILT_IN_PLUGINS, *_OTHER_PLUGINS) if what == "transport" else built_in_transports()
        raise ConfigurationError(unknown(what, name, _entry_points().keys() - set(others)))
    return same[0]


def load(what: str, name: str) -> NamedPlugin:
    """Import what a name's entry point points to; a class is made an instance.

    Raises:
        ConfigurationError: the name is unknown, or its plugin cannot be imported or made; the cause is chained.
    """
    entry_point = find(what, name)
    owner, version = owner_of(entry_point)
    try:
        loaded = entry_point.load()
        return NamedPlugin(name, loaded() if isinstance(loaded, type) else loaded, owner, version)
    except Exception as error:
        why = error.message if isinstance(error, ConfigurationError) else f"{type(error).__name__}: {error}"
        raise ConfigurationError(f"{what} {name!r} of {owner} {version} cannot be loaded: {why}") from error


def built_in_transports() -> list[str]:
    """Return the names of the SDK's own transports."""
    ours = (name for name, same in _entry_points().items() if owner_of(same[0])[0] == _OURS)
    return sorted(set(ours) - {*BUILT_IN_PLUGINS, *_OTHER_PLUGINS})


def third_party() -> list[str]:
    """Return the names of all entry points that are not the SDK's own."""
    return sorted(name for name, same in _entry_points().items() if owner_of(same[0])[0] != _OURS)


def installed_names() -> list[str]:
    """Return the names of all entry points: our plugins in their order, our transports, then all others."""
    return [*BUILT_IN_PLUGINS, *_OTHER_PLUGINS, *built_in_transports(), *third_party()]


@cache
def distribution_of(module: str) -> tuple[str | None, str | None]:
    """Return name and version of the distribution that a module came with; None for a script's own code."""
    from importlib.metadata import packages_distributions, version  # noqa: PLC0415 - seldom needed

    owners = packages_distributions().get(module.partition(".")[0])
    return (owners[0], version(owners[0])) if owners else (None, None)
