"""The answers that a recording has: each is given once, in recorded order, to a request that it matches."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from threading import Lock

from mesa_transports.recorded.interactions import Interaction, RecordedRequest
from mesa_transports.recorded.matching import Matcher, Matching

__all__ = ["Answers"]


class Answers:
    """Finds the answer to a request in a time that does not grow with the file, unless a function compares.

    Safe to share among threads: no answer is given twice, but for the last one of its kind with `allow_repeats`.
    """

    def __init__(
        self, interactions: Sequence[Interaction], matching: Matching | Matcher, *, allow_repeats: bool = False
    ) -> None:
        self.interactions = interactions
        self._matching = matching
        self._allow_repeats = allow_repeats
        self._lock = Lock()
        self._unused = dict.fromkeys(range(len(interactions)))
        self._queues: dict[Hashable, deque[int]] = {}
        if isinstance(matching, Matching):
            for index, each in enumerate(interactions):
                self._queues.setdefault(matching.key(each.request), deque()).append(index)

    def take(self, asked: RecordedRequest) -> Interaction | None:
        """Return the answer to a request, and count it as used; None when there is none left."""
        with self._lock:
            index = self._search(asked, self._matching) if isinstance(self._matching, Matcher) else self._find(asked)
            if index is None:
                return None
            self._unused.pop(index, None)
            return self.interactions[index]

    def _find(self, asked: RecordedRequest) -> int | None:
        if not self._queues:
            return None
        for key in self._keys(asked):
            queue = self._queues.get(key)
            if queue:
                return queue[0] if self._allow_repeats and len(queue) == 1 else queue.popleft()
        return None

    def _keys(self, asked: RecordedRequest) -> Iterable[Hashable]:
        return self._matching.keys(asked) if isinstance(self._matching, Matching) else ()

    def _search(self, asked: RecordedRequest, matcher: Matcher) -> int | None:
        matches = matcher.test(asked)
        found = next((index for index in self._unused if matches(self.interactions[index].request)), None)
        if found is None and self._allow_repeats:
            every = range(len(self.interactions) - 1, -1, -1)
            return next((index for index in every if matches(self.interactions[index].request)), None)
        return found

    def unused(self) -> tuple[int, ...]:
        """Return the places of the interactions that answered nothing yet."""
        with self._lock:
            return tuple(self._unused)
