"""The transport `recorded`, for both worlds: answers from a file, and records through another transport."""

from __future__ import annotations

import os
import sys
import weakref
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Generic, Self, TypeVar

from anyio import CancelScope, to_thread
from anyio.lowlevel import checkpoint

from mesa_core.errors import ConfigurationError, ConnectError, TransportError
from mesa_core.hookspecs import hookimpl
from mesa_core.http import Request, Response
from mesa_core.transport import AsyncTransport, Transport, TransportFactory, TwoWorlds
from mesa_core.transport_lookup import named_async_transport, named_transport
from mesa_transports.recorded.clock import ReplayClock, answered
from mesa_transports.recorded.deferral import outside, put_off
from mesa_transports.recorded.errors import in_a_call
from mesa_transports.recorded.interactions import Interaction, RecordedRequest
from mesa_transports.recorded.matching import DEFAULT_MATCH_ON, MatchOn
from mesa_transports.recorded.options import DEFAULT_INNER, Options
from mesa_transports.recorded.redaction import Redaction
from mesa_transports.recorded.sessions import SESSIONS
from mesa_transports.recorded.tape import Mode, Tape

__all__ = ["AsyncRecordedTransport", "RecordedTransport", "provide_transports"]

X = TypeVar("X", bound=Transport | AsyncTransport)


@hookimpl
def provide_transports() -> Mapping[str, TransportFactory]:
    """Offer the transport `recorded`."""
    return {"recorded": TwoWorlds(RecordedTransport, AsyncRecordedTransport)}


class _Recorded(Generic[X]):
    """What recording and replaying are in either world, which is all but how a request is sent."""

    _inner: X | None = None

    def __init__(
        self,
        *,
        path: str | os.PathLike[str] | None = None,
        mode: str | None = None,
        inner: str | X = DEFAULT_INNER,
        inner_options: Mapping[str, Any] | None = None,
        match_on: MatchOn = DEFAULT_MATCH_ON,
        allow_repeats: bool = False,
        redact: Sequence[Redaction] = (),
    ) -> None:
        """Open a recording.

        Args:
            path: The file; MESA_RECORDING, or recordings/mesa.json, if it is left out. All clients of a program that
                leave it out use that file together, from the program's begin to its end.
            mode: "replay" (never the network), "record" (anew), "once" (record if the file is missing) or "new" (replay
                what is known, record the rest); MESA_RECORD, or "replay".
            inner: The transport to record through, by name or as an object, which stays its owner's; "httpx".
            inner_options: Options for an inner transport given by name. `Any`: each transport names and checks its own.
            match_on: Which fields must be equal: names of method, path, query, body, accept and host; or a function
                of a request and a recorded one.
            allow_repeats: Whether the last answer of its kind may be given again and again.
            redact: What else is secret: texts, patterns, and functions from a text to the same without its secrets.

        Raises:
            ConfigurationError: an option is not what it must be, or there is nothing to replay.
            DamagedRecording: the file is no whole recording of a known format.
        """
        options = Options.of(
            path=path,
            mode=mode,
            inner=inner,
            inner_options=inner_options,
            match_on=match_on,
            allow_repeats=allow_repeats,
            redact=redact,
        )
        self._open(options, inner, None)

    @classmethod
    def of_run(cls, options: Options, inner: str | X, began: datetime | None) -> Self:
        """Return a transport of a run that began then, or begins now: it adds to what that run recorded already."""
        transport = cls.__new__(cls)
        transport._open(options, inner, began)  # noqa: SLF001 - its own
        return transport

    @classmethod
    def over(cls, options: Options, inner: str | X, tape: Tape) -> Self:
        """Return a transport over a recording that its caller holds and saves; no two over it give the same answer."""
        transport = cls.__new__(cls)
        transport._use(options, inner, tape, _leave)  # noqa: SLF001 - its own
        return transport

    def _open(self, options: Options, inner: str | X, began: datetime | None) -> None:
        if not isinstance(inner, str):  # which is looked up where it is used, for it may not be installed elsewhere
            self._checked(inner)
        tape = SESSIONS.hold(options, began)
        self._use(options, inner, tape, partial(SESSIONS.release, tape, options.mode))

    def _use(self, options: Options, inner: str | X, tape: Tape, release: Callable[..., None]) -> None:
        self._options = options
        self._given = inner
        self._tape = tape
        self._release = release
        self._dropped = weakref.finalize(self, put_off, release)
        self._dropped.atexit = False  # the sessions save all
        if self._tape.records:
            self._inner = self._named(inner) if isinstance(inner, str) else self._checked(inner)

    @property
    def client_clock(self) -> ReplayClock:
        """The clock of clients that use this transport: it passes over waits that follow a replayed answer."""
        return ReplayClock()

    @property
    def mode(self) -> Mode:
        """The mode that was asked for."""
        return self._options.mode

    def unused(self) -> tuple[Interaction, ...]:
        """Return the recorded interactions that answered nothing yet, in recorded order."""
        interactions = self._tape.interactions()
        return tuple(interactions[index] for index in self._tape.unused())

    @abstractmethod
    def _named(self, name: str) -> X:
        """Return the transport of that name, to record through; raises `ConfigurationError`."""

    @abstractmethod
    def _checked(self, inner: object) -> X:
        """Return the transport that was given; raises `ConfigurationError` if it is none of this world."""

    @property
    def _owned(self) -> X | None:
        """The inner transport, if it is this one's to close."""
        return self._inner if isinstance(self._given, str) else None

    def _look_up(self, request: Request) -> tuple[RecordedRequest, Response | None]:
        self._check_open()
        try:
            asked, found = self._tape.look_up(request)
        except ConfigurationError as error:
            raise in_a_call(error, sent=False) from error
        answered(replayed=found is not None)
        return asked, found

    def _sendable(self) -> X:
        if self._inner is None:
            raise TransportError(f"{self._tape.path}: nothing is sent in the mode {self.mode}", sent=False)
        return self._inner

    def _record(self, asked: RecordedRequest, response: Response) -> None:
        SESSIONS.watch()
        try:
            self._tape.add(asked, response)
        except ConfigurationError as error:
            raise in_a_call(error, sent=True) from error

    def _let_go(self, *, finished: bool) -> None:
        """Give the recording back, once."""
        if self._dropped.detach():
            outside(partial(self._release, finished=finished))

    def _check_open(self) -> None:
        if not self._dropped.alive:
            raise ConnectError("the recorded transport is closed")

    def __reduce__(self) -> tuple[Any, ...]:
        return self.of_run, (self._options, self._given, None)

    def __repr__(self) -> str:
        if not hasattr(self, "_tape"):  # as of a client: one that was refused is shown too
            return f"<{type(self).__name__}, not opened>"
        return f"<{type(self).__name__} {self.mode} {self._tape.path}>"


