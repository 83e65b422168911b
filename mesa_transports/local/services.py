"""Services: the parts of a Depot that handlers work with, put together in one place."""

from __future__ import annotations

import secrets
from pathlib import Path

from attrs import frozen

from mesa_transports.local.clock import Clock
from mesa_transports.local.keys import Keys
from mesa_transports.local.organizations import Organizations
from mesa_transports.local.repositories import Repositories
from mesa_transports.local.signatures import Signer
from mesa_transports.local.store import Store
from mesa_transports.local.upstreams import Upstreams
from mesa_transports.local.webhooks import Webhooks

__all__ = ["Services"]


@frozen
class Services:
    """All that a Depot keeps; `sync_timeout` and `max_body_bytes` are its limits."""

    store: Store
    clock: Clock
    keys: Keys
    organizations: Organizations
    repositories: Repositories
    upstreams: Upstreams
    webhooks: Webhooks
    signer: Signer
    sync_timeout: float
    max_body_bytes: int

    @classmethod
    def build(
        cls,
        directory: Path,
        *,
        root_key: str | None,
        open_to_any_key: bool,
        clock: Clock,
        sync_timeout: float,
        max_body_bytes: int,
    ) -> Services:
        """Open the data directory and put the services together."""
        repositories = directory / "repositories"
        repositories.mkdir(parents=True, exist_ok=True)
        store = Store(directory / "depot.sqlite3")
        return cls(
            store=store,
            clock=clock,
            keys=Keys(store, clock, root_key=root_key, open_to_any_key=open_to_any_key),
            organizations=Organizations(store, clock),
            repositories=Repositories(store, repositories, clock),
            upstreams=Upstreams(store, clock),
            webhooks=Webhooks(store, clock),
            signer=Signer(store.setting("url_secret", lambda: secrets.token_hex(32)), clock),
            sync_timeout=sync_timeout,
            max_body_bytes=max_body_bytes,
        )
