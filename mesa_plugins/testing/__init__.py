"""What authors of plugins test with: a client on a scripted transport, a clock, and the order of hooks.

    from mesa_plugins.testing import Script, answer, assert_hooks

    script = Script(answer(status=503, headers={"Retry-After": "2"}), {"created_at": "2026-01-02T03:04:05Z", …})
    with script.client(plugins=[MyPlugin()]) as client:      # or `async with script.async_client(…)`
        client.org.get(org="acme")
    script.assert_done()                                     # every answer was asked for, and nothing else
    assert script.clock.waits == [2.0]                       # seconds, which took no time
    assert_hooks(script.hooks, ["MyPlugin.before_request", …], of=["MyPlugin"])

Knows no test framework: what fails is an `AssertionError`, under pytest, unittest and in a script.
"""

from __future__ import annotations

from mesa_plugins.testing.answers import Answer, Reply, answer, on
from mesa_plugins.testing.clock import FakeClock
from mesa_plugins.testing.hooks import HookLog, assert_hooks
from mesa_plugins.testing.script import ClientOptions, Script, UnexpectedRequest

__all__ = [
    "Answer",
    "ClientOptions",
    "FakeClock",
    "HookLog",
    "Reply",
    "Script",
    "UnexpectedRequest",
    "answer",
    "assert_hooks",
    "on",
]
