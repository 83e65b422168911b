"""The servers that subjects ask, in processes of their own: one by plain http, one by TLS."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final, cast

import certifi
import trustme
from attrs import field, frozen

__all__ = ["Server", "cores", "serving", "serving_by_tls"]

_PROGRAM: Final = Path(__file__).with_name("server.py")


@frozen
class Server:
    """Where a server listens."""

    url: str
    """As clients take it."""
    environment: Mapping[str, str] = field(factory=dict[str, str])
    """The variables by which clients trust it."""


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Start a server, on a core of its own."""
    with _started() as port:
        yield Server(f"http://127.0.0.1:{port}/api/v1")


@contextlib.contextmanager
def serving_by_tls() -> Iterator[Server]:
    """Start a server that speaks TLS. Clients trust its authority beside the usual ones, which they read as always."""
    authority = trustme.CA()
    with TemporaryDirectory() as folder:
        certificate, trusted = Path(folder, "certificate.pem"), Path(folder, "trusted.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
        trusted.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        with _started("--tls", str(certificate)) as port:
            yield Server(f"https://127.0.0.1:{port}/api/v1", {"SSL_CERT_FILE": str(trusted)})


def cores() -> tuple[set[int], int | None]:
    """Return the cores of subjects, and the one of the server; None where it cannot have one."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (set(usable[:-1]), usable[-1]) if len(usable) > 1 else (set(usable), None)


@contextlib.contextmanager
def _started(*options: str) -> Iterator[int]:
    core = cores()[1]
    command = [sys.executable, str(_PROGRAM), *options, *([] if core is None else ["--core", str(core)])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            yield int(cast("IO[str]", server.stdout).readline())
        finally:
            cast("IO[str]", server.stdin).close()
