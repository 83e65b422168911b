"""What a thread puts off while it is in the middle of something.

A finalizer runs wherever the collector does, and a signal handler wherever the main thread is. If they waited for a
lock that their own thread holds, they would wait for ever. So whoever takes a lock of ours is `inside` meanwhile; and
what finds its own thread inside is done when that thread leaves.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

__all__ = ["catch_up", "inside", "outside", "put_off"]


class _Here(threading.local):
    depth = 0


_here: Final = _Here()
_later: Final[deque[Callable[[], object]]] = deque()


@contextmanager
def inside() -> Generator[None]:
    """Say that this thread holds locks, or is about to."""
    _here.depth += 1
    try:
        yield
    finally:
        _here.depth -= 1


def outside(job: Callable[[], object]) -> None:
    """Do what takes locks: at once, or, inside, later. Raises as the job does, if that is done at once."""
    if _here.depth:
        put_off(job)
        return
    try:
        job()
    finally:
        catch_up()


def put_off(job: Callable[[], object]) -> None:
    """Leave a job to whichever thread catches up next. Waits for nothing, so a finalizer may call it."""
    _later.append(job)


def catch_up() -> None:
    """Do what was put off; its errors are shown, as those of finalizers are, since they are not the caller's."""
    while _later and not _here.depth:
        try:
            job = _later.popleft()
        except IndexError:  # another thread was faster
            return
        try:
            job()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next job is to be done
            sys.excepthook(type(error), error, error.__traceback__)
