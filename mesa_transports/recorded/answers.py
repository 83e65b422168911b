"""The answers that a recording has: each is given once, in recorded order, to a request that it matches."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from threading import Lock

from mesa_core.errors import ConfigurationError
from mesa_transports._forks import renew_in_child
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
        self._next_by_key: dict[Hashable, int] = {}
        self._next_of_same: dict[int, int] = {}
        if isinstance(matching, Matching):
            self._sort(matching)
        renew_in_child(self)

    def renew(self) -> object:
        """Start anew in a forked child, whose lock another thread of the parent may have held."""
        lock, self._lock = self._lock, Lock()
        return lock

    def _sort(self, matching: Matching) -> None:
        for index in range(len(self.interactions) - 1, -1, -1):
            key = matching.key(self.interactions[index].request)
            if key in self._next_by_key:
                self._next_of_same[index] = self._next_by_key[key]
            self._next_by_key[key] = index

    def take(self, asked: RecordedRequest) -> Interaction | None:
        """Return the answer to a request, and count it as used; None when there is none left.

        Raises:
            ConfigurationError: the function that compares raised something.
        """
        matching = self._matching
        if isinstance(matching, Matcher):
            index = self._search(asked, matching)
        else:
            with self._lock:
                index = self._find(asked, matching)
                if index is not None:
                    self._unused.pop(index, None)
        return None if index is None else self.interactions[index]

    def take_covered(self, asked: RecordedRequest) -> Interaction | None:
        """Return the answer to a request that holds secrets which are not known yet; None when there is none left."""
        matching = self._matching
        if isinstance(matching, Matcher):
            return None
        with self._lock:
            places = [*self._unused, *(range(len(self.interactions) - 1, -1, -1) if self._allow_repeats else ())]
        for place in places:
            recorded = self.interactions[place].request
            if matching.covers(asked, recorded) and (found := self.take(recorded)):
                return found
        return None

    def _find(self, asked: RecordedRequest, matching: Matching) -> int | None:
        for key in matching.keys(asked) if self.interactions else ():
            index = self._next_by_key.get(key)
            if index is not None:
                following = self._next_of_same.get(index)
                if following is not None:
                    self._next_by_key[key] = following
                elif not self._allow_repeats:
                    del self._next_by_key[key]
                return index
        return None

    def _search(self, asked: RecordedRequest, matcher: Matcher) -> int | None:
        """Ask the user's function, which may do what it likes, even ask the same recording: so no lock is held."""
        test = matcher.test(asked)

        def matches(index: int) -> bool:
            try:
                return test(self.interactions[index].request)
            except Exception as error:
                what = f"{type(error).__name__}: {error}".removesuffix(": ")
                raise ConfigurationError(f"match_on: {_name(matcher.matches)} raised {what}") from error

        for index in filter(matches, self.unused()):
            with self._lock:
                if index in self._unused:  # no other thread was faster
                    del self._unused[index]
                    return index
        every = range(len(self.interactions) - 1, -1, -1) if self._allow_repeats else ()
        return next(filter(matches, every), None)

    def unused(self) -> tuple[int, ...]:
        """Return the places of the interactions that answered nothing yet."""
        with self._lock:
            return tuple(self._unused)


def _name(function: object) -> str:
    return f"the function {getattr(function, '__qualname__', type(function).__qualname__)}"
