"""Deliveries: each webhook is told of pushes in their order, by a thread of its own, and asked again when it fails.

A listener that is slow, broken or gone holds up no request, and no other listener.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property
from threading import Condition, Thread
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from mesa_core.secrets import without_secrets
from mesa_transports.local.clock import Clock

if TYPE_CHECKING:
    import urllib3

__all__ = ["Deliveries", "Delivery"]

_logger: Final = logging.getLogger("mesa.local")
_USER_AGENT: Final = "Depot-Webhook/1.0"


@frozen
class Delivery:
    """What a listener is to be told."""

    webhook: str
    url: str
    secret: str = field(repr=False)
    body: bytes = field(repr=False)
    identifier: str = field(factory=lambda: f"dlv_{secrets.token_hex(12)}")

    def headers(self, clock: Clock) -> dict[str, str]:
        """Return the headers of an attempt, signed as of now."""
        time = int(clock().timestamp())
        digest = hmac.new(self.secret.encode(), b"%d." % time + self.body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
            "X-Depot-Event": "push",
            "X-Depot-Delivery": self.identifier,
            "X-Depot-Signature": f"t={time},sha256={digest}",
        }


class Deliveries:
    """What is still to be delivered, in a line for each webhook.

    Args:
        clock: The Depot's.
        waits: Seconds before each further attempt, when one failed; their number is that of further attempts.
        timeout: Seconds that an attempt may take.
    """

    def __init__(self, clock: Clock, waits: Sequence[float], timeout: float) -> None:
        self._clock = clock
        self._waits = tuple(waits)
        self._timeout = timeout
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._changed = Condition()
        self._lines: dict[str, deque[Callable[[], Delivery | None]]] = {}
        self._closing = False

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        import urllib3  # noqa: PLC0415 -- most Depots have no webhook

        return urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=self._timeout))

    def add(self, webhook: str, prepare: Callable[[], Delivery | None]) -> None:
        """Put a delivery at the end of a webhook's line; `prepare` makes it when its turn comes, or None."""
        if self._process != os.getpid():
            self._begin()  # what a parent has to deliver is not its forked child's to deliver again
        with self._changed:
            if self._closing:
                return
            line = self._lines.get(webhook)
            if line is not None:
                line.append(prepare)
                return
            self._lines[webhook] = deque([prepare])
        Thread(target=self._work, args=(webhook,), name=f"mesa-webhook-{webhook}", daemon=True).start()

    def settle(self, timeout: float) -> bool:
        """Wait until everything was delivered or given up; False when that takes longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._lines, timeout)

    def close(self, timeout: float) -> None:
        """Make one attempt at what is left, within `timeout` seconds; a second call does nothing."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self.settle(timeout)
        with self._changed:
            self._lines.clear()
        vars(self).pop("_pool", None)

    def _work(self, webhook: str) -> None:
        while (prepare := self._next(webhook)) is not None:
            try:
                delivery = prepare()
                if delivery is not None:
                    self._deliver(delivery)
            except Exception:
                _logger.exception("webhook %s: a delivery failed", webhook)
            self._done(webhook)

    def _next(self, webhook: str) -> Callable[[], Delivery | None] | None:
        with self._changed:
            line = self._lines.get(webhook)
            if line:
                return line[0]
            self._lines.pop(webhook, None)
            self._changed.notify_all()
            return None

    def _done(self, webhook: str) -> None:
        with self._changed:
            line = self._lines.get(webhook)
            if line:
                line.popleft()

    def _deliver(self, delivery: Delivery) -> None:
        for wait in (*self._waits, None):
            failure = self._attempt(delivery)
            if failure is None:
                return
            shown = (delivery.webhook, without_secrets(delivery.url), failure)
            if wait is None or self._ends_within(wait):
                _logger.warning("webhook %s: %s: %s; given up", *shown)
                return
            _logger.info("webhook %s: %s: %s; asked again", *shown)

    def _ends_within(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._closing, seconds)

    def _attempt(self, delivery: Delivery) -> str | None:
        """Make an attempt, and return why it failed; None when the listener took it."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 -- as above

        try:
            response = self._pool.request(
                "POST",
                delivery.url,
                body=delivery.body,
                headers=delivery.headers(self._clock),
                redirect=False,
                preload_content=False,
            )
        except (HTTPError, ValueError, OSError) as error:
            return type(error).__name__
        response.close()  # unread, however long it is
        return None if 200 <= response.status < 300 else f"status {response.status}"  # noqa: PLR2004 - HTTP's successes
