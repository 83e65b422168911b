"""The suite in one class, to be subclassed."""

from __future__ import annotations

from mesa_transports.testing._failures import FailureTests
from mesa_transports.testing._lifecycle import LifecycleTests
from mesa_transports.testing._messages import MessageTests

__all__ = ["TransportSuite"]


class TransportSuite(MessageTests, FailureTests, LifecycleTests):
    """All that `mesa_core.Transport` promises; a subclass overrides `make`."""
