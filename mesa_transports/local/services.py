"""Services: the parts of a Depot that handlers work with, put together in one place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from mesa_transports.local import leftovers, snapshots
from mesa_transports.local.clock import Clock
from mesa_transports.local.deliveries import Deliveries
from mesa_transports.local.holding import Hold
from mesa_transports.local.identities import Identities, new_identities
from mesa_transports.local.keys import Keys
from mesa_transports.local.organizations import Organizations
from mesa_transports.local.repositories import Repositories
from mesa_transports.local.signatures import Signer
from mesa_transports.local.snapshots import REPOSITORIES, Snapshot
from mesa_transports.local.store import Store
from mesa_transports.local.upstreams import Upstreams
from mesa_transports.local.webhooks import Webhooks

__all__ = ["Services"]


@frozen
class Services:
    """All that a Depot keeps in its data directory; `sync_timeout` and `max_body_bytes` are its limits."""

    directory: Path
    hold: Hold
    store: Store
    clock: Clock
    identities: Identities
    keys: Keys
    organizations: Organizations
    repositories: Repositories
    upstreams: Upstreams
    webhooks: Webhooks
    deliveries: Deliveries
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
        seed: str | None,
        sync_timeout: float,
        webhook_waits: Sequence[float],
        webhook_timeout: float,
        max_body_bytes: int,
    ) -> Services:
        """Open the data directory and put the services together.

        Raises:
            InUse: another Depot has the directory.
            OSError, sqlite3.Error: it cannot be used.
        """
        hold, store = _opened(directory)
        repositories = directory / REPOSITORIES
        identities = new_identities(seed, store)
        deliveries = Deliveries(clock, webhook_waits, webhook_timeout)
        return cls(
            directory=directory,
            hold=hold,
            store=store,
            clock=clock,
            identities=identities,
            keys=Keys(store, clock, identities, root_key=root_key, open_to_any_key=open_to_any_key),
            organizations=Organizations(store, clock),
            repositories=Repositories(store, repositories, clock, identities),
            upstreams=Upstreams(store, clock),
            webhooks=Webhooks(store, clock, identities, deliveries),
            deliveries=deliveries,
            signer=Signer(store.setting("url_secret", lambda: identities.secret("url")), clock),
            sync_timeout=sync_timeout,
            max_body_bytes=max_body_bytes,
        )

    def snapshot(self) -> Snapshot:
        """Put aside what is kept; nobody may write meanwhile."""
        return snapshots.take(self.store, self.directory)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot; nobody may read or write meanwhile."""
        snapshots.put_back(snapshot, self.store, self.directory)
        self.identities.begin()

    def close(self) -> None:
        """Close the database and give the data directory back."""
        self.store.close()
        self.hold.release()


def _opened(directory: Path) -> tuple[Hold, Store]:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    (directory / REPOSITORIES).mkdir(exist_ok=True)
    hold = Hold(directory)
    try:
        store = Store(directory / "depot.sqlite3")
        if not hold.left_in_order:
            leftovers.clear(directory, store)
    except BaseException:
        hold.release()
        raise
    return hold, store
