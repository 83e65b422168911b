"""The suite in one class, to be subclassed."""

from __future__ import annotations

from mesa_transports.testing._failures import FailureTests
from mesa_transports.testing._forks import ForkTests
from mesa_transports.testing._lifecycle import LifecycleTests
from mesa_transports.testing._loops import LoopTests
from mesa_transports.testing._messages import MessageTests

__all__ = ["TransportSuite"]


class TransportSuite(MessageTests, FailureTests, LifecycleTests, LoopTests, ForkTests):
    """All that `mesa_core.Transport` promises; a subclass overrides `make`."""

    def __init_subclass__(cls) -> None:
        """Leave the tests of event loops out for a transport that is of the blocking world alone."""
        if "async" not in cls.worlds:
            for name in vars(LoopTests):
                if name.startswith("test_"):
                    setattr(cls, name, None)
