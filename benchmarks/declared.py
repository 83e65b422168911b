"""What a figure is, as a value: whom it measures, against whom, and what it may cost."""

from __future__ import annotations

from enum import Enum
from typing import Final

from attrs import frozen

__all__ = ["BARE", "Figure", "Peer", "Quantity", "Subject"]


class Quantity(Enum):
    """What is measured of a subject."""

    TIME = "time"
    MEMORY = "memory"
    """What is resident after its calls."""
    PEAK = "peak"
    """The most that was resident."""


@frozen
class Subject:
    """Something that is measured: a function of `subjects/`, in an environment."""

    title: str
    environment: str
    function: str
    """Module and function, such as "raw.httpx_get"."""
    arguments: tuple[str, ...] = ()
    units: int = 1
    """What one call does so many times; figures are shown for one."""


@frozen
class Peer:
    """What a figure is compared with; `at_most` is the budget, as a ratio, and None where it is only shown."""

    subject: Subject
    at_most: float | None = None
    uncounted: str | None = None
    """Why its instructions are not counted, where they are not: that takes fifty times as long as its calls."""


@frozen(kw_only=True)
class Figure:
    """One thing that is measured."""

    name: str
    title: str
    ours: Subject
    peers: tuple[Peer, ...] = ()
    below: float | None = None
    """A budget in seconds, where it is no ratio."""
    quantity: Quantity = Quantity.TIME
    fresh: bool = False
    """Whether each round is a process of its own, which makes one call; otherwise a process makes those of several."""
    processes: int = 1
    """Processes of a subject that share the rounds: where in memory things come to lie may cost one of them a half."""
    calls: int | None = None
    """Calls of a round; None: as many as fit into a tenth of a second."""
    counts: tuple[int, int] = (20, 120)
    """Instructions are those of the second number of calls less those of the first."""
    uncounted: str | None = None
    """Why instructions are not counted, where they are not. With memory they never are."""
    by_tls: bool = False
    """Whether the server speaks TLS, so that clients read whom they trust."""
    left_out: str | None = None
    """Which peer one would look for is not measured, and why."""

    @property
    def counted(self) -> tuple[Subject, ...]:
        """The subjects whose instructions are counted."""
        if self.quantity is not Quantity.TIME or self.uncounted is not None:
            return ()
        return (self.ours, *(peer.subject for peer in self.peers if peer.uncounted is None))


BARE: Final = Subject("bytes on a bare socket, pipelined", "ours", "bare.pipelined", units=50)
"""What the server can do."""
