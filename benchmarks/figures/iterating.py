"""What 100,000 repositories cost that are iterated page after page: linear time, constant memory."""

from __future__ import annotations

from typing import Final

from declared import Figure, Peer, Quantity, Subject

__all__ = ["FIGURES"]


def _pages(count: int) -> Subject:
    return Subject(f"of {100 * count:,}", "ours", "ours.pages", (str(count),), units=100 * count)


FIGURES: Final = (
    Figure(
        name="iterate",
        title="iterating 100,000 repositories, for each",
        ours=_pages(1_000),
        peers=(Peer(_pages(100), 1.10),),
        calls=1,
        uncounted="so many take minutes under valgrind; fewer are counted in the next line",
    ),
    Figure(
        name="iterate-counted",
        title="iterating 6,000 repositories, for each",
        ours=_pages(60),
        peers=(Peer(_pages(20), 1.05),),
        calls=1,
        counts=(0, 1),
    ),
    Figure(
        name="iterate-memory",
        title="iterating 100,000 repositories, most memory",
        ours=_pages(1_000),
        peers=(Peer(_pages(10), 1.05),),
        quantity=Quantity.PEAK,
        fresh=True,
        calls=1,
    ),
)
