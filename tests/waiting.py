"""An async client that is waited for: so one test, written for the blocking client, tests both worlds."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

from anyio.from_thread import BlockingPortal
from attrs import define

from mesa_core import AsyncPage, AsyncTransport
from mesa_core.operations import Resource

__all__ = ["Waiting"]


@define
class Waiting:
    """An async client, resource or page, whose every call is waited for: so one test tests both worlds."""

    portal: BlockingPortal
    subject: object

    def __getattr__(self, name: str) -> object:
        if name == "send":  # of a transport, whose verbs differ by world
            name = "asend"
        return self.wrap(getattr(self.subject, name))

    def __call__(self, *arguments: object, **options: object) -> object:
        async def call() -> object:
            result = self.subject(*arguments, **options)
            return await result if inspect.isawaitable(result) else result

        return self.wrap(self.portal.call(call))

    def __iter__(self) -> Iterator[object]:
        iterator = aiter(self.subject)
        with suppress(StopAsyncIteration):
            while True:
                yield self.wrap(self.portal.call(anext, iterator))

    def wrap(self, value: object) -> object:
        asynchronous = isinstance(value, Resource | AsyncPage | AsyncTransport | AsyncIterator) or callable(value)
        return Waiting(self.portal, value) if asynchronous and not isinstance(value, type) else value
