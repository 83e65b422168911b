"""What is installed, looked at one by one: what each plugin hooks into and offers, or why it is of no use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from mesa_core.errors import MesaError
from mesa_core.installed import find, installed_names, load, owner_of
from mesa_core.plugins.facade import Plugins
from mesa_core.tables import table

__all__ = ["Installed", "installed", "listing"]


@frozen
class Installed:
    """One entry point of the group `mesa`."""

    name: str
    distribution: str | None
    version: str | None
    hooks: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()
    broken: str | None = None
    """Why it cannot be used; None when it can."""


def installed() -> Iterator[Installed]:
    """Yield all that is installed, the SDK's own first; each is imported, and a broken one does no harm."""
    return map(_looked_at, installed_names())


def _looked_at(name: str) -> Installed:
    try:
        distribution, version = owner_of(find("plugin", name))
    except MesaError as error:
        return Installed(name, None, None, broken=error.message)
    try:
        plugins = Plugins([load("plugin", name)])
        (info,) = plugins
        hooks = tuple(hook for hook in info.hooks if hook != "provide_transports")
        return Installed(name, distribution, version, hooks, tuple(plugins.provide_transports()))
    except MesaError as error:
        return Installed(name, distribution, version, broken=error.message)


def listing(found: Iterable[Installed]) -> str:
    """Return a table, and a sentence for each that is broken."""
    entries = list(found)
    rows = [
        (
            each.name,
            each.distribution or "-",
            each.version or "-",
            "broken" if each.broken else ", ".join(each.hooks) or "-",
            ", ".join(each.transports) or "-",
        )
        for each in entries
    ]
    reasons = [each.broken for each in entries if each.broken]
    return "\n".join([table(("name", "distribution", "version", "hooks", "transports"), rows), *_paragraph(reasons)])


def _paragraph(sentences: list[str]) -> list[str]:
    return ["", *sentences] if sentences else []
