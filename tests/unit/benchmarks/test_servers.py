"""The servers that subjects ask."""

from __future__ import annotations

from importlib import import_module

import httpx
import pytest


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_answers_whom_its_environment_lets_trust_it(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)  # by which the program would not find what stands beside it
    servers = import_module("servers")
    with servers.serving() if scheme == "http" else servers.serving_by_tls() as server:
        assert server.url.startswith(f"{scheme}://127.0.0.1:")
        if scheme == "https":
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                httpx.get(f"{server.url}/acme/repo")
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        with httpx.Client() as client:
            names = [client.get(f"{server.url}/acme/repo").json()["name"] for _ in range(2)]
            assert len(client.get(f"{server.url}/acme/repos").json()["repos"]) == 100
        assert names == ["repo-000001"] * 2
