"""The plugins of one client: loaded by name, checked, called in order, and blamed by name.

Alone in touching pluggy's hooks. pluggy registers and orders the implementations; they are
called from here, since a failure must name its plugin and the first answer wins while all run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from attrs import evolve, frozen

from mesa_core.call import Instead, Retry
from mesa_core.checks import HookManager, check_plugin
from mesa_core.errors import ConfigurationError, MesaError, PluginError, note_once
from mesa_core.hookspecs import HOOKS
from mesa_core.http import Request, Response
from mesa_core.installed import NamedPlugin, distribution_of
from mesa_core.operations import Operation
from mesa_core.suggestions import unknown
from mesa_core.tables import table
from mesa_core.transport import TransportFactory

if TYPE_CHECKING:
    from pluggy import HookImpl

    from mesa_core.call import Call

__all__ = ["PluginInfo", "Plugins"]

A = TypeVar("A")
_NOTHING: Final[tuple[type[object], ...]] = ()
Op = TypeVar("Op", bound=Operation[Any])


@frozen
class PluginInfo:
    """One plugin of a client."""

    name: str
    distribution: str | None
    """The distribution it came with; None for code that belongs to none."""
    version: str | None
    hooks: tuple[str, ...]

    def __str__(self) -> str:
        return f"plugin {self.name!r}" + (f" of {self.distribution} {self.version}" if self.distribution else "")


@frozen(eq=False, repr=False)
class _Entry:
    named: NamedPlugin
    hooks: tuple[str, ...]

    @property
    def info(self) -> PluginInfo:
        owner = (self.named.distribution, self.named.version)
        if owner[0] is None:
            plugin = self.named.plugin
            owner = distribution_of(plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__)
        return PluginInfo(self.named.name, *owner, self.hooks)


@frozen(eq=False, repr=False)
class _Implementation:
    entry: _Entry
    function: Callable[..., object]
    """Takes the hook's arguments in the order of its spec, whichever of them the plugin takes."""

    def blamed(self, hook: str, error: BaseException) -> BaseException:
        """Return what the caller sees of what the plugin raised; it names the plugin."""
        if isinstance(error, MesaError):  # a decision of the plugin's, such as refusing a request
            note_once(error, f"raised by {self.entry.info} in {hook}")
            return error
        if not isinstance(error, Exception):  # the user's interrupt
            return error
        # Its text may hold a secret, so its type must do; the cause has the rest.
        broken = _broken(self.entry, hook, f"raised {type(error).__name__}")
        broken.__cause__ = error
        return broken

    def no_answer(self, hook: str, kinds: tuple[type[object], ...], answer: object) -> PluginError:
        """Return what the caller sees of an answer that is none; it names the plugin."""
        expected = " or ".join([*(kind.__name__ for kind in kinds), "None"])
        return _broken(self.entry, hook, f"returned {type(answer).__name__}, not {expected}")

    def offered(self) -> Mapping[str, TransportFactory]:
        """Return the transports that the plugin provides."""
        hook = "provide_transports"
        try:
            offers: object = self.function()
        except Exception as error:  # noqa: BLE001 - blamed on the plugin
            blamed = self.blamed(hook, error)
            raise blamed from blamed.__cause__
        if offers is None:
            return {}
        if not isinstance(offers, Mapping):
            raise self.no_answer(hook, (Mapping,), offers)
        for name in cast("Mapping[object, TransportFactory]", offers):
            if not isinstance(name, str):
                raise _broken(self.entry, hook, f"returned a name of type {type(name).__name__}, not str,")
        return cast("Mapping[str, TransportFactory]", offers)

    def watched(self, hook: str, saw: Callable[[str, str], object]) -> _Implementation:
        """Return the same, saying so before it is called."""

        def function(*arguments: object) -> object:
            saw(self.entry.named.name, hook)
            return self.function(*arguments)

        return evolve(self, function=function)


