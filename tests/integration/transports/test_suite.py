"""Every HTTP transport passes the suite, over real sockets, in its worlds."""

from __future__ import annotations

from typing import Any

from mesa_transports.aiohttp import AiohttpTransport
from mesa_transports.httpx import AsyncHttpxTransport, HttpxTransport
from mesa_transports.httpx2 import AsyncHttpx2Transport, Httpx2Transport
from mesa_transports.requests import RequestsTransport
from mesa_transports.testing import TransportSuite
from mesa_transports.urllib3 import Urllib3Transport


class TestHttpx(TransportSuite):
    def make(self, **options: Any) -> HttpxTransport:
        return HttpxTransport(**options)


class TestAsyncHttpx(TransportSuite):
    worlds = ("async",)
    loops = ("asyncio", "trio")

    def make(self, **options: Any) -> AsyncHttpxTransport:
        return AsyncHttpxTransport(**options)


class TestRequests(TransportSuite):
    def make(self, **options: Any) -> RequestsTransport:
        return RequestsTransport(**options)


class TestUrllib3(TransportSuite):
    def make(self, **options: Any) -> Urllib3Transport:
        return Urllib3Transport(**options)


class TestAiohttp(TransportSuite):
    worlds = ("async",)

    def make(self, **options: Any) -> AiohttpTransport:
        return AiohttpTransport(**options)


class TestHttpx2(TransportSuite):
    def make(self, **options: Any) -> Httpx2Transport:
        return Httpx2Transport(**options)


class TestAsyncHttpx2(TransportSuite):
    worlds = ("async",)
    loops = ("asyncio", "trio")

    def make(self, **options: Any) -> AsyncHttpx2Transport:
        return AsyncHttpx2Transport(**options)
