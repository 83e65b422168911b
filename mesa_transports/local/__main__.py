"""`python -m mesa_transports.local`: serve a Depot over HTTP, for development and tests."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from mesa_core.errors import ConfigurationError
from mesa_core.urls import is_loopback
from mesa_transports.local.depot import LocalDepot

if TYPE_CHECKING:
    from mesa_transports.local.server import Server

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code: 2 where the Depot cannot be served as asked."""
    options = _parser().parse_args(arguments)
    try:
        with LocalDepot(options.data, root_key=options.root_key, open_to_any_key=False) as depot:
            return _serve(depot, options)
    except ConfigurationError as error:
        return _complain(error.message)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mesa_transports.local",
        description="Serve a local Depot over HTTP. It is for development and tests, not for production.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8080, help="port, 0 for a free one (default: %(default)s)")
    parser.add_argument("--data", metavar="DIR", help="data directory (default: a temporary one, removed at the end)")
    parser.add_argument("--root-key", metavar="KEY", help="key that may do everything (default: a new one, printed)")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:  # noqa: PLR2004 -- TCP's ports
        raise argparse.ArgumentTypeError(f"expected 0 to 65535, got {port}")
    return port


def _serve(depot: LocalDepot, options: argparse.Namespace) -> int:
    from mesa_transports.local.server import Server  # noqa: PLC0415 -- an optional dependency, which `depot` has found

    try:
        server = Server(depot, host=options.host, port=options.port)
    except ImportError as error:
        return _complain(f"serving needs {error.name}, which is not installed: pip install 'mesa-sdk[local]'")
    except OSError as error:
        return _complain(f"cannot listen on {options.host} port {options.port}: {error.strerror or error}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    with server:
        _announce(depot, server, options)
        server.run()
    return 0


def _exit(number: int, frame: object) -> NoReturn:  # noqa: ARG001 -- a signal handler's arguments
    raise SystemExit(0)


def _announce(depot: LocalDepot, server: Server, options: argparse.Namespace) -> None:
    print(f"Local Depot at {server.url} (for development and tests)", flush=True)  # noqa: T201 -- what the command is for
    if options.root_key is None:
        print(f"Root key: {depot.root_key}", flush=True)  # noqa: T201 -- made here, so shown here, once
    if options.data is None:
        print(f"Data: {depot.path}, temporary: it is removed at the end", flush=True)  # noqa: T201 -- the same
    if not is_loopback(options.host):
        _complain(f"warning: {options.host} is not loopback: others on the network can reach this Depot")


def _complain(message: str) -> int:
    print(f"mesa_transports.local: {message}", file=sys.stderr, flush=True)  # noqa: T201 -- a command's way to say so
    return 2


if __name__ == "__main__":
    sys.exit(main())
