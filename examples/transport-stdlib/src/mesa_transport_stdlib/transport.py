"""The transport: idle connections by origin, and what a failure means."""

from __future__ import annotations

import os
import re
import ssl
import warnings
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final

from mesa_core import (
    ConfigurationError,
    ConnectError,
    ConnectionLost,
    Request,
    RequestTimeout,
    Response,
    TransportError,
    without_secrets,
)
from mesa_transport_stdlib.connection import Connection
from mesa_transport_stdlib.sockets import BoundedTLSSocket

__all__ = ["StdlibTransport"]

_URL: Final = re.compile(r"(https?)://([^/?#@\\\s]+)([^#\s]*)(?:#.*)?", re.IGNORECASE)


class StdlibTransport:
    """Sends requests with `http.client`; threads may share it. Proxies, the environment's too, are not supported.

    Args:
        verify: False trusts any certificate; a path names a file of CA certificates to trust instead of the system's.
        cert: Path of a client certificate, or a pair of paths, certificate and key.

    Raises:
        ConfigurationError: a file does not hold certificates.
    """

    def __init__(self, *, verify: bool | str = True, cert: str | tuple[str, str] | None = None) -> None:
        # A deque's append and pop are atomic, so there is no lock, which a fork could leave locked.
        self._idle: dict[str, deque[Connection]] = {}
        self._process = os.getpid()
        self._closed = False
        self._remake = partial(type(self), verify=verify, cert=cert)
        self._tls = _tls_context(verify, cert)

    def send(self, request: Request, /) -> Response:
        """Send `request` once and return the response, whatever its status; raises as `mesa_core.Transport` says."""
        if self._closed:
            raise TransportError(f"{request.method}: the transport is closed", sent=False)
        with _failing_as(partial(TransportError, sent=False), request, "cannot be sent"):
            scheme, authority, target = _split(request.url)
            idle = self._idle_to(f"{scheme}://{authority}")
            connection = _usable(idle) or Connection(authority, self._tls if scheme == "https" else None)
        try:
            response = _exchange(connection, request, target)
        except BaseException:
            connection.close()
            raise
        self._keep(connection, idle)
        return response

    def close(self) -> None:
        """Close the connections; one in use is closed when its response is there. A second call does nothing."""
        self._closed = True
        self._close_idle()

    def _idle_to(self, origin: str) -> deque[Connection]:
        if self._process != os.getpid():  # a forked child; to close its copies closes nothing of its parent's
            self._close_idle()
            self._process = os.getpid()
        return self._idle.setdefault(origin, deque())

    def _keep(self, connection: Connection, idle: deque[Connection]) -> None:
        idle.append(connection)
        if self._closed:  # meanwhile
            self._close_idle()

    def _close_idle(self) -> None:
        for idle in list(self._idle.values()):
            with suppress(IndexError):
                while True:
                    idle.pop().close()

    def __reduce__(self) -> tuple[Callable[[], StdlibTransport], tuple[()]]:
        return self._remake, ()  # it travels as its options, and connects anew where it arrives

    def __del__(self) -> None:
        if any(self._idle.values()):
            warnings.warn(f"{type(self).__name__} was never closed", ResourceWarning, stacklevel=2, source=self)
            self._close_idle()


def _exchange(connection: Connection, request: Request, target: str) -> Response:
    with _failing_as(partial(TransportError, sent=False), request, "cannot be sent"):
        connection.prepare(request, target)
    with _failing_as(ConnectError, request, "no connection"):
        connection.connect()
    with (
        _failing_as(ConnectionLost, request, "connection lost before the response was whole"),
        _failing_as(RequestTimeout, request, "no whole response in time", TimeoutError),
    ):
        return connection.exchange(request.content)


@contextmanager
def _failing_as(
    kind: Callable[[str], TransportError], request: Request, what: str, of: type[Exception] = Exception
) -> Generator[None]:
    """Turn a failure into ours, in one line that shows no secret: not its own text, which may quote the request.

    Nor is it the cause, which a traceback shows, unless the system failed, whose words quote nothing.
    """
    try:
        yield
    except TransportError:
        raise
    except of as error:
        by_system = isinstance(error, OSError) and error.strerror
        system = f": {by_system}" if by_system else ""
        message = f"{request.method} {without_secrets(request.url)}: {what} ({type(error).__name__}{system})"
        raise kind(message) from error if by_system else None


def _split(url: str) -> tuple[str, str, str]:
    matched = _URL.fullmatch(url)
    if matched is None:
        raise ValueError("expected an http or https URL")
    scheme, authority, target = matched.groups()
    return scheme.lower(), authority, target if target.startswith("/") else f"/{target}"


def _usable(idle: deque[Connection]) -> Connection | None:
    with suppress(IndexError):
        while True:
            connection = idle.pop()
            if connection.is_usable():
                return connection
            connection.close()
    return None


def _tls_context(verify: str | bool, cert: str | tuple[str, str] | None) -> ssl.SSLContext:  # noqa: FBT001 - an option
    try:
        context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
        if cert is not None:
            context.load_cert_chain(*([cert] if isinstance(cert, str) else cert))
    except OSError as error:
        raise ConfigurationError("verify, cert: expected files of certificates in PEM form") from error
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = BoundedTLSSocket
    return context
