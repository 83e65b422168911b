"""What tests of the commands share: a command line, and files to name on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from mesa_transports.recorded.__main__ import main

BASE = "https://depot.mesa.dev/api/v1"


@frozen
class Ran:
    """How a command ended, and what it printed."""

    status: int
    out: list[str]
    err: list[str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Carry out a command line."""

    def run(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        try:
            status = main([str(each) for each in arguments])
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        return Ran(status, said.out.splitlines(), said.err.splitlines())

    return run


@pytest.fixture
def interaction() -> Callable[..., dict[str, Any]]:
    """Make an interaction as it stands in a file; `sent` and `got` are JSON, or a body in one of the file's forms."""

    def body(value: Any) -> dict[str, Any]:
        if value is None:
            return {}
        is_form = isinstance(value, dict) and {*value} in (
            {"text"},
            {"base64"},
            {"json"},
            {"json", "spelling"},
            {"file", "size"},
        )
        return {"body": value if is_form else {"json": value}}

    def make(
        method: str,
        path: str,
        status: int,
        got: Any = None,
        *,
        sent: Any = None,
        accept: str = "application/json",
        kind: str = "application/json",
        at: str | None = None,
        url: str | None = None,
    ) -> dict[str, Any]:
        asked = {"Accept": accept, **({"Content-Type": "application/json"} if sent is not None else {})}
        answered = {"Content-Type": kind} if got is not None else {}
        return {
            **({"recorded_at": at} if at else {}),
            "request": {"method": method, "url": url or BASE + path, "headers": asked, **body(sent)},
            "response": {"status": status, "headers": answered, **body(got)},
        }

    return make


@pytest.fixture
def recording(tmp_path: Path) -> Callable[..., Path]:
    """Write a recording, and return its path."""

    def write(*interactions: dict[str, Any], name: str = "x.json", at: str | None = None) -> Path:
        header = {
            "format_version": 1,
            "sdk_version": "0.1.0",
            "contract_version": "1",
            "recorded_at": at or datetime.now(UTC).isoformat(),
        }
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"header": header, "interactions": interactions}), encoding="utf-8")
        return path

    return write
