"""What would make a hook silently do nothing, found when a client is built.

pluggy passes over a misspelt hook, an unknown keyword argument, and an `async def` that
nobody awaits; each of these is an error here, which names the plugin and the near name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final, cast

import pluggy

from mesa_core.errors import ConfigurationError
from mesa_core.hookspecs import HOOKS, NAMESPACE, Plugin
from mesa_core.suggestions import unknown

__all__ = ["HookManager", "check_plugin"]

_PLAIN = pluggy.HookimplOpts(
    wrapper=False, hookwrapper=False, optionalhook=False, tryfirst=False, trylast=False, specname=None
)
_ELSEWHERE: Final = {
    "on_request": "before_request",
    "on_response": "after_response",
    "after_request": "after_response",
    "on_exception": "on_error",
}
"""What other libraries call such hooks."""


class HookManager(pluggy.PluginManager):
    """Counts an override of a `Plugin` hook as an implementation, marked or not. Looks at each attribute once."""

    def __init__(self) -> None:
        super().__init__(NAMESPACE)
        self._looked_at: tuple[object, dict[str, pluggy.HookimplOpts | None]] = (None, {})
        self.add_hookspecs(Plugin)

    def parse_hookspec_opts(self, module_or_class: ModuleType | type, name: str) -> pluggy.HookspecOpts | None:
        """Return how `name` of the base class specifies a hook; None when it specifies none."""
        return None if name.startswith("_") else super().parse_hookspec_opts(module_or_class, name)

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Return how `name` of a plugin implements a hook; None when it implements none."""
        if name.startswith("_"):
            return None
        if self._looked_at[0] is not plugin:
            self._looked_at = (plugin, {})
        found = self._looked_at[1]
        if name not in found:  # it is asked for when a plugin is checked, and when it is registered
            found[name] = self._implemented(plugin, name)
        return found[name]

    def _implemented(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        if name not in HOOKS or not isinstance(plugin, Plugin):
            return super().parse_hookimpl_opts(plugin, name)
        overridden = getattr(type(plugin), name) is not getattr(Plugin, name)
        if not overridden and name not in getattr(plugin, "__dict__", {}):
            return None  # as most are, and pluggy takes its time to find that out
        return super().parse_hookimpl_opts(plugin, name) or (_PLAIN if overridden else None)


def check_plugin(manager: HookManager, name: str, plugin: object) -> None:
    """Refuse a plugin that would not work as its author meant.

    Raises:
        ConfigurationError: it is a class, has no hooks, or one of its hooks could never be called rightly.
    """
    if isinstance(plugin, type):
        raise ConfigurationError(f"plugin {name!r} is the class {plugin.__name__}; pass an instance of it")
    hooks = dict(_hooks(manager, name, plugin))
    if not hooks:
        raise ConfigurationError(f"plugin {name!r} has no hooks: override one of Plugin's, or mark it with @hookimpl")
    for attribute, options in hooks.items():
        hook = options["specname"] or attribute
        where = f"plugin {name!r}, hook {hook!r}"
        if hook not in HOOKS:
            raise ConfigurationError(f"plugin {name!r}: {unknown('hook', hook, HOOKS)}")
        if options["wrapper"] or options["hookwrapper"]:
            raise ConfigurationError(f"{where}: wrappers are not supported; use the hooks before and after instead")
        _check_kind(where, plugin, attribute)
        _check_function(where, getattr(plugin, attribute), _parameters(hook))


def _hooks(manager: HookManager, name: str, plugin: object) -> Iterator[tuple[str, pluggy.HookimplOpts]]:
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is not None:
            yield attribute, options
        elif isinstance(plugin, Plugin) and not attribute.startswith("_") and _is_code(plugin, attribute):
            _check_no_hook(name, plugin, attribute)


def _is_code(plugin: object, attribute: str) -> bool:
    """Tell whether an attribute may have been meant as a hook; data under a name like one's was not."""
    found: object = inspect.getattr_static(plugin, attribute)
    return callable(found) or isinstance(found, staticmethod | classmethod | property)


def _check_no_hook(name: str, plugin: Plugin, attribute: str) -> None:
    if attribute in HOOKS:
        if attribute in getattr(plugin, "__dict__", {}):
            raise ConfigurationError(
                f"plugin {name!r}: {attribute!r} is set on the object and would never be called; "
                "a hook is a method of the class"
            )
        return
    from difflib import get_close_matches  # noqa: PLC0415 - a program without mistakes need not hold it

    near = _ELSEWHERE.get(attribute) or next(iter(get_close_matches(attribute, HOOKS, n=1, cutoff=0.85)), None)
    if near:
        raise ConfigurationError(f"plugin {name!r}: {attribute!r} is no hook; did you mean {near!r}?")


@cache
def _parameters(hook: str) -> tuple[str, ...]:
    return tuple(inspect.signature(getattr(Plugin, hook)).parameters)[1:]


def _check_kind(where: str, plugin: object, attribute: str) -> None:
    function: Any = inspect.getattr_static(plugin, attribute)  # so that no property is run
    if isinstance(function, staticmethod | classmethod):
        function = cast("Any", function).__func__
    if not isinstance(function, FunctionType | MethodType):
        raise ConfigurationError(f"{where}: expected a function, got {type(function).__name__}")


def _check_function(where: str, function: Callable[..., Any], known: tuple[str, ...]) -> None:
    if (
        inspect.iscoroutinefunction(function)
        or inspect.isasyncgenfunction(function)
        or inspect.isgeneratorfunction(function)
    ):
        raise ConfigurationError(
            f"{where}: hooks are plain functions; nothing awaits or iterates what this one returns"
        )
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ConfigurationError(f"{where}: {parameter} would never be passed; hooks take {', '.join(known)}")
        if parameter.name not in known:
            raise ConfigurationError(f"{where}: {unknown('argument', parameter.name, known)}")
        if parameter.default is not parameter.empty:
            raise ConfigurationError(f"{where}: argument {parameter.name!r} has a default, so it would never be passed")
