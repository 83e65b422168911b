"""Transports are found as plugins, and load no library but their own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pluggy
import pytest

from mesa_core.transport import TwoWorlds
from mesa_transports.aiohttp import AiohttpTransport
from mesa_transports.httpx import AsyncHttpxTransport, HttpxTransport
from mesa_transports.httpx2 import AsyncHttpx2Transport, Httpx2Transport
from mesa_transports.local import LocalTransport
from mesa_transports.recorded import AsyncRecordedTransport, RecordedTransport
from mesa_transports.requests import RequestsTransport
from mesa_transports.urllib3 import Urllib3Transport


def test_modules_are_plugins() -> None:
    from mesa_core.hookspecs import Plugin

    manager = pluggy.PluginManager("mesa")
    manager.add_hookspecs(Plugin)
    for entry_point in entry_points(group="mesa"):
        if entry_point.module.startswith("mesa_transports."):
            manager.register(entry_point.load())
    offered: dict[str, object] = {}
    for transports in manager.hook.provide_transports():
        offered |= transports
    assert offered == {
        "aiohttp": AiohttpTransport,
        "httpx": TwoWorlds(HttpxTransport, AsyncHttpxTransport),
        "httpx2": TwoWorlds(Httpx2Transport, AsyncHttpx2Transport),
        "local": LocalTransport,
        "recorded": TwoWorlds(RecordedTransport, AsyncRecordedTransport),
        "requests": RequestsTransport,
        "urllib3": Urllib3Transport,
    }


@pytest.mark.parametrize(("module", "unwanted"), [("", "httpx"), (".httpx", "requests"), (".requests", "httpx")])
def test_a_library_is_imported_only_by_its_transport(module: str, unwanted: str) -> None:
    code = f"import sys, mesa_transports{module}; sys.exit({unwanted!r} in sys.modules or 'pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False).returncode == 0
