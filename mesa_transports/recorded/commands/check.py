"""The command `check`: holds recordings against today's models, and against the calendar."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, cast

from mesa_transports.recorded.commands.findings import findings
from mesa_transports.recorded.commands.loading import load_ours
from mesa_transports.recorded.commands.output import counted, say
from mesa_transports.recorded.errors import DamagedRecording
from mesa_transports.recorded.interactions import Recording

__all__ = ["check"]


def check(paths: Sequence[Path], max_age: timedelta | None, now: datetime) -> int:
    """Print what is stale or damaged in files, and in the recordings of directories; return how much that is."""
    by_path = {path: _recordings(path) for path in paths}
    files = dict.fromkeys(chain.from_iterable(by_path.values()))
    found = interactions = 0
    for path in (path for path, files_of_it in by_path.items() if not files_of_it):
        say(f"{path}: no recording is here")
        found += 1
    for file in files:
        recording, complaints = _checked(file, max_age, now)
        interactions += len(recording.interactions) if recording else 0
        for each in complaints:
            say(each)
            found += 1
    scope = f"{counted(len(files), 'recording')} with {counted(interactions, 'interaction')}"
    say(f"{counted(found, 'finding') if found else 'no findings'} in {scope}")
    return found


def _recordings(path: Path) -> list[Path]:
    """Return a file, whatever it is; of a directory, all below it that claim to be recordings."""
    return sorted(filter(_claims, path.rglob("*.json"))) if path.is_dir() else [path]


def _claims(path: Path) -> bool:
    """Tell whether a file says that it is a recording, be it as damaged as it may: other JSON may lie beside them."""
    if not path.is_file():
        return False
    try:
        content = path.read_bytes()
    except OSError:
        return True  # which is said of it when it is read
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError):
        return b'"format_version"' in content
    header: Any = cast("dict[str, Any]", document).get("header") if document.__class__ is dict else None
    return header.__class__ is dict and "format_version" in header


def _checked(path: Path, max_age: timedelta | None, now: datetime) -> tuple[Recording | None, Iterable[str]]:
    try:
        recording = load_ours(path)
    except DamagedRecording as error:
        return None, [error.message]
    except FileNotFoundError:
        return None, [f"{path}: the file is gone"]
    return recording, _complaints(path, recording, max_age, now)


def _complaints(path: Path, recording: Recording, max_age: timedelta | None, now: datetime) -> Iterator[str]:
    for index, each in enumerate(recording.interactions):
        for what in findings(each):
            yield f"{path}: interactions[{index}] {what}"
    if max_age is not None:
        yield from (f"{path}: {what}" for what in _aged(recording, max_age, now))


def _aged(recording: Recording, max_age: timedelta, now: datetime) -> Iterator[str]:
    ages = [now - (each.recorded_at or recording.header.recorded_at) for each in recording.interactions]
    old = [age for age in ages if age > max_age]
    if old:
        oldest = max(old)
        which = f"the oldest is interactions[{ages.index(oldest)}], {_spelt(oldest)} old"
        yield f"{len(old)} of {counted(len(ages), 'interaction')} too old for --max-age: {which}"


def _spelt(age: timedelta) -> str:
    return counted(age.days, "day") if age.days else counted(age.seconds // 3600, "hour")
