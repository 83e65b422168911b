"""The recording of one test: opened by its first client, shared by all, saved and put down when the test is over."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final, Self, cast
from urllib.parse import urlsplit

import pytest
from anyio import to_thread

from mesa_core.client import AsyncMesa, Mesa
from mesa_core.errors import ConfigurationError
from mesa_core.http import Request, Response
from mesa_core.transport import AsyncTransport, Transport
from mesa_core.transport_lookup import named_transport
from mesa_transports.recorded.errors import DamagedRecording
from mesa_transports.recorded.files import locked, write
from mesa_transports.recorded.format import dump, new_header
from mesa_transports.recorded.interactions import Interaction, Recording
from mesa_transports.recorded.matching import DEFAULT_MATCH_ON
from mesa_transports.recorded.options import DEFAULT_INNER, Options
from mesa_transports.recorded.pytest_plugin.cleaning import packed
from mesa_transports.recorded.pytest_plugin.marker import TRANSPORT_OPTIONS, check_known, marked, path_of
from mesa_transports.recorded.pytest_plugin.network import blocked
from mesa_transports.recorded.pytest_plugin.run import Run
from mesa_transports.recorded.sessions import SESSIONS
from mesa_transports.recorded.tape import Mode, Tape
from mesa_transports.recorded.transport import AsyncRecordedTransport, RecordedTransport
from mesa_transports.recorded.writer import Stamp, stamp

__all__ = ["Recorder", "Threaded"]

_DEFAULTS: Final[Mapping[str, Any]] = {  # `Any`: the transport's own options
    "inner": DEFAULT_INNER,
    "inner_options": None,
    "match_on": DEFAULT_MATCH_ON,
    "allow_repeats": False,
    "redact": (),
}
_NO_KEY: Final = "REDACTED_API_KEY"
"""The key of clients that replay and were given none."""


class Threaded:
    """A blocking transport for `async` code: each request waits in a thread, so no event loop owns its connections."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    async def asend(self, request: Request, /) -> Response:
        """Send a request; raises as the blocking transport does."""
        return await to_thread.run_sync(self._inner.send, request)

    async def aclose(self) -> None:
        """Leave the blocking transport to its owner."""


