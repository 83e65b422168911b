"""Serves Depots one after the other, each in a fork of this process, which has everything imported.

A line on standard input is a data directory to serve, which the Depot's own command does, and says where; an empty one
kills what is served, at once, and says so when it is gone.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from typing import NoReturn

import mesa_transports.local.app
import mesa_transports.local.channel
import mesa_transports.local.server
import mesa_transports.local.services  # noqa: F401 -- so that no child has to
from mesa_transports.local.__main__ import main as command


def serve(data: str, key: str) -> NoReturn:
    os._exit(command(["--port", "0", "--data", data, "--root-key", key]))


def kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def obey(lines: Iterable[str], key: str) -> None:
    child = None
    for line in lines:
        if child is not None:
            kill(child)
            print("killed", flush=True)  # noqa: T201 -- to whoever asked for it
            child = None
        if data := line.rstrip("\n"):
            child = os.fork() or serve(data, key)
    if child is not None:
        kill(child)


if __name__ == "__main__":
    obey(sys.stdin, sys.argv[1])
