"""Keeps the network from a test that replays: whatever library asks for it, it ends in one of these functions.

Unix sockets and socket pairs stay allowed, since event loops are made of them; so does listening. Every function is put
back as it was, unless somebody else, such as pytest-socket, has put it back before.

Who asks gets what `pytest.fail` raises, which is no `Exception`: a library takes one for a network that is down, tries
again, and in the end says something else.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from typing import Any, Final, TypeAlias, cast

import pytest

__all__ = ["blocked"]

# `Any`, here and below: the functions of `socket`, with whatever arguments they take.
_Function: TypeAlias = Callable[..., Any]

_NETWORKS: Final = frozenset({socket.AF_INET, socket.AF_INET6})
_MISSING: Final = object()


@contextmanager
def blocked(test: str, allow_hosts: Iterable[str] = ()) -> Generator[None]:
    """Refuse connections to all hosts but those, and look-ups of their names, with an error that names the test."""
    guard = _Guard(test, allow_hosts)
    # Not `socket.socket` itself, for which pytest-socket may have put in a class made of it.
    sockets = next(kind for kind in socket.socket.__mro__ if kind.__module__ == "socket")
    with ExitStack() as stack:
        for name, guarded in (
            ("connect", guard.connecting),
            ("connect_ex", guard.connecting),
            ("sendto", guard.sending),
            ("sendmsg", guard.sending_message),
        ):
            stack.enter_context(_replaced(sockets, name, guarded))
        for name, guarded in (
            ("getaddrinfo", guard.looking_up),
            ("gethostbyname", guard.looking_up),
            ("gethostbyname_ex", guard.looking_up),
            ("socketpair", guard.pairing),
        ):
            stack.enter_context(_replaced(socket, name, guarded))
        yield


@contextmanager
def _replaced(owner: object, name: str, guarded: Callable[[_Function], _Function]) -> Generator[None]:
    original = getattr(owner, name, None)
    if original is None:
        yield  # a system without it: Windows has no `sendmsg`
        return
    own = vars(owner).get(name, _MISSING)
    ours = guarded(original)
    setattr(owner, name, ours)
    try:
        yield
    finally:
        if vars(owner).get(name) is ours:
            if own is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, own)


class _Guard:
    """Decides which hosts may be reached, and wraps the functions that reach them."""

    def __init__(self, test: str, allow_hosts: Iterable[str]) -> None:
        self._test = test
        self._allowed = {_plain(host) for host in allow_hosts}
        self._thread = threading.local()

    def connecting(self, original: _Function) -> _Function:
        """Wrap `connect` and `connect_ex`."""

        def guarded(sock: socket.socket, address: Any, /) -> Any:
            __tracebackhide__ = True
            try:
                self._check(sock, address)
            except pytest.fail.Exception:
                sock.close()  # libraries do it when an `OSError` comes, and this is none
                raise
            return original(sock, address)

        return guarded

    def sending(self, original: _Function) -> _Function:
        """Wrap `sendto`, whose last argument is the address."""

        def guarded(sock: socket.socket, *arguments: Any) -> Any:
            __tracebackhide__ = True
            self._check(sock, arguments[-1] if arguments else None)
            return original(sock, *arguments)

        return guarded

    def sending_message(self, original: _Function) -> _Function:
        """Wrap `sendmsg`, whose fourth argument may be an address."""

        def guarded(sock: socket.socket, *arguments: Any) -> Any:
            __tracebackhide__ = True
            self._check(sock, (*arguments, None, None, None, None)[3])
            return original(sock, *arguments)

        return guarded

    def looking_up(self, original: _Function) -> _Function:
        """Wrap what finds the addresses of a host; those of an allowed one are allowed from then on."""

        def guarded(host: Any, *rest: Any, **named: Any) -> Any:
            __tracebackhide__ = True
            flags = named.get("flags", (*rest, 0, 0, 0, 0, 0)[4])
            if _is_near(host) or flags & socket.AI_PASSIVE:
                return original(host, *rest, **named)
            if _plain(host) not in self._allowed:
                raise self._refusal(_text(host), host)
            found = original(host, *rest, **named)
            self._allowed.update(map(_plain, _addresses(found)))
            return found

        return guarded

    def pairing(self, original: _Function) -> _Function:
        """Wrap `socketpair`, which connects on Windows, and must."""

        def guarded(*arguments: Any, **named: Any) -> Any:
            self._thread.pairs = True
            try:
                return original(*arguments, **named)
            finally:
                self._thread.pairs = False

        return guarded

    def _check(self, sock: socket.socket, address: Any) -> None:
        __tracebackhide__ = True
        if sock.family not in _NETWORKS or address.__class__ is not tuple or getattr(self._thread, "pairs", False):
            return
        host, port, *_ = address
        if _plain(host) not in self._allowed:
            raise self._refusal(f"{_text(host)} port {port}", host)

    def _refusal(self, what: str, host: Any) -> BaseException:
        return pytest.fail.Exception(
            f"the network is blocked while {self._test} replays, and it asked for {what}. To record what is missing, "
            f"run with --mesa-record=new; to let it through, mark the test: "
            f"@pytest.mark.mesa_recording(allow_hosts=[{_text(host)!r}])"
        )


def _is_near(host: Any) -> bool:
    """Tell whether nobody is asked for the address of a host: it is one, or this machine's."""
    if not host:
        return True
    name = _text(host)
    return name == socket.gethostname() or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)


def _plain(host: Any) -> str:
    """Return a host as it is compared: one spelling for each address and name."""
    name = _text(host).partition("%")[0]
    if not _is_address(name):
        return name.lower().rstrip(".")
    address = ip_address(name)
    return str(getattr(address, "ipv4_mapped", None) or address)


def _addresses(found: Any) -> Iterable[str]:
    """Return what a look-up found, from the answer of whichever function it was."""
    if isinstance(found, str):  # gethostbyname
        return [found]
    if isinstance(found, tuple):  # gethostbyname_ex
        return cast("tuple[str, list[str], list[str]]", found)[2]
    return [str(entry[4][0]) for entry in found]  # getaddrinfo
