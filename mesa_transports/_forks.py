"""Keeps a forked child off its parent's connections, without a word to the server.

After a fork both processes hold every socket. If the child used or closed one in the usual way, it
would take answers that are the parent's, or end the parent's TLS session. So the child's copies are
swapped for /dev/null at once: the file descriptor stays what its owner thinks it owns, reading it
finds the end of the stream, closing it closes nothing of the parent's. And each transport makes a new
pool, because another thread may have held a lock of the old one at the moment of the fork.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Final, Protocol
from weakref import WeakSet

__all__ = ["Renewable", "keep", "remember", "renew_in_child"]


class Renewable(Protocol):
    """What starts anew in a forked child."""

    def renew(self) -> object:
        """Forget everything inherited without touching it; return what must never be finalized."""
        ...


_sockets: Final[dict[int, int]] = {}
"""The inodes of our sockets by file descriptor. A stale entry does no harm: its inode is no longer there."""
_renewables: Final[WeakSet[Renewable]] = WeakSet()
_kept: Final[list[object]] = []


def remember(sock: Any) -> None:  # `Any`: what libraries call a socket has a `fileno`, or is None in their mocks
    """Take note of a socket that was opened, so that a child lets go of it."""
    with contextlib.suppress(AttributeError, OSError):  # a socket that broke at once is no child's concern
        descriptor = sock.fileno()
        _sockets[descriptor] = os.fstat(descriptor).st_ino


def renew_in_child(renewable: Renewable) -> None:
    """Call `renew` in every forked child, for as long as the object lives."""
    _renewables.add(renewable)


def keep(inherited: object) -> None:
    """Keep an object for ever: finalizing it could wait for a lock that nobody will release."""
    _kept.append(inherited)


def _start_anew() -> None:
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor, inode in _sockets.items():
        with contextlib.suppress(OSError):  # closed long ago
            if os.fstat(descriptor).st_ino == inode:
                os.dup2(nothing, descriptor, inheritable=False)
    os.close(nothing)
    _sockets.clear()
    for renewable in list(_renewables):
        keep(renewable.renew())


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_start_anew)
