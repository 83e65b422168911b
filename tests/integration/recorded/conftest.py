"""What tests of recordings share: a file to record into, and clients of either world that use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT_KEY

from mesa_sdk import AsyncMesa, Mesa, TransportError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recordings" / "x.json"


Ask = Callable[..., object]


@pytest.fixture(params=["blocking", "async"])
def ask(request: pytest.FixtureRequest, path: Path) -> Ask:
    """Makes calls with a client of either world on one recording; returns the results or the errors."""

    def blocking(*names: str, options: dict[str, object], **client: object) -> list[object]:
        made = Mesa(api_key=ROOT_KEY, transport="recorded", transport_options={"path": path, **options}, **client)
        with made:
            return [outcome(lambda name=name: made.repos.get(org="o", repo=name)) for name in names]

    def nonblocking(*names: str, options: dict[str, object], **client: object) -> list[object]:
        async def main() -> list[object]:
            made = AsyncMesa(
                api_key=ROOT_KEY, transport="recorded", transport_options={"path": path, **options}, **client
            )
            async with made:
                return [await aoutcome(made, name) for name in names]

        return asyncio.run(main())

    return blocking if request.param == "blocking" else nonblocking


def outcome(call: Callable[[], object]) -> object:
    try:
        return call().name
    except TransportError as error:
        return error


async def aoutcome(client: AsyncMesa, name: str) -> object:
    try:
        return (await client.repos.get(org="o", repo=name)).name
    except TransportError as error:
        return error
