"""What a fresh process does first: import a library, and make a client. `calls(1)` does it, so `calls(0)` is idle."""

# ruff: noqa: PLC0415, F401 - the imports are what is measured

from __future__ import annotations

_KEPT: list[object] = []  # as a program keeps its client


def _mesa_sdk() -> None:
    import mesa_sdk


def _mesa_client() -> None:
    from mesa_sdk import Mesa

    _KEPT.append(Mesa(api_key="x"))


def _httpx() -> None:
    import httpx


def start(_: str, name: str) -> object:
    """Return what does it as often as it is told: once, or not at all."""
    begin = {"mesa_sdk": _mesa_sdk, "Mesa": _mesa_client, "httpx": _httpx}[name]
    return lambda times: [begin() for _ in range(times)]
