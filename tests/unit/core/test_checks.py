"""What would make a hook silently do nothing is an error when the client is built."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from mesa_core import Call, MesaError, Plugin, Request, Response, hookimpl
from mesa_sdk import ConfigurationError, Mesa

Client = Callable[..., Mesa]


class MisspeltMarked:
    @hookimpl
    def before_requests(self, request: Request) -> None: ...


class MisspeltUnmarked(Plugin):
    def after_respone(self, response: Response) -> None: ...


class MisspeltBesideARightOne(Plugin):
    def before_request(self, request: Request) -> None: ...

    def on_errors(self, error: MesaError) -> None: ...


class MisspeltSpecName:
    @hookimpl(specname="on_eror")
    def look(self, error: MesaError) -> None: ...


class UnknownArgument(Plugin):
    def before_request(self, requets: Request) -> None:  # type: ignore[override]
        ...


class ArgumentOfAnotherHook(Plugin):
    def before_request(self, response: Response) -> None:  # type: ignore[override]
        ...


class Default(Plugin):
    def before_request(self, request: Request, call: Call | None = None) -> None: ...


class Positional(Plugin):
    def before_request(self, *args: Any) -> None: ...


class Keywords(Plugin):
    def before_request(self, request: Request, **more: Any) -> None: ...


class KeywordOnly(Plugin):
    def before_request(self, *, request: Request) -> None:  # type: ignore[override]
        ...


class Async(Plugin):
    async def before_request(self, request: Request) -> None:  # type: ignore[override]
        ...


class AsyncMarked:
    @hookimpl
    async def before_request(self, request: Request) -> None: ...


class Generator(Plugin):
    def before_request(self, request: Request) -> Iterator[None]:  # type: ignore[override]
        yield


class AsyncGenerator(Plugin):
    async def before_request(self, request: Request) -> AsyncIterator[None]:  # type: ignore[override]
        yield


class Wrapper:
    @hookimpl(wrapper=True)
    def before_request(self, request: Request) -> Iterator[None]:
        yield


class OldWrapper:
    @hookimpl(hookwrapper=True)
    def before_request(self, request: Request) -> Iterator[None]:
        yield


class NoHooks(Plugin):
    def helper(self) -> None: ...


class NotAPlugin:
    def before_request(self, request: Request) -> None: ...


class Switched(Plugin):
    before_request = None  # type: ignore[assignment]


class SetOnTheObject(Plugin):
    def __init__(self) -> None:
        self.on_error = lambda error, call: None  # type: ignore[method-assign]

    def after_call(self, call: Call) -> None: ...


class NameOfAnotherSdk(Plugin):
    def before_call(self, call: Call) -> None: ...

    def on_response(self, response: Response) -> None: ...


class CallableObject(Plugin):
    class Hook:
        def __call__(self, call: Call) -> None: ...

    before_call = Hook()  # type: ignore[assignment]


class Partial(Plugin):
    before_call = functools.partialmethod(lambda self, x, call: None, 1)  # type: ignore[assignment]


class StaticPartial(Plugin):
    before_call = staticmethod(functools.partial(lambda x, call: None, 1))  # type: ignore[assignment]


class Raising(Plugin):
    @property
    def before_call(self) -> None:  # type: ignore[override]
        raise ZeroDivisionError


class Closed(Plugin):
    def before_call(self, call: Call) -> None: ...

    def __dir__(self) -> list[str]:
        raise ZeroDivisionError


class Incomparable(Plugin):
    def before_call(self, call: Call) -> None: ...

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    __hash__ = Plugin.__hash__


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (
            MisspeltMarked(),
            r"unknown hook 'before_requests'; did you mean 'before_request'\? There are: after_call, after_response",
        ),
        (MisspeltUnmarked(), r"'after_respone' is no hook; did you mean 'after_response'\?"),
        (MisspeltBesideARightOne(), r"'on_errors' is no hook; did you mean 'on_error'\?"),
        (MisspeltSpecName(), r"unknown hook 'on_eror'; did you mean 'on_error'\?"),
        (
            UnknownArgument(),
            r"hook 'before_request': unknown argument 'requets'; did you mean 'request'\? .*: call, req",
        ),
        (ArgumentOfAnotherHook(), "hook 'before_request': unknown argument 'response'"),
        (Default(), "hook 'before_request': argument 'call' has a default"),
        (Positional(), r"hook 'before_request': \*args: Any would never be passed; hooks take request, call|\*args"),
        (Keywords(), r"hook 'before_request': \*\*more.* would never be passed"),
        (KeywordOnly(), "hook 'before_request': request.* would never be passed"),
        (Async(), "hook 'before_request': hooks are plain functions"),
        (AsyncMarked(), "hook 'before_request': hooks are plain functions"),
        (Generator(), "hook 'before_request': hooks are plain functions"),
        (AsyncGenerator(), "hook 'before_request': hooks are plain functions"),
        (Wrapper(), "hook 'before_request': wrappers are not supported"),
        (OldWrapper(), "hook 'before_request': wrappers are not supported"),
        (NoHooks(), "plugin 'NoHooks' has no hooks: override one of Plugin's, or mark it with @hookimpl"),
        (NotAPlugin(), "plugin 'NotAPlugin' has no hooks"),
        (Switched(), "hook 'before_request': expected a function, got NoneType"),
        (MisspeltUnmarked, "plugin 'MisspeltUnmarked' is the class MisspeltUnmarked; pass an instance of it"),
        (None, "plugin 'NoneType' has no hooks"),
        (SetOnTheObject(), "'on_error' is set on the object and would never be called; a hook is a method of"),
        (NameOfAnotherSdk(), r"'on_response' is no hook; did you mean 'after_response'\?"),
        (CallableObject(), "hook 'before_call': expected a function, got Hook"),
        (Partial(), "hook 'before_call': expected a function, got partialmethod"),
        (StaticPartial(), "hook 'before_call': expected a function, got partial"),
        (Raising(), "hook 'before_call': expected a function, got property"),
        (Closed(), "plugin 'Closed' cannot be looked at: ZeroDivisionError"),
        (Incomparable(), "plugin 'Incomparable' cannot be looked at: ZeroDivisionError"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_is_refused_and_says_why(client: Client, plugin: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        client(plugins=[plugin])
    assert repr(getattr(plugin, "__name__", type(plugin).__name__)) in str(caught.value)


def test_the_same_object_twice_is_refused(client: Client) -> None:
    plugin = Default()
    with pytest.raises(ConfigurationError, match="the same Default object is listed twice"):
        client(plugins=[plugin, plugin])


def test_an_object_may_put_a_function_in_the_place_of_its_class_s_hook(client: Client) -> None:
    class Replaced(Plugin):
        def after_call(self, call: Call) -> None:
            raise AssertionError

    plugin, calls = Replaced(), []
    plugin.after_call = calls.append  # type: ignore[method-assign]
    with pytest.raises(ConfigurationError, match="hook 'after_call': expected a function, got builtin_function"):
        client(plugins=[plugin])
    plugin.after_call = lambda call: calls.append(call)  # type: ignore[method-assign]  # noqa: PLW0108 - a function
    with pytest.raises(MesaError):
        client(Response(404), plugins=[plugin]).org.get(org="o")
    assert len(calls) == 1


def test_a_helper_with_a_name_of_its_own_is_no_misspelt_hook(client: Client) -> None:
    class Helpful(Plugin):
        def before_request(self, request: Request) -> None: ...

        before_requests = 0  # which counts them

        def request_id(self) -> str:
            return "id"

        def _before_requests(self) -> None: ...

    assert list(client(plugins=[Helpful()]).plugins)[-1].hooks == ("before_request",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"plugins": ["pagnation"]},
            r"unknown plugin 'pagnation'; did you mean 'pagination'\? There are: .*auth.*tracing",
        ),
        ({"plugins": ["zzz"]}, r"unknown plugin 'zzz'\. There are: .*auth.*tracing"),
        ({"transport": "htpx"}, r"unknown transport 'htpx'; did you mean 'httpx'\? There are: .*requests"),
        ({"disable_plugins": ["trace"]}, r"disable_plugins: unknown plugin 'trace'.* There are: auth, pagination, ret"),
        ({"disable_plugins": ["httpx"]}, r"disable_plugins: unknown plugin 'httpx'"),
    ],
)
def test_an_unknown_name_is_told_with_the_names_there_are(
    client: Client, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        client(**options)
