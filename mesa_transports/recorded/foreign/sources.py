"""Reads a file of recorded traffic, whichever of the known tools wrote it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from mesa_core.errors import ConfigurationError
from mesa_transports.recorded.foreign.har import read_har
from mesa_transports.recorded.foreign.traffic import Exchange, Traffic, Unreadable
from mesa_transports.recorded.foreign.vcr import read_vcr
from mesa_transports.recorded.foreign.yaml_files import load_yaml
from mesa_transports.recorded.format import load

__all__ = ["kind_of", "read"]

_YAML: Final = frozenset({".yaml", ".yml"})


def read(path: Path) -> Traffic:
    """Return the exchanges of a HAR, a cassette or a recording: the content tells which it is.

    Raises:
        ConfigurationError: it is none of them, or a damaged one; the message says where.
    """
    try:
        content = path.read_bytes()
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise ConfigurationError(f"{path}: expected a readable file: {error.strerror}") from error
    try:
        document = _document(content, is_yaml=path.suffix.lower() in _YAML)
        if "log" in document:
            return read_har(document)
        if "header" not in document:
            return read_vcr(document, written)
    except Unreadable as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return _ours(path)


def kind_of(path: Path) -> str | None:
    """Tell whose recorded traffic a file holds, in a few words; None for nobody's that is known, or for our own."""
    if path.suffix.lower() in _YAML:  # which need not be readable here
        return "a cassette of VCR.py"
    try:
        document = _document(path.read_bytes(), is_yaml=False)
    except (OSError, Unreadable):
        return None
    if "log" in document:
        return "HAR"
    return None if "header" in document else "a cassette of VCR.py"


def _document(content: bytes, *, is_yaml: bool) -> dict[str, Any]:
    document = load_yaml(content) if is_yaml else _json(content)
    if document.__class__ is dict and {"log", "header", "interactions"} & document.keys():
        return cast("dict[str, Any]", document)
    raise Unreadable(
        "$", 'expected a HAR (with "log"), a cassette of VCR.py (with "interactions") or a recording (with "header")'
    )


def _json(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))  # a HAR may begin with a byte order mark
    except (ValueError, RecursionError) as error:
        raise Unreadable("$", f"expected JSON, or YAML in a file named .yaml or .yml: {error}") from error


def _ours(path: Path) -> Traffic:
    recording = load(path)
    return Traffic(
        exchanges=tuple(
            Exchange(
                request=each.request.message(),
                response=each.response.message(),
                at=each.recorded_at or recording.header.recorded_at,
            )
            for each in recording.interactions
        ),
        is_ours=True,
    )
