"""The command `show`: a recording as a table, a line an interaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from mesa_core.secrets import without_secrets
from mesa_transports.recorded.bodies import BinaryBody, Body, FileBody, JsonBody
from mesa_transports.recorded.commands.loading import load_ours
from mesa_transports.recorded.commands.operations import endpoint_of, is_signed
from mesa_transports.recorded.commands.output import counted, say
from mesa_transports.recorded.interactions import Interaction, Recording

__all__ = ["show"]

_HEADINGS: Final = ("#", "method", "status", "body", "bytes", "operation", "path")
# The path is last, so that it may be as long as it is: nothing is cut, and nothing after it loses its column.
_TO_THE_RIGHT: Final = (0, 4)


def show(path: Path) -> None:
    """Print what a recording holds.

    Raises:
        DamagedRecording: it is no whole recording of a known format.
    """
    recording = load_ours(path)
    say(f"{path}: {_of_header(recording)}")
    rows = [_HEADINGS, *(_row(index, each) for index, each in enumerate(recording.interactions))]
    for line in _aligned(rows):
        say(line)


def _of_header(recording: Recording) -> str:
    header = recording.header
    moment = header.recorded_at.isoformat(sep=" ", timespec="seconds")
    return (
        f"format {header.format_version}, mesa-sdk {header.sdk_version}, contract {header.contract_version}, "
        f"recorded {moment}, {counted(len(recording.interactions), 'interaction')}"
    )


def _row(index: int, interaction: Interaction) -> tuple[str, ...]:
    request, response = interaction.request, interaction.response
    endpoint = endpoint_of(interaction)
    operation = endpoint.name if endpoint else "signed URL" if is_signed(request) else "-"
    kind, size = _of_body(response.body)
    return str(index), request.method, str(response.status), kind, str(size), operation, _target(request.url)


def _of_body(body: Body | None) -> tuple[str, int]:
    if body is None:
        return "none", 0
    if isinstance(body, FileBody):
        return "file", body.size
    kind = "json" if isinstance(body, JsonBody) else "binary" if isinstance(body, BinaryBody) else "text"
    return kind, len(body.content())


def _target(url: str) -> str:
    """Return the path and what of the query is no secret; a recording holds none, unless somebody edited it."""
    parts = urlsplit(without_secrets(url))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            each.rjust(width) if column in _TO_THE_RIGHT else each.ljust(width)
            for column, (each, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
