"""What a call costs, over loopback and without a network."""

from __future__ import annotations

from typing import Final

from declared import Figure, Peer, Subject

__all__ = ["FIGURES", "PUBLISHED"]

_PROCESSES: Final = 5
_AT_ONCE: Final = 600  # more would take the slowest so long that the others' idle connections expire meanwhile
PUBLISHED: Final = "mesa-sdk 0.1.2"

_LONG: Final = "200 in flight take it minutes under valgrind"
_RAW_GET: Final = Subject("raw httpx", "httpx", "raw.httpx_get")
_PUBLISHED_GET: Final = Subject(PUBLISHED, "published", "published.get")
_OURS_GET: Final = Subject("httpx transport", "ours", "ours.get", ("httpx",))

FIGURES: Final = (
    Figure(
        name="get-httpx",
        processes=_PROCESSES,
        title="repos.get, httpx transport",
        ours=_OURS_GET,
        peers=(Peer(_RAW_GET, 1.10), Peer(_PUBLISHED_GET)),
    ),
    Figure(
        name="get-requests",
        processes=_PROCESSES,
        title="repos.get, requests transport",
        ours=Subject("requests transport", "ours", "ours.get", ("requests",)),
        peers=(Peer(Subject("raw requests", "requests", "raw.requests_get"), 1.05),),
    ),
    Figure(
        name="get-httpx2",
        processes=_PROCESSES,
        title="repos.get, httpx2 transport",
        ours=Subject("httpx2 transport", "ours", "ours.get", ("httpx2",)),
        peers=(Peer(Subject("raw httpx2", "httpx2", "raw.httpx2_get")),),
    ),
    Figure(
        name="get-urllib3",
        processes=_PROCESSES,
        title="repos.get, urllib3 transport",
        ours=Subject("urllib3 transport", "ours", "ours.get", ("urllib3",)),
        peers=(
            Peer(_RAW_GET, 0.60),
            Peer(_PUBLISHED_GET, 0.20),
            Peer(Subject("raw urllib3", "urllib3", "raw.urllib3_get")),
        ),
    ),
    Figure(
        name="list",
        processes=_PROCESSES,
        title="repos.list of 100, httpx transport",
        ours=Subject("httpx transport", "ours", "ours.page", ("httpx",)),
        peers=(
            Peer(Subject("raw httpx", "httpx", "raw.httpx_list"), 1.40),
            Peer(Subject(PUBLISHED, "published", "published.page"), 0.45),
        ),
    ),
    Figure(
        name="list-speedups",
        processes=_PROCESSES,
        title="repos.list of 100, httpx transport, with msgspec",
        ours=Subject("httpx transport, speedups", "ours-speedups", "ours.page", ("httpx",)),
        peers=(
            Peer(Subject("raw httpx", "httpx", "raw.httpx_list")),
            Peer(Subject(PUBLISHED, "published", "published.page"), 0.40),
        ),
    ),
    Figure(
        name="commit",
        processes=_PROCESSES,
        title="commits.create of 5 files, httpx transport",
        ours=Subject("httpx transport", "ours", "ours.commit", ("httpx",)),
        peers=(Peer(Subject("raw httpx", "httpx", "raw.httpx_commit"), 1.15),),
    ),
    Figure(
        name="own-cost",
        processes=_PROCESSES,
        title="repos.get without a network: the SDK's own cost",
        ours=Subject("transport that answers at once", "ours", "ours.in_process"),
        peers=(Peer(Subject("raw httpx, mock transport", "httpx", "raw.httpx_mock"), 0.30),),
    ),
    Figure(
        name="at-once",
        processes=_PROCESSES,
        title="200 calls in flight, aiohttp transport",
        ours=Subject("aiohttp transport", "ours", "ours.get_at_once", ("aiohttp",)),
        peers=(
            Peer(Subject("raw aiohttp", "aiohttp", "raw.aiohttp_get"), 1.25),
            Peer(Subject(PUBLISHED, "published", "published.get_at_once"), round(1 / 30, 4), uncounted=_LONG),
        ),
        calls=_AT_ONCE,
        counts=(1000, 3000),
    ),
    Figure(
        name="at-once-httpx",
        processes=_PROCESSES,
        title="200 calls in flight, httpx transport",
        ours=Subject("httpx transport", "ours", "ours.get_at_once", ("httpx",)),
        peers=(Peer(Subject("raw httpx", "httpx", "raw.httpx_get_at_once"), uncounted=_LONG),),
        calls=_AT_ONCE,
        counts=(1000, 3000),
    ),
    Figure(
        name="plugins",
        processes=_PROCESSES,
        title="five plugins more, httpx transport",
        ours=Subject("with five", "ours", "ours.get_with_plugins", ("5",)),
        peers=(Peer(Subject("with none", "ours", "ours.get_with_plugins", ("0",)), 1.10),),
    ),
)
