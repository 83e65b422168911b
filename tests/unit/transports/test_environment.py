"""The proxies of the environment, looked up once an origin."""

from __future__ import annotations

import pytest

from mesa_transports._environment import EnvironmentProxies


def test_an_origin_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "near.example")
    proxies = EnvironmentProxies()
    for _ in range(2):
        assert proxies.proxy_of("http://api.example") == "http://proxy.example:3128"
        assert proxies.proxy_of("http://near.example") is None
        assert proxies.proxy_of("http://127.0.0.1:8080") is None
    assert proxies
    monkeypatch.setenv("HTTP_PROXY", "http://other.example")
    assert proxies.proxy_of("http://api.example") == "http://proxy.example:3128"