class Recorder:
    """A test's recording, and the clients that record and replay it.

    Args:
        item: The test.
        run: The run it is a part of.
        suite: Options of the transport for every test, before those of its marker.

    Raises:
        pytest.UsageError: an option, or the marker, is not what it may be.
        ConfigurationError: an option of the transport is not what it must be; the message names it.
    """

    def __init__(self, item: pytest.Item, run: Run, suite: Mapping[str, Any]) -> None:
        __tracebackhide__ = True
        check_known("mesa_recording_options", suite, TRANSPORT_OPTIONS)
        said = marked(item, run.mode)
        path = path_of(item)
        if path in run.clashes:
            raise pytest.UsageError(run.clashes[path])
        options = {**_DEFAULTS, **suite, **said.options}
        self._item = item
        self._run = run
        self._named = said.name is not None
        self._allowed = _hosts(item, options.pop("allow_hosts", ()))
        self._options = Options.of(path=path, mode=said.mode, **options)
        self._failures = item.session.testsfailed
        self.passed = False
        """Whether the test itself, but for what follows it, ran to its end, if only to a failure that was expected."""
        self.skipped = False
        """Whether it broke off by itself."""
        self._tape: Tape | None = None
        self._before: Stamp | None = None
        self._asked = False
        self._inner: object = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        if self._replays():
            self._open.enter_context(blocked(self._item.nodeid, self._allowed))
        return self

    def __exit__(self, *_: object) -> None:
        with self._open:
            if self._tape is not None:
                try:
                    if self._options.mode is Mode.RECORD:
                        self._tape.settle(keep=self._is_worth_keeping(self._tape))
                finally:
                    SESSIONS.release(self._tape, self._options.mode)
                if self._asked:
                    self._note(self._tape)

    def _failed(self) -> bool:
        """Tell whether something has failed: of the test itself, or a subtest, of which the test says nothing."""
        return self._item.session.testsfailed != self._failures

    def _is_worth_keeping(self, tape: Tape) -> bool:
        """Tell whether to keep what was recorded anew: what broke off is no better than what there was."""
        return not self._failed() and (self.passed or (self.skipped and not tape.replaces))

    def client(self, options: Mapping[str, Any]) -> Mesa:
        """Return a client with those options; raises `ConfigurationError` if there is nothing to replay, too."""
        __tracebackhide__ = True
        tape = self._ask()
        transport = RecordedTransport.over(self._options, cast("Transport", self._inner), tape)
        client = Mesa(transport=transport, **self._client_options(options, tape))
        self._open.callback(client.close)
        return client

    def async_client(self, options: Mapping[str, Any]) -> AsyncMesa:
        """Return an async client with those options; raises as `client` does."""
        __tracebackhide__ = True
        tape = self._ask()
        inner = Threaded(self._inner) if isinstance(self._inner, Transport) else cast("AsyncTransport", self._inner)
        transport = AsyncRecordedTransport.over(self._options, inner, tape)
        client = AsyncMesa(transport=transport, **self._client_options(options, tape))
        self._open.callback(client.world.lifetime.end)  # all that `aclose` does, for the transport is not the client's
        return client

    def _ask(self) -> Tape:
        """Return the recording for a client, with the transport to record through at hand."""
        __tracebackhide__ = True
        tape = self._hold()
        if not self._asked and tape.records:
            self._inner = self._options.inner
            if isinstance(self._inner, str):  # made once, for both clients, and closed here
                self._inner = inner = named_transport(self._inner, self._options.inner_options)
                self._open.callback(inner.close)
        self._asked = True
        return tape

    def _hold(self) -> Tape:
        __tracebackhide__ = True
        if self._tape is None:
            self._before = stamp(self._options.path)
            try:
                self._tape = SESSIONS.hold(self._options, self._run.began)
            except DamagedRecording:
                raise
            except ConfigurationError as error:
                if self._options.mode is not Mode.REPLAY:
                    raise
                raise ConfigurationError(f"{error.message}; with pytest, --mesa-record=once") from None
            if self._options.mode is Mode.RECORD:  # what a failing test recorded is no better than what there was
                self._tape.hold_back()
        return self._tape

    def _replays(self) -> bool:
        """Tell whether nothing will be sent."""
        if self._options.mode is Mode.ONCE:
            return self._options.path.exists() and not self._hold().records
        return self._options.mode is Mode.REPLAY

    def _client_options(self, given: Mapping[str, Any], tape: Tape) -> dict[str, Any]:
        __tracebackhide__ = True
        known = [name for name in inspect.signature(Mesa).parameters if not name.startswith("transport")]
        check_known("mesa_options", given, known)
        options = dict(given)
        if options.get("api_key") is None and not (tape.records or os.environ.get("MESA_API_KEY")):
            options["api_key"] = _NO_KEY
        return options

    def _note(self, tape: Tape) -> None:
        """Note what became of the recording."""
        if tape.records and not self._failed() and (self.passed or self.skipped):
            self._write_empty()
        ledger, path = self._run.ledger, str(tape.path)
        ledger.modes.add(self._options.mode.value)
        ledger.opened.add(path)
        if self._named:
            ledger.named.add(path)
        if tape.records:
            if self._named:
                ledger.told.update((path, *packed(pair)) for pair in tape.told())
            if stamp(tape.path) != self._before:
                ledger.written.add(path)
            return
        unused = set(tape.unused())
        for place, interaction in enumerate(tape.interactions()):
            if place in unused:
                ledger.left.add((path, place, _line(interaction)))
            else:
                ledger.used.add((path, place))

    def _write_empty(self) -> None:
        """Put an empty recording down for a test that asked for nothing, so that it replays and none is missed."""
        path = self._options.path
        with locked(path):
            if not path.exists():
                write(path, dump(Recording(header=new_header(self._run.began), interactions=())))


def _hosts(item: pytest.Item, given: object) -> tuple[str, ...]:
    __tracebackhide__ = True
    hosts = cast("Sequence[object]", given)
    if given.__class__ not in {list, tuple} or not all(isinstance(host, str) for host in hosts):
        raise pytest.UsageError(f"{item.nodeid}: allow_hosts: expected a list of names and addresses, got {given!r}")
    return tuple(map(str, hosts))


def _line(interaction: Interaction) -> str:
    request = interaction.request
    return f"{request.method} {urlsplit(request.url).path} -> {interaction.response.status}"
