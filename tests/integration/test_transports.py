"""Both HTTP transports pass the suite, over real sockets."""

from __future__ import annotations

from typing import Any

from mesa_transports.httpx import HttpxTransport
from mesa_transports.requests import RequestsTransport
from mesa_transports.testing import TransportSuite


class TestHttpx(TransportSuite):
    def make(self, **options: Any) -> HttpxTransport:
        return HttpxTransport(**options)


class TestRequests(TransportSuite):
    def make(self, **options: Any) -> RequestsTransport:
        return RequestsTransport(**options)
