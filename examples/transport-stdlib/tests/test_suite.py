"""The transport passes the SDK's suite: real sockets, a server that fails on demand."""

from __future__ import annotations

from typing import Any

from mesa_transport_stdlib import StdlibTransport
from mesa_transports.testing import TransportSuite


class TestStdlib(TransportSuite):
    def make(self, **options: Any) -> StdlibTransport:  # `Any`: transport_options
        return StdlibTransport(**options)
