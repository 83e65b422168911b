"""Signed URLs: they let anyone who has one move one large file, one way, until they expire."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final
from urllib.parse import urlencode

from mesa_transports.local.clock import Clock
from mesa_transports.local.refusals import Forbidden

__all__ = ["EXPIRES_IN", "Signer"]

EXPIRES_IN: Final = 3600  # seconds


class Signer:
    """Signs URLs with the Depot's own secret, and knows its signature again."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret.encode()
        self._clock = clock

    def query(self, method: str, repository: str, oid: str, size: int) -> str:
        """Return the query that makes a URL signed."""
        expires = int(self._clock().timestamp()) + EXPIRES_IN
        signature = self._signature(method, repository, oid, size, expires)
        return urlencode({"size": size, "expires": expires, "signature": signature})

    def check(self, method: str, repository: str, oid: str, size: int, expires: int, signature: str) -> None:  # noqa: PLR0917 -- what is signed, in order
        """Refuse a signature that is not ours or has expired."""
        expected = self._signature(method, repository, oid, size, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise Forbidden("the URL's signature does not hold")
        if expires < self._clock().timestamp():
            raise Forbidden("the URL has expired: ask for a new one")

    def _signature(self, method: str, repository: str, oid: str, size: int, expires: int) -> str:
        text = f"{method}\n{repository}\n{oid}\n{size}\n{expires}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
