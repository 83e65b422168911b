"""Puts together the world that a client's configuration asks for: its plugins, in order, and its transport."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mesa_core.call import Clock
from mesa_core.config import ClientConfig
from mesa_core.drivers import SystemClock
from mesa_core.errors import ConfigurationError
from mesa_core.installed import BUILT_IN_PLUGINS, NamedPlugin, load, third_party
from mesa_core.lifetime import Lifetime
from mesa_core.plugins import Plugins
from mesa_core.suggestions import unknown
from mesa_core.transport import BringsClock
from mesa_core.transport_lookup import make_async_transport, make_transport
from mesa_core.worlds import Blocking, NonBlocking, Parts

__all__ = ["load_plugins", "open_blocking", "open_nonblocking"]


def open_blocking(config: ClientConfig, clock: Clock | None) -> Blocking:
    """Return the world of a blocking client.

    Raises:
        ConfigurationError: a plugin or the transport is not what it must be.
    """
    plugins = load_plugins(config)
    transport = make_transport(config, plugins)
    parts = Parts(config, plugins, clock or _clock_of(transport))
    return Blocking(parts, Lifetime(transport, owned=isinstance(config.transport, str)))


def open_nonblocking(config: ClientConfig, clock: Clock | None) -> NonBlocking:
    """Return the world of an async client; raises as `open_blocking` does."""
    plugins = load_plugins(config)
    transport = make_async_transport(config, plugins)
    parts = Parts(config, plugins, clock or _clock_of(transport))
    return NonBlocking(parts, Lifetime(transport, owned=isinstance(config.transport, str)))


def _clock_of(transport: object) -> Clock:
    return transport.client_clock if isinstance(transport, BringsClock) else SystemClock()


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
    loaded = [
        load("plugin", each) if isinstance(each, str) else NamedPlugin(name, each)
        for name, each in wanted
        if name not in config.disable_plugins
    ]
    _check_none_runs_twice(loaded)
    return Plugins(loaded)


def _check_none_runs_twice(plugins: Iterable[NamedPlugin]) -> None:
    kinds: dict[str, type[object]] = {}
    for each in plugins:
        if each.name in BUILT_IN_PLUGINS:
            kinds[each.name] = type(each.plugin)
            continue
        for name, kind in kinds.items():
            if isinstance(each.plugin, kind):
                raise ConfigurationError(
                    f"plugin {each.name!r} would run beside the built-in {name!r}, which does the same; "
                    f"to run it instead, pass disable_plugins=[{name!r}] too"
                )


def _expanded(given: Iterable[object]) -> Iterator[object]:
    for each in given:
        yield from third_party() if isinstance(each, str) and each == "*" else (each,)


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
