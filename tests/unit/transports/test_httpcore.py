"""The wrappers around httpcore's backend, where no suite reaches them."""

from __future__ import annotations

import ssl

import httpcore
import pytest

from mesa_core.http import Request
from mesa_transports._attempt import Attempt
from mesa_transports._httpcore import BoundedBackend
from mesa_transports._tls import TrustOnUse


class Recording(httpcore.MockBackend):
    timeouts: tuple[float | None, ...] = ()

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: object = None
    ) -> httpcore.NetworkStream:
        self.timeouts += (timeout,)
        return super().connect_unix_socket(path, timeout)


def test_unix_socket_is_bounded_too() -> None:
    inner = Recording([b"answer"])
    backend = BoundedBackend(inner, TrustOnUse(ssl.create_default_context))
    assert backend.connect_unix_socket("/run/api", 3.0).read(100, 3.0) == b"answer"
    with Attempt(Request("GET", "http://api.invalid/", timeout=1.0)):
        stream = backend.connect_unix_socket("/run/api", 3.0)
    assert inner.timeouts[0] == 3.0
    assert inner.timeouts[1] == pytest.approx(1.0, abs=0.5)
    stream.close()
