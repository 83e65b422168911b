"""The hooks that a plugin may implement: the hook specs and the base class of plugins in one.

Subclass `Plugin` and override what you need, or mark methods of any object or module with
`@hookimpl`. Hooks are synchronous and do no I/O: they look, change a request or a response
in place, and answer with a decision. The exchange acts on it, in both worlds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pluggy

from mesa_core.errors import MesaError
from mesa_core.http import Request, Response
from mesa_core.transport import TransportFactory

if TYPE_CHECKING:
    from mesa_core.call import Call, Instead, Retry
    from mesa_core.operations import Operation

__all__ = ["HOOKS", "NAMESPACE", "Plugin", "hookimpl"]

NAMESPACE: Final = "mesa"
"""The pluggy project name and the entry point group."""

hookspec = pluggy.HookspecMarker(NAMESPACE)
hookimpl = pluggy.HookimplMarker(NAMESPACE)
"""Marks a method as a hook; takes `tryfirst=True` or `trylast=True` to move it in the order."""


class Plugin:
    """Base class of plugins. Each hook does nothing until it is overridden.

    All plugins run, in the order of `client.plugins`. The first answer that is not None
    wins; the plugins after it still see the call. What a plugin keeps for one call belongs
    in `call.state`, never on the plugin, which all threads share.
    """

    @hookspec
    def provide_transports(self) -> Mapping[str, TransportFactory]:
        """Offer transports by name, when a client looks its transport up.

        A factory takes `transport_options` as keyword arguments.
        """
        return {}

    @hookspec
    def before_call(self, call: Call) -> None:
        """Note that a call begins, before its first attempt. Only an observer: it has nothing to answer."""

    @hookspec
    def before_request(self, request: Request, call: Call) -> Response | Instead | None:
        """Change `request` in place before it is sent, or return a response to answer without sending.

        Runs once per attempt, after any wait, on a fresh request.

        Args:
            request: What is about to be sent; its headers, URL and content may be changed.
            call: The call that it is for.

        Returns:
            None to go on; a `Response`, and nothing is sent; or an `Instead`, which says more: an error to fail with as
            the transport would, a delay, or that the answer to the request is to be lost.
        """

    @hookspec
    def after_response(self, response: Response, call: Call) -> Retry | None:
        """Look at a response or change it in place; return a `Retry` to ask again, for example to poll.

        Runs for every response of every attempt, whatever its status and whoever made it.

        Args:
            response: What has come; its headers and content may be changed.
            call: The call that it is for.

        Returns:
            None to go on, or `Retry(after)` for another attempt after so many seconds.
        """

    @hookspec
    def on_error(self, error: MesaError, call: Call) -> Retry | Response | None:
        """Decide about a failed attempt: `Retry(after)`, a response to go on with, or None to raise.

        Args:
            error: A `TransportError`, an `APIError` for an error status, or a `ResponseValidationError` for a body that
                cannot be read.
            call: The call that failed in this attempt.

        Returns:
            None to raise it, `Retry(after)` for another attempt after so many seconds, or a `Response` to take instead.
        """

    @hookspec
    def after_call(self, error: BaseException | None, call: Call) -> None:
        """Note that a call has ended: once for each call that began, whatever became of it.

        Only an observer: the call is over, and has nothing left to ask.

        Args:
            error: None when the caller gets a result, a `MesaError` when the call failed, and any other exception when
                it was broken off: a `GeneratorExit` when the caller was cancelled or interrupted, in an attempt or in a
                wait.
            call: The call, with all of its attempts.
        """

    @hookspec
    def next_page(self, operation: Operation[Any], result: object, call: Call) -> Operation[Any] | None:
        """Return the operation that fetches the page after `result`, or None when this hook knows of none.

        Runs when a page is asked for its next. `Any`: pages of every type pass through here.

        Args:
            operation: What fetched the page.
            result: What the page holds, such as a `RepoPage`.
            call: The call that fetched it.
        """


HOOKS: Final = tuple(name for name in vars(Plugin) if not name.startswith("_"))
