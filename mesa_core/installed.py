"""The plugins and transports that are installed, by name. Imports only what is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from attrs import frozen

from mesa_core.entry_points import Offer, offers, own_offers
from mesa_core.errors import ConfigurationError
from mesa_core.suggestions import unknown
from mesa_core.text import one_line

__all__ = [
    "BUILT_IN_PLUGINS",
    "NamedPlugin",
    "built_in_transports",
    "distribution_of",
    "find",
    "installed_names",
    "load",
    "overruled",
    "reason",
    "third_party",
]

BUILT_IN_PLUGINS: Final = ("auth", "retries", "tracing", "pagination")
"""Those that every client has."""
_OTHER_PLUGINS: Final = ("cache",)
"""Those of the SDK's own that a client has when its owner names them."""


@frozen(eq=False, repr=False)
class NamedPlugin:
    """A plugin under the name that its client knows it by, and the distribution it came with, where known."""

    name: str
    plugin: object
    distribution: str | None = None
    version: str | None = None


@cache
def _by_name() -> Mapping[str, Sequence[Offer]]:
    found: dict[str, list[Offer]] = {}
    for offer in offers():
        found.setdefault(offer.name, []).append(offer)
    # A name of ours is ours: otherwise any installed package could run code in every client.
    return {name: [each for each in same if each.ours] or same for name, same in found.items()}


def overruled() -> list[Offer]:
    """Return what other distributions offer under a name of ours, which nobody is given."""
    return [offer for offer in offers() if offer not in _by_name()[offer.name]]


def find(what: str, name: str) -> Offer:
    """Return what is offered under a name, without importing it.

    Raises:
        ConfigurationError: there is none, or it is offered more than once.
    """
    if name in own_offers():  # without a look at what others offer: a name of ours is ours
        return own_offers()[name]
    same = _by_name().get(name, ())
    if len(same) > 1:
        raise ConfigurationError(f"{what} {name!r} is {_claimed(same)}")
    if not same:
        others = (*BUILT_IN_PLUGINS, *_OTHER_PLUGINS) if what == "transport" else built_in_transports()
        raise ConfigurationError(unknown(what, name, _by_name().keys() - set(others)))
    return same[0]


def _claimed(same: Sequence[Offer]) -> str:
    owners = sorted({each.distribution for each in same})
    return f"claimed {'by several distributions' if len(owners) > 1 else 'more than once'}: {', '.join(owners)}"


def load(what: str, name: str) -> NamedPlugin:
    """Import what a name's entry point points to; a class is made an instance.

    Raises:
        ConfigurationError: the name is unknown, or its plugin cannot be imported or made; the cause is chained.
    """
    offer = find(what, name)
    owner, version = offer.distribution, offer.version
    try:
        loaded = offer.load()
        return NamedPlugin(name, loaded() if isinstance(loaded, type) else loaded, owner, version)
    except KeyboardInterrupt:  # the user's
        raise
    except BaseException as error:  # a library must not end the program that tries it
        raise ConfigurationError(f"{what} {name!r} of {owner} {version} cannot be loaded: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """Return what went wrong, in a line."""
    if isinstance(error, ConfigurationError):
        return error.message
    if isinstance(error, SystemExit):
        return f"it called sys.exit({error.code!r})"
    return one_line(f"{type(error).__name__}: {error}").removesuffix(":")


def built_in_transports() -> list[str]:
    """Return the names of the SDK's own transports."""
    ours = (name for name, same in _by_name().items() if same[0].ours)
    return sorted(set(ours) - {*BUILT_IN_PLUGINS, *_OTHER_PLUGINS})


def third_party() -> list[str]:
    """Return the names of all entry points that are not the SDK's own."""
    return sorted(name for name, same in _by_name().items() if not same[0].ours)


def installed_names() -> list[str]:
    """Return the names of all entry points: our plugins in their order, our transports, then all others."""
    return [*BUILT_IN_PLUGINS, *_OTHER_PLUGINS, *built_in_transports(), *third_party()]


@cache
def distribution_of(module: str) -> tuple[str | None, str | None]:
    """Return name and version of the distribution that a module came with; None for a script's own code."""
    from importlib.metadata import packages_distributions, version  # noqa: PLC0415 - seldom needed

    owners = packages_distributions().get(module.partition(".")[0])
    return (owners[0], version(owners[0])) if owners else (None, None)
