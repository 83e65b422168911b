"""Error reporters show the variables of a traceback: those of ours can be shown, whatever state they are in."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mesa_plugins.cache import Cache
from mesa_plugins.faults import Faults
from mesa_plugins.testing import Script
from mesa_sdk import AsyncMesa, ConfigurationError, Mesa
from mesa_transports._options import Options
from mesa_transports.recorded import RecordedTransport

KEY = "s3cr3t-Xy"
wrong: Any = 5

REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a client": (lambda _: Mesa(api_key=lambda: KEY, retry_config=wrong), "self = <Mesa, not built>"),
    "an async client": (lambda _: AsyncMesa(api_key=lambda: KEY, retry_config=wrong), "self = <AsyncMesa, not built>"),
    "plugins": (lambda _: Mesa(api_key=lambda: KEY, transport=Script(), plugins=[object()]), "self = <Plugins: >"),
    "faults": (lambda _: Faults(wrong), "self = Faults([])"),
    "one of several faults": (lambda _: Faults([wrong]), "self = Faults([5])"),
    "a cache": (lambda _: Cache(max_bytes=0), "self = Cache(max_bytes=0, path=None)"),
    "a recording": (
        lambda folder: RecordedTransport(path=folder / "no.json"),
        "self = <RecordedTransport, not",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_while_it_is_built_has_a_repr(what: str, tmp_path: Path) -> None:
    build, shown = REFUSED[what]
    with pytest.raises(ConfigurationError) as refused:
        build(tmp_path)
    told = "".join(traceback.TracebackException.from_exception(refused.value, capture_locals=True).format())
    assert shown in told
    assert KEY not in told


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [(None, "None"), ("http://proxy.example:3128", "'http://proxy.example:3128'"), (f"http://bot:{KEY}@h:1", "'***'")],
)
def test_options_show_a_proxy_without_its_password(proxy: str | None, shown: str) -> None:
    assert repr(Options(proxy)).startswith(f"Options(proxy={shown}, ")
