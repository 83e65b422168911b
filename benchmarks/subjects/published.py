"""The Depot client that is published as mesa-sdk 0.1.2, as its readme uses it. It imports as `mesa_sdk` too."""

# ruff: noqa: PLC0415 - only its own environment has it

from __future__ import annotations

from subjects.common import KEY, in_flight, repeated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from subjects.common import Calls


def _client(url: str) -> Any:
    from mesa_sdk import Mesa

    return Mesa(api_key=KEY, server_url=url)  # type: ignore[call-arg]  # not our Mesa


def get(url: str) -> Calls:
    """Get a repository."""
    client = _client(url)
    return repeated(lambda: client.repos.get(org="acme", repo="repo"))


def page(url: str) -> Calls:
    """Get a page of 100 repositories."""
    client = _client(url)
    return repeated(lambda: client.repos.list(org="acme", limit=100))


def get_at_once(url: str) -> Calls:
    """Get a repository, 200 times at once."""

    async def open_client() -> Callable[[], Awaitable[object]]:
        client = _client(url)
        return lambda: client.repos.get_async(org="acme", repo="repo")

    return in_flight(open_client)
