"""The local Depot: the Depot API on real git repositories, in process or served over HTTP.

It is for development and tests. Importing it loads neither pygit2 nor werkzeug; making a depot does.
"""

from __future__ import annotations

from collections.abc import Mapping

from mesa_core.hookspecs import hookimpl
from mesa_core.transport import TransportFactory
from mesa_transports.local.clock import ManualClock
from mesa_transports.local.depot import LocalDepot, check_installed
from mesa_transports.local.transport import LocalTransport

__all__ = ["LocalDepot", "LocalTransport", "ManualClock", "provide_transports"]


@hookimpl
def provide_transports() -> Mapping[str, TransportFactory]:
    """Offer the transport `local`, which answers in process.

    Raises:
        ConfigurationError: what it needs is not installed.
    """
    check_installed()
    return {"local": LocalTransport}
