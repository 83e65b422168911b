"""Whom TLS connections trust, and who they say they are. It is read for the first of them.

Reading the authorities that are usually trusted takes 10 ms and more than 1 MiB, and a client that speaks to a local
Depot over plain http never needs them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl

    from mesa_transports._options import Cert, Options

__all__ = ["ALPN", "TrustOnUse", "load_cert", "tls_context"]

ALPN: Final = ["http/1.1"]
"""What is spoken over TLS, of what a server offers (RFC 7301)."""


def load_cert(context: ssl.SSLContext, cert: Cert | None) -> None:
    """Make a client certificate, if there is one, part of a TLS context."""
    if isinstance(cert, str):
        context.load_cert_chain(cert)
    elif cert is not None:
        context.load_cert_chain(*cert)


def tls_context(options: Options) -> ssl.SSLContext:
    """Return a TLS context that trusts the certificates of the system, of a file, or any."""
    import ssl  # noqa: PLC0415 - 4 ms that few clients need before their first request

    context = ssl.create_default_context(cafile=options.verify if isinstance(options.verify, str) else None)
    if options.verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    load_cert(context, options.cert)
    context.set_alpn_protocols(ALPN)
    return context


class TrustOnUse:
    """A TLS context that is made for the first connection that needs it.

    It is for libraries that ask for a context long before: they are given `stand_in`.
    """

    def __init__(self, make: Callable[[], ssl.SSLContext]) -> None:
        import ssl  # noqa: PLC0415 - as above

        self.stand_in = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        """A context that trusts nobody: a connection made with it by mistake fails."""
        self._make = make
        self._made: ssl.SSLContext | None = None
        self._making = threading.Lock()

    def read(self) -> ssl.SSLContext:
        """Return the context, made by the first thread that asks, while others wait; after a failure, by the next.

        Asked for before there is a connection, so that what cannot be read is a request that cannot be sent.
        """
        if self._made is None:
            with self._making:
                if self._made is None:
                    self._made = self._make()
        return self._made

    def instead_of(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """Return the context to use where a library uses `context`."""
        return self.read() if context is self.stand_in else context
