"""The secrets that were seen: each has one placeholder, and is found again in any text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from threading import Lock

from mesa_transports.recorded.credentials import properties
from mesa_transports.recorded.disguises import SHORTEST, Disguises, Partly
from mesa_transports.recorded.placeholders import MASKED, PLACEHOLDER

__all__ = ["Known"]


class Known:
    """Gives secrets their placeholders, and finds them again. Safe to share among threads."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        """Make one that gives no placeholder that is `taken` to a new secret."""
        numbers = (int(number) for each in taken if (number := each.rpartition("_")[2]).isdecimal())
        self._lock = Lock()
        self._number = count(max(numbers, default=0) + 1)
        self._placeholders: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._signed: set[str] = set()
        self._log: list[tuple[str, str, Partly]] = []
        self._others = Disguises()
        self._others_mark = self._but = 0
        """How much these others have learnt, and without how many keys."""
        self.disguises = Disguises()

    def renew(self) -> object:
        """Start anew in a forked child, whose lock another thread of the parent may have held."""
        lock, self._lock = self._lock, Lock()
        return lock, self.disguises.renew()

    @property
    def given(self) -> int:
        """How many placeholders were given."""
        return len(self._placeholders)

    @property
    def mark(self) -> int:
        """How much can be found again; it only grows."""
        return len(self._log)

    def since(self, mark: int) -> Disguises:
        """Return what finds the secrets that were learnt after a mark, and no others."""
        if not mark:
            return self.disguises
        later = self.disguises.empty()
        for secret, placeholder, partly in self._log[mark:]:
            if placeholder:
                later.learn(secret, placeholder, partly)
        return later

    def without_keys(self) -> Known:
        """Return all that is known but for what live requests authenticate themselves with."""
        others = Known()
        others._signed = self._signed
        with self._lock:
            others._placeholders = {
                secret: placeholder for secret, placeholder in self._placeholders.items() if secret not in self._keys
            }
            others.disguises = self._of_others().copy()
        return others

    def _of_others(self) -> Disguises:
        """Return what finds all but those keys; it is kept, and learns what is new since it was asked for last."""
        if len(self._keys) != self._but:
            self._others, self._others_mark, self._but = Disguises(), 0, len(self._keys)
        later = self._log[self._others_mark :]
        for secret, placeholder, partly in later:
            if placeholder and secret not in self._keys:
                self._others.learn(secret, placeholder, partly)
        self._others_mark += len(later)
        return self._others

    def placeholder(self, secret: str, what: str = "") -> str:
        """Return the placeholder of a secret, which says what it is."""
        with self._lock:
            if secret not in self._placeholders:
                self._placeholders[secret] = "_".join(filter(None, ("REDACTED", what, str(next(self._number)))))
            return self._placeholders[secret]

    def learn(self, secret: str, what: str = "") -> str:
        """Return the placeholder of a secret, which is known again inside of any text if it is long enough."""
        if not secret or secret == MASKED or PLACEHOLDER.fullmatch(secret):
            return secret
        known = secret in self._placeholders
        placeholder = self.placeholder(secret, what)
        # A name of the API's own stays that name elsewhere, whatever it was the value of.
        if not known and len(secret) >= SHORTEST and secret not in properties():
            self.look_for(secret, placeholder)
        return placeholder

    def learn_also(self, secret: str, placeholder: str) -> None:
        """Know what a secret means in another way, or the part of it that counts, by the same placeholder."""
        if len(secret) < SHORTEST or secret in properties() or PLACEHOLDER.fullmatch(secret):
            return
        with self._lock:
            if secret in self._placeholders:
                return
            self._placeholders[secret] = placeholder
        self.look_for(secret, placeholder)

    def is_known(self, text: str) -> bool:
        """Tell whether a text is a secret that would be found inside of others, too."""
        return len(text) >= SHORTEST and text in self._placeholders

    def look_for(self, secret: str, placeholder: str) -> None:
        """Find a secret in any text from now on, however short."""
        partly = self.disguises.partly(secret)
        self.disguises.learn(secret, placeholder, partly)
        self._log.append((secret, placeholder, partly))

    def told(self) -> frozenset[tuple[str, str]]:
        """Return the secrets that are looked for, with their placeholders."""
        return frozenset((secret, placeholder) for secret, placeholder, _ in self._log.copy() if placeholder)

    def take_over(self, secret: str, placeholder: str) -> None:
        """Look for a secret that another has told, and given its placeholder."""
        with self._lock:
            if self._placeholders.setdefault(secret, placeholder) != placeholder:
                return
        self.look_for(secret, placeholder)

    def learn_key(self, key: str, what: str) -> None:
        """Take a live key for secret where it is all of a text, too, however short."""
        placeholder = self.learn(key, what)
        if key and key not in self._keys:
            self._keys[key] = placeholder
            self._log.append((key, "", ()))

    def of_whole(self, text: str) -> str | None:
        """Return the placeholder of a text that is a live key."""
        return self._keys.get(text)

    def sign(self, target: str) -> None:
        """Take all that follows this URL for what signs it."""
        if target not in self._signed:
            self._signed.add(target)
            self._log.append((target, "", ()))

    def is_signed(self, target: str) -> bool:
        """Tell whether a URL without its query is one that gets signed."""
        return target in self._signed
