"""Identities: new ids and secrets; random, or the same ones in each run for tests that compare text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from itertools import count
from typing import Final, Protocol

from mesa_transports.local.store import Store

__all__ = ["Identities", "new_identities", "new_key"]

_ID_BYTES: Final = 12
_SECRET_BYTES: Final = 32
_REQUEST_BYTES: Final = 16


class _Bytes(Protocol):
    """Where identities come from."""

    def kept(self, kind: str, size: int) -> bytes:
        """Return bytes for what is kept: of one kind, never the same twice."""
        ...

    def passing(self, kind: str, size: int) -> bytes:
        """Return bytes for what is gone with its request."""
        ...

    def begin(self) -> None:
        """Begin again with what passes."""
        ...


class _RandomBytes:
    """Bytes that nobody can foresee."""

    def kept(self, kind: str, size: int) -> bytes:
        """Return random bytes."""
        return secrets.token_bytes(size)

    passing = kept

    def begin(self) -> None:
        """Do nothing: there is no order to begin."""


class _SeededBytes:
    """Bytes that follow from a seed, a kind, and how many of the kind there were before.

    What is kept is counted in the database, so it goes on where it was when a data directory is opened again, and
    back where it was when a snapshot is restored.
    """

    def __init__(self, seed: str, store: Store) -> None:
        self._seed = seed
        self._store = store
        self._passing = count(1)

    def kept(self, kind: str, size: int) -> bytes:
        """Return the next bytes of a kind."""
        return _derived(self._seed, kind, self._store.counted(kind), size)

    def passing(self, kind: str, size: int) -> bytes:
        """Return the next bytes of a kind, counted since the Depot was opened or restored."""
        return _derived(self._seed, kind, next(self._passing), size)

    def begin(self) -> None:
        """Begin to count what passes again."""
        self._passing = count(1)


class Identities:
    """Makes ids and secrets, in the service's spelling."""

    def __init__(self, source: _Bytes) -> None:
        self._source = source

    def new(self, prefix: str) -> str:
        """Return an id, such as `repo_` and 24 digits."""
        return f"{prefix}_{self._source.kept(prefix, _ID_BYTES).hex()}"

    def secret(self, prefix: str) -> str:
        """Return a secret, such as `mesa_` and 43 characters."""
        return f"{prefix}_{_text(self._source.kept(prefix, _SECRET_BYTES))}"

    def request(self) -> str:
        """Return the id of a request."""
        return self._source.passing("request", _REQUEST_BYTES).hex()

    def begin(self) -> None:
        """Begin again with the ids of requests, where they follow one another."""
        self._source.begin()


def new_identities(seed: str | None, store: Store) -> Identities:
    """Return what makes ids and secrets: random ones, or those that follow from a seed."""
    return Identities(_RandomBytes() if seed is None else _SeededBytes(seed, store))


def new_key(seed: str | None) -> str:
    """Return a key for the administrator of a Depot."""
    key = secrets.token_bytes(_SECRET_BYTES) if seed is None else _derived(seed, "root key", 0, _SECRET_BYTES)
    return f"mesa_{_text(key)}"


def _derived(seed: str, kind: str, number: int, size: int) -> bytes:
    return hmac.new(seed.encode(), f"{kind}\n{number}".encode(), hashlib.sha256).digest()[:size]


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
