"""What is installed, looked at one by one: what each plugin hooks into and offers, or why it is of no use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions

from attrs import frozen

from mesa_core.entry_points import Offer, offers_of
from mesa_core.errors import ConfigurationError, MesaError
from mesa_core.installed import find, installed_names, load, overruled, reason
from mesa_core.plugins.facade import Plugins
from mesa_core.tables import table
from mesa_core.text import one_line

__all__ = ["Installed", "installed", "listing"]


@frozen
class Installed:
    """One entry point of the group `mesa`, or a distribution whose entry points cannot be read."""

    name: str | None
    distribution: str | None
    version: str | None
    hooks: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()
    broken: str | None = None
    """Why it cannot be used; None when it can."""
    missing: str | None = None
    """What is to be installed before it can be used; None when nothing is."""


def installed() -> Iterator[Installed]:
    """Yield all that is installed, the SDK's own first; each is imported, and a broken one does no harm."""
    yield from map(_looked_at, installed_names())
    yield from map(_overruled, overruled())
    yield from _damaged()


def _looked_at(name: str) -> Installed:
    try:
        offer = find("plugin", name)
    except ConfigurationError as error:
        return Installed(name, None, None, broken=error.message)
    try:
        plugins = Plugins([load("plugin", name)])
    except BaseException as error:  # noqa: BLE001 - whatever one of them does, the others are still to be listed
        return _unusable(offer, error, error.__cause__)
    try:
        return _working(offer, plugins)
    except BaseException as error:  # noqa: BLE001 - likewise
        return _unusable(offer, error, error)


def _working(offer: Offer, plugins: Plugins) -> Installed:
    (info,) = plugins
    hooks = tuple(hook for hook in info.hooks if hook != "provide_transports")
    transports = tuple(plugins.provide_transports())
    return Installed(offer.name, offer.distribution, offer.version, hooks, transports)


def _unusable(offer: Offer, error: BaseException, said: BaseException | None) -> Installed:
    """Return what is told of an error; `said` is what the plugin said itself, which may be a library that it misses."""
    if isinstance(said, ConfigurationError) and isinstance(said.__cause__, ImportError):
        return Installed(offer.name, offer.distribution, offer.version, missing=said.message)
    why = error.message if isinstance(error, MesaError) else f"{_titled(offer)}: {reason(error)}"
    return Installed(offer.name, offer.distribution, offer.version, broken=why)


def _overruled(offer: Offer) -> Installed:
    why = f"{_titled(offer)} is never used: the name is the SDK's own"
    return Installed(offer.name, offer.distribution, offer.version, broken=why)


def _damaged() -> Iterator[Installed]:
    """Yield the distributions whose entry points cannot be read, whichever group these are of."""
    for each in distributions():
        try:
            _ = each.entry_points, offers_of(each)
        except Exception as error:  # noqa: BLE001 - told to the reader
            name, version = _said(each, "name"), _said(each, "version")
            why = f"its entry points cannot be read: {type(error).__name__}: {error}"
            yield Installed(None, name, version, broken=f"distribution {name} {version}: {why}")


def _said(distribution: Distribution, field: str) -> str | None:
    try:
        return one_line(str(getattr(distribution, field)))
    except Exception:  # noqa: BLE001 - damaged too
        return None


def _titled(offer: Offer) -> str:
    return f"plugin {offer.name!r} of {offer.distribution} {offer.version}"


def listing(found: Iterable[Installed]) -> str:
    """Return a table, and a sentence for each that cannot be used."""
    entries = list(found)
    sentences = [one_line(each.broken or each.missing or "") for each in entries]
    head = ("name", "distribution", "version", "hooks", "transports")
    return "\n".join([table(head, list(map(_row, entries))), *_paragraph(list(filter(None, sentences)))])


def _row(each: Installed) -> tuple[str, ...]:
    state = "broken" if each.broken else "not installed" if each.missing else ", ".join(each.hooks)
    cells = (each.name, each.distribution, each.version, state, ", ".join(each.transports))
    return tuple(one_line(cell or "-") for cell in cells)


def _paragraph(sentences: list[str]) -> list[str]:
    return ["", *sentences] if sentences else []
