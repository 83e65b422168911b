"""Finds the transport that a client names, and checks that it is one of the client's world."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mesa_core.config import ClientConfig
from mesa_core.entry_points import own_offers
from mesa_core.errors import ConfigurationError
from mesa_core.installed import built_in_transports, load
from mesa_core.plugins import Plugins
from mesa_core.suggestions import unknown
from mesa_core.transport import AsyncTransport, Transport, TransportFactory, TwoWorlds

__all__ = ["make_async_transport", "make_transport", "named_async_transport", "named_transport"]


def make_transport(config: ClientConfig, plugins: Plugins) -> Transport:
    """Return the blocking transport that a client names, or the object that it was given.

    Raises:
        ConfigurationError: the name is unknown, the options are not the transport's, or it is not blocking.
    """
    made = _made(config, plugins, "send")
    if isinstance(made, Transport):
        return made
    raise ConfigurationError(_wrong_world("Mesa", config.transport, "send", "close"))


def make_async_transport(config: ClientConfig, plugins: Plugins) -> AsyncTransport:
    """Return the async transport that a client names, or the object that it was given; raises as `make_transport`."""
    made = _made(config, plugins, "asend")
    if isinstance(made, AsyncTransport):
        return made
    raise ConfigurationError(_wrong_world("AsyncMesa", config.transport, "asend", "aclose"))


def named_transport(name: str, options: Mapping[str, Any]) -> Transport:
    """Return an installed blocking transport, made with options (`Any`: each transport's own), as a client would.

    Raises:
        ConfigurationError: the name is unknown, the options are not the transport's, or it is not blocking.
    """
    made = _make(name, _installed_factory(name), options, "send")
    if isinstance(made, Transport):
        return made
    raise ConfigurationError(_wrong_world("Mesa", name, "send", "close"))


def named_async_transport(name: str, options: Mapping[str, Any]) -> AsyncTransport:
    """Return an installed async transport; raises as `named_transport`."""
    made = _make(name, _installed_factory(name), options, "asend")
    if isinstance(made, AsyncTransport):
        return made
    raise ConfigurationError(_wrong_world("AsyncMesa", name, "asend", "aclose"))


def _made(config: ClientConfig, plugins: Plugins, verb: str) -> object:
    given = config.transport
    if not isinstance(given, str):
        if config.transport_options:
            raise ConfigurationError("transport_options: they are for a transport given by name, not for an object")
        if isinstance(given, type):
            raise ConfigurationError(f"transport: expected a name or an object, got the class {given.__name__}")
        _refuse_client_of_a_library(given)
        return given
    return _make(
        given, plugins.provide_transports().get(given) or _installed_factory(given), config.transport_options, verb
    )


def _make(name: str, offered: TransportFactory, options: Mapping[str, Any], verb: str) -> object:
    factory = _of_world(offered, verb)
    if isinstance(factory, type) and not hasattr(factory, verb):
        return None
    if not callable(factory):
        raise ConfigurationError(f"transport {name!r}: expected a factory, got {type(factory).__name__}")
    return _call(name, factory, options)


def _call(name: str, factory: Callable[..., object], options: Mapping[str, Any]) -> object:
    try:
        inspect.signature(factory).bind(**options)
    except TypeError:
        raise ConfigurationError(_wrong_options(name, factory, options)) from None
    except ValueError:
        pass  # written in C, and without a signature
    try:
        return factory(**options)
    except ConfigurationError:
        raise
    except Exception as error:  # its text may show an option, such as a proxy's password
        raise ConfigurationError(f"transport {name!r} cannot be made: {type(error).__name__}") from error


def _of_world(factory: TransportFactory, verb: str) -> Callable[..., Transport | AsyncTransport]:
    if isinstance(factory, TwoWorlds):
        return factory.blocking if verb == "send" else factory.nonblocking
    return factory


def _installed_factory(name: str) -> TransportFactory:
    offers = Plugins([load("transport", name)]).provide_transports()
    if name not in offers:
        raise ConfigurationError(f"transport {name!r}: the plugin of that name provides {', '.join(offers) or 'none'}")
    return offers[name]


def _refuse_client_of_a_library(given: object) -> None:
    """Refuse what a library itself sends with, whose `send` is another: it goes into the transport of its name."""
    name, kind = type(given).__module__.partition(".")[0], type(given).__name__
    if name not in own_offers() or name not in built_in_transports():
        return
    factory = _of_world(_installed_factory(name), "asend" if kind.startswith("Async") else "send")
    for option in ("client", "session"):
        if option in inspect.signature(factory).parameters:
            raise ConfigurationError(
                f"transport: expected a transport, got {name}'s own {kind}; "
                f"pass transport={name!r} and transport_options={{{option!r}: …}} with it"
            )


def _wrong_world(client: str, given: object, *verbs: str) -> str:
    name = repr(given) if isinstance(given, str) else type(given).__name__
    working = ", ".join(_working(verbs[0]))
    return f"transport: {client} cannot use {name}, which has no {' and '.join(verbs)}; those that it can: {working}"


def _working(verb: str) -> Iterator[str]:
    """Yield the names of the SDK's own transports of a world; those whose library is not installed are left out."""
    for name in built_in_transports():
        try:
            factory = _of_world(_installed_factory(name), verb)
        except ConfigurationError:
            continue
        if hasattr(factory, verb):
            yield name


def _wrong_options(name: str, factory: Callable[..., object], given: Mapping[str, Any]) -> str:
    known = [each.name for each in inspect.signature(factory).parameters.values() if each.kind is each.KEYWORD_ONLY]
    for option in given:
        if option not in known:
            return f"transport_options of {name!r}: {unknown('option', option, known)}"
    return f"transport_options of {name!r}: expected {', '.join(known)}, got {', '.join(given) or 'none'}"