class RecordedTransport(_Recorded[Transport]):
    """Records and replays for blocking code."""

    def _named(self, name: str) -> Transport:
        return named_transport(name, self._options.inner_options)

    def _checked(self, inner: object) -> Transport:
        if isinstance(inner, Transport) and not isinstance(inner, type):  # which has the methods, too
            return inner
        raise ConfigurationError(f"inner: expected a name or a transport with send and close, got {_kind(inner)}")

    def send(self, request: Request, /) -> Response:
        """Return the recorded answer to `request`, or send it and record what comes.

        Raises:
            NoRecording: nothing was recorded for it, and the mode is `replay`, or `once` with a file.
            DamagedRecording: the recording was broken since it was opened; this one is a TransportError, too.
            TransportError: what the inner transport raised, which is not recorded; the file cannot be written; or a
                function given as an option raised something.
        """
        asked, found = self._look_up(request)
        if found is not None:
            return found
        response = self._sendable().send(request)
        self._record(asked, response)
        return response

    def close(self) -> None:
        """Save what is unsaved and close the inner transport, if it was given by name; a second call does nothing."""
        try:
            self._let_go(finished=sys.exception() is None)
        finally:
            if self._owned is not None:
                self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncRecordedTransport(_Recorded[AsyncTransport]):
    """Records and replays for `async` code."""

    def _named(self, name: str) -> AsyncTransport:
        return named_async_transport(name, self._options.inner_options)

    def _checked(self, inner: object) -> AsyncTransport:
        if isinstance(inner, AsyncTransport) and not isinstance(inner, type):
            return inner
        raise ConfigurationError(f"inner: expected a name or a transport with asend and aclose, got {_kind(inner)}")

    async def asend(self, request: Request, /) -> Response:
        """Return the recorded answer to `request`, or send it and record what comes; raises as `send` does."""
        # Others get their turn, as they do while an answer is on its way; and whoever is cancelled has taken none.
        await checkpoint()
        asked, found = self._look_up(request)
        if found is not None:
            return found
        response = await self._sendable().asend(request)
        await to_thread.run_sync(self._record, asked, response)
        return response

    async def aclose(self) -> None:
        """Save what is unsaved and close the inner transport, if it was given by name; a second call does nothing."""
        let_go = partial(self._let_go, finished=sys.exception() is None)
        try:
            with CancelScope(shield=True):  # what was recorded is saved, though whoever recorded it was cancelled
                await to_thread.run_sync(let_go)
        finally:
            if self._owned is not None:
                await self._owned.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _leave(*, finished: bool = False) -> None:
    """Leave a recording to its holder."""


def _kind(given: object) -> str:
    return f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
