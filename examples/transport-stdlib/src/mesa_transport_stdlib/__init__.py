"""A transport of mesa-sdk on `http.client`: blocking, and with no dependency but the SDK.

Installed, it is `Mesa(transport="stdlib")`. The entry point names this module, whose hook offers the class.
"""

from __future__ import annotations

from collections.abc import Mapping

from mesa_core import TransportFactory, hookimpl
from mesa_transport_stdlib.transport import StdlibTransport

__all__ = ["StdlibTransport", "provide_transports"]


@hookimpl
def provide_transports() -> Mapping[str, TransportFactory]:
    """Offer the transport by name."""
    return {"stdlib": StdlibTransport}
