"""What a program pays before its first call, and what it holds after it."""

from __future__ import annotations

from typing import Final

from declared import Figure, Peer, Quantity, Subject

from figures.calls import PUBLISHED

__all__ = ["FIGURES"]

FIGURES: Final = (
    Figure(
        name="import",
        title="import mesa_sdk",
        ours=Subject("mesa_sdk", "ours", "starts.start", ("mesa_sdk",)),
        peers=(Peer(Subject("import httpx", "httpx", "starts.start", ("httpx",)), 0.90),),
        fresh=True,
        calls=1,
        counts=(0, 1),
    ),
    Figure(
        name="client",
        title="import mesa_sdk; Mesa(…)",
        ours=Subject("mesa_sdk", "ours", "starts.start", ("Mesa",)),
        peers=(Peer(Subject(PUBLISHED, "published", "starts.start", ("Mesa",)), 0.50),),
        fresh=True,
        calls=1,
        counts=(0, 1),
    ),
    Figure(
        name="memory",
        title="memory after the first call",
        ours=Subject("httpx transport", "ours", "ours.get", ("httpx",)),
        peers=(
            Peer(Subject("raw httpx", "httpx", "raw.httpx_get"), 1.10),
            Peer(Subject(PUBLISHED, "published", "published.get")),
        ),
        quantity=Quantity.MEMORY,
        fresh=True,
        calls=0,
    ),
    Figure(
        name="memory-tls",
        title="memory after the first call, by TLS",
        ours=Subject("httpx transport", "ours", "ours.get", ("httpx",)),
        peers=(
            Peer(Subject("raw httpx", "httpx", "raw.httpx_get")),
            Peer(Subject(PUBLISHED, "published", "published.get")),
        ),
        quantity=Quantity.MEMORY,
        fresh=True,
        calls=0,
        by_tls=True,
    ),
)
