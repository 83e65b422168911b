"""API keys: who a caller is and what the key lets them do.

Secrets are kept as sha256 only, which is enough for random ones, and compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Final

from attrs import frozen

from mesa_transports.local.clock import Clock, instant
from mesa_transports.local.identities import Identities
from mesa_transports.local.refusals import Forbidden, NotFound, Unauthorized
from mesa_transports.local.store import Row, Store

__all__ = ["DEFAULT_SCOPES", "SCOPES", "Caller", "Keys"]

SCOPES: Final = (
    "git:read", "git:write", "repo:read", "repo:create", "repo:delete", "webhook:read", "webhook:write", "admin",
)  # fmt: skip
DEFAULT_SCOPES: Final = ("git:read", "git:write", "repo:read")
"""What a key made without scopes may do: work in repositories, but neither make nor delete them."""


@frozen
class Caller:
    """Whom a key stands for; `org` is None for one that reaches every organization."""

    org: str | None
    scopes: frozenset[str]

    def require(self, org: str, scope: str) -> None:
        """Refuse an organization or an operation that the key does not reach."""
        if self.org not in (None, org):
            raise Forbidden("the API key belongs to another organization")
        if scope not in self.scopes and "admin" not in self.scopes:
            raise Forbidden(f"the API key lacks the scope {scope}", details={"scope": scope})


_ADMINISTRATOR: Final = Caller(None, frozenset({"admin"}))


class Keys:
    """The keys of a Depot."""

    def __init__(
        self, store: Store, clock: Clock, identities: Identities, *, root_key: str | None, open_to_any_key: bool
    ) -> None:
        self._store = store
        self._clock = clock
        self._identities = identities
        self._root_hash = None if root_key is None else _hash(root_key)
        self._open = open_to_any_key

    def authenticate(self, authorization: str) -> Caller:
        """Return the caller of an Authorization header.

        Raises:
            Unauthorized: it holds no key, an unknown one, or one that is no longer in force.
        """
        scheme, _, key = authorization.strip().partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise _unauthorized("expected the header 'Authorization: Bearer <API key>'")
        return self.caller_of(key)

    def caller_of(self, key: str) -> Caller:
        """Return the caller whom a key stands for; raises as `authenticate` does."""
        digest = _hash(key)
        if self._root_hash is not None and hmac.compare_digest(digest, self._root_hash):
            return _ADMINISTRATOR
        row = self._store.row("SELECT * FROM api_keys WHERE hash = ?", digest)
        if row is not None:
            return self._issued(row)
        if self._open:
            return _ADMINISTRATOR
        raise _unauthorized("the API key is not known here")

    def _issued(self, row: Row) -> Caller:
        if row["revoked_at"] is not None:
            raise _unauthorized("the API key was revoked")
        now = instant(self._clock())
        if row["last_used_at"] != now:
            self._store.change("UPDATE api_keys SET last_used_at = ? WHERE sequence = ?", now, row["sequence"])
        return Caller(row["org"], frozenset(json.loads(row["scopes"])))

    def create(self, org: str, name: str | None, scopes: list[str]) -> dict[str, Any]:
        """Make a key and return it, with its secret, as the contract shows it."""
        key, identifier, now = self._identities.secret("mesa"), self._identities.new("key"), instant(self._clock())
        scopes = list(dict.fromkeys(scopes))
        self._store.change(
            "INSERT INTO api_keys (id, org, hash, name, scopes, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            identifier, org, _hash(key), name, json.dumps(scopes), now,
        )  # fmt: skip
        return {"id": identifier, "key": key, "name": name, "scopes": scopes, "created_at": now}

    def list(self, org: str) -> list[dict[str, Any]]:
        """Return the keys of an organization, oldest first, as the contract shows them."""
        rows = self._store.rows("SELECT * FROM api_keys WHERE org = ? ORDER BY sequence", org)
        fields = ("id", "name", "last_used_at", "expires_at", "revoked_at", "created_at")
        return [{field: row[field] for field in fields} | {"scopes": json.loads(row["scopes"])} for row in rows]

    def revoke(self, org: str, identifier: str) -> None:
        """End a key at once; one that was ended before keeps its time."""
        changed = self._store.change(
            "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE org = ? AND id = ?",
            instant(self._clock()), org, identifier,
        )  # fmt: skip
        if not changed:
            raise NotFound("no such API key in this organization")


def _unauthorized(message: str) -> Unauthorized:
    return Unauthorized(message, headers={"WWW-Authenticate": "Bearer"})


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
