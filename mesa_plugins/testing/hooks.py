"""The hooks of a client, in the order in which they are called."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import ndiff

from mesa_core import AsyncMesa, Mesa

__all__ = ["HookLog", "assert_hooks"]


class HookLog:
    """Notes each call of a hook of the clients that it watches, the built-in plugins' too, as "plugin.hook".

    Example:
        >>> hooks = HookLog()
        >>> hooks.watch(client)
        >>> client.org.get(org="acme")
        >>> hooks.calls
        ['tracing.before_call', 'audit.before_request', 'auth.before_request', …]
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        """The calls so far. A plugin has the name that `client.plugins` shows."""

    def watch(self, client: Mesa | AsyncMesa) -> None:
        """Note the hooks of a client from now on."""
        client.plugins.watch(lambda plugin, hook: self.calls.append(f"{plugin}.{hook}"))


def assert_hooks(log: HookLog, expected: Sequence[str], *, of: Collection[str] | None = None) -> None:
    """Assert which hooks were called, and in which order.

    Args:
        log: What was noted, such as `script.hooks`.
        expected: Names such as "audit.before_request".
        of: The names of the plugins to look at; all of them by default. A test that looks at the built-in ones too
            holds their hooks fast as well, which a new version of the SDK may change.

    Raises:
        AssertionError: it was otherwise; the message shows the difference.
    """
    __tracebackhide__ = True
    called = [call for call in log.calls if of is None or call.rpartition(".")[0] in of]
    if called != list(expected):
        difference = [line for line in ndiff(expected, called) if not line.startswith("?")]
        raise AssertionError("\n".join(["hooks were called otherwise than expected (-) but so (+):", *difference]))
