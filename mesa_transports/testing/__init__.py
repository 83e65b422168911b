"""The suite that every HTTP transport passes, ours and anyone's. Needs pytest.

    from mesa_transports.testing import TransportSuite

    class TestMyTransport(TransportSuite):
        def make(self, **options):
            return MyTransport(**options)

The suite brings a server on loopback that fails on demand, and drives the transport through
real sockets. `worlds = ("async",)` on the class tests an `AsyncTransport`, `("blocking", "async")`
one that is both; `loops = ("asyncio", "trio")` tests it on both kinds of event loop.
`FaultServer` serves further tests of your own.
"""

from __future__ import annotations

import pytest

# Before the modules with assertions are imported, so that a failure shows its values.
_PARTS = ("_messages", "_failures", "_lifecycle", "_loops", "_forks")
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))

from mesa_transports.testing._harness import ask  # noqa: E402  # after the line above, which is its point
from mesa_transports.testing.server import FaultServer  # noqa: E402
from mesa_transports.testing.suite import TransportSuite  # noqa: E402

__all__ = ["FaultServer", "TransportSuite", "ask"]