class Plugins:
    """The plugins of a client, in the order in which they run; `print` shows a table."""

    def __init__(self, plugins: Iterable[NamedPlugin]) -> None:
        """Register plugins in the order in which they are to run.

        Raises:
            ConfigurationError: one of them is no plugin, or one of its hooks would not work.
        """
        named = list(plugins)
        self._entries: dict[str, _Entry] = {}
        manager = HookManager()
        for each in reversed(named):  # pluggy calls the last registered first
            _register(manager, each)
        self._entries = {each.name: _Entry(each, _hooks(manager, each.plugin)) for each in named}
        self._implementations = {hook: self._ordered(manager, hook) for hook in HOOKS}

    def _ordered(self, manager: HookManager, hook: str) -> tuple[_Implementation, ...]:
        caller = getattr(manager.hook, hook)
        return tuple(
            _Implementation(self._entries[each.plugin_name], _taking(caller.spec.argnames, each))
            for each in reversed(caller.get_hookimpls())
        )

    def provide_transports(self) -> dict[str, TransportFactory]:
        """Return the transports that the plugins offer, by name; the first plugin to offer a name has it."""
        offers: dict[str, TransportFactory] = {}
        for implementation in self._implementations["provide_transports"]:
            offers = {**implementation.offered(), **offers}
        return offers

    def before_call(self, call: Call) -> None:
        """Tell all plugins that a call begins."""
        self._first("before_call", _NOTHING, call)

    def before_request(self, request: Request, call: Call) -> Response | Instead | None:
        """Let all plugins see and change a request; return the first decision about what it ends in."""
        kinds: tuple[type[Response | Instead], ...] = (Response, Instead)
        return self._first("before_request", kinds, request, call)

    def after_response(self, response: Response, call: Call) -> Retry | None:
        """Let all plugins see and change a response; return the first decision to ask again."""
        return self._first("after_response", (Retry,), response, call)

    def on_error(self, error: MesaError, call: Call) -> Retry | Response | None:
        """Let all plugins see a failed attempt; return the first decision."""
        kinds: tuple[type[Retry | Response], ...] = (Retry, Response)
        return self._first("on_error", kinds, error, call)

    def after_call(self, error: BaseException | None, call: Call) -> None:
        """Tell all plugins that a call has ended, and how."""
        self._first("after_call", _NOTHING, error, call)

    def next_page(self, operation: Op, result: object, call: Call) -> Op | None:
        """Return the operation that fetches the next page, from the first plugin that knows one."""
        return self._first("next_page", (type(operation),), operation, result, call)

    def _first(self, hook: str, kinds: tuple[type[A], ...], *arguments: object) -> A | None:
        """Ask every plugin, also after one broke, so that each sees the end of what it saw begin; then raise.

        The first failure is raised, unless the user's interrupt comes after it. All in one function, since every call
        of every client comes through it several times.
        """
        first: A | None = None
        failure: BaseException | None = None
        blamed: BaseException | None
        for implementation in self._implementations[hook]:
            try:
                answer = implementation.function(*arguments)
            except BaseException as error:  # noqa: BLE001 - raised below
                blamed = implementation.blamed(hook, error)
            else:
                if answer is None:
                    continue
                if isinstance(answer, kinds):
                    first = answer if first is None else first
                    continue
                blamed = implementation.no_answer(hook, kinds, answer)
            if failure is None or not isinstance(blamed, MesaError):
                failure = blamed
        if failure is not None:
            try:
                raise failure
            finally:
                failure = blamed = None  # their tracebacks have this frame: a circle
        return first

    def watch(self, saw: Callable[[str, str], object]) -> None:
        """Call `saw(plugin, hook)`, with their names, before each hook is called, for tests of the order."""
        self._implementations = {
            hook: tuple(each.watched(hook, saw) for each in found) for hook, found in self._implementations.items()
        }

    def __getitem__(self, name: str) -> Any:
        """Return the plugin of a name, as its author made it, hence `Any`; such as one that counts.

        Raises:
            KeyError: the client has no plugin of this name.
        """
        if name not in self._entries:
            raise KeyError(unknown("plugin", name, self._entries))
        return self._entries[name].named.plugin

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[PluginInfo]:
        return (entry.info for entry in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __str__(self) -> str:
        rows = [(info.name, info.distribution or "-", info.version or "-", ", ".join(info.hooks)) for info in self]
        return table(("name", "distribution", "version", "hooks"), rows)

    def __repr__(self) -> str:
        return f"<Plugins: {', '.join(self._entries)}>"


def _taking(names: tuple[str, ...], implementation: HookImpl) -> Callable[..., object]:
    """Return a plugin's function as one that takes a hook's arguments in order; it may name only some of them."""
    function, own = implementation.function, implementation.argnames
    if own == names:
        return function
    places = [names.index(name) for name in own]
    return lambda *arguments: function(*[arguments[place] for place in places])


def _register(manager: HookManager, named: NamedPlugin) -> None:
    try:
        check_plugin(manager, named.name, named.plugin)
        bool(named.plugin == manager)  # as pluggy will compare it, in the name of whichever comes next
        manager.register(named.plugin, named.name)
    except ConfigurationError:
        raise
    except Exception as error:  # such as a __dir__ or an __eq__ that raises
        raise ConfigurationError(f"plugin {named.name!r} cannot be looked at: {type(error).__name__}") from error


def _broken(entry: _Entry, hook: str, what: str) -> PluginError:
    info = entry.info
    return PluginError(f"{info} {what} in {hook}", plugin=info.name, distribution=info.distribution, hook=hook)


def _hooks(manager: HookManager, plugin: object) -> tuple[str, ...]:
    names = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
    return tuple(hook for hook in HOOKS if hook in names)
