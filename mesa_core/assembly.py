"""A client's parts by name: its plugins, in order, and its transport."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mesa_core.config import ClientConfig
from mesa_core.errors import ConfigurationError
from mesa_core.installed import BUILT_IN_PLUGINS, NamedPlugin, load, third_party
from mesa_core.plugins import Plugins
from mesa_core.suggestions import unknown
from mesa_core.transport import AsyncTransport, Transport, TransportFactory

__all__ = ["load_plugins", "make_transport"]


def load_plugins(config: ClientConfig) -> Plugins:
    """Return a client's plugins: the built-in four, then those its owner named, without those switched off.

    Raises:
        ConfigurationError: a name is unknown, or what was given is no plugin.
    """
    given = list(_unique(_expanded(config.plugins)))
    names = [*BUILT_IN_PLUGINS, *(name for name, _ in given)]
    for name in config.disable_plugins:
        if name not in names:
            raise ConfigurationError(f"disable_plugins: {unknown('plugin', name, names)}")
    wanted = [*((name, name) for name in BUILT_IN_PLUGINS), *given]
    return Plugins(
        load("plugin", each) if isinstance(each, str) else NamedPlugin(name, each)
        for name, each in wanted
        if name not in config.disable_plugins
    )


def _expanded(given: Iterable[object]) -> Iterator[object]:
    for each in given:
        yield from third_party() if each == "*" else (each,)


def _unique(given: Iterable[object]) -> Iterator[tuple[str, object]]:
    """Pair each plugin with a name of its own; a name asked for twice is one plugin."""
    seen: dict[str, object] = {name: name for name in BUILT_IN_PLUGINS}
    for each in given:
        if isinstance(each, str):
            name = each
            if seen.get(name) == name:
                continue
        elif any(each is other for other in seen.values()):
            raise ConfigurationError(f"plugins: the same {type(each).__name__} object is listed twice")
        else:
            name = _name_of(each, seen)
        seen[name] = each
        yield name, each


def _name_of(plugin: object, taken: Mapping[str, object]) -> str:
    base = getattr(plugin, "__name__", None) or type(plugin).__name__
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return str(name)


def make_transport(config: ClientConfig, plugins: Plugins) -> Transport | AsyncTransport:
    """Return the transport that a client names, or the object that it was given.

    Raises:
        ConfigurationError: the name is unknown, or the options are not those of the transport.
    """
    given = config.transport
    if not isinstance(given, str):
        if config.transport_options:
            raise ConfigurationError("transport_options: they are for a transport given by name, not for an object")
        return given
    factory = plugins.provide_transports().get(given) or _installed_factory(given)
    try:
        inspect.signature(factory).bind(**config.transport_options)
    except TypeError:
        raise ConfigurationError(_wrong_options(given, factory, config.transport_options)) from None
    return factory(**config.transport_options)


def _installed_factory(name: str) -> TransportFactory:
    offers = Plugins([load("transport", name)]).provide_transports()
    if name not in offers:
        raise ConfigurationError(f"transport {name!r}: the plugin of that name provides {', '.join(offers) or 'none'}")
    return offers[name]


def _wrong_options(name: str, factory: TransportFactory, given: Mapping[str, Any]) -> str:
    known = [each.name for each in inspect.signature(factory).parameters.values() if each.kind is each.KEYWORD_ONLY]
    for option in given:
        if option not in known:
            return f"transport_options of {name!r}: {unknown('option', option, known)}"
    return f"transport_options of {name!r}: expected {', '.join(known)}, got {', '.join(given) or 'none'}"
