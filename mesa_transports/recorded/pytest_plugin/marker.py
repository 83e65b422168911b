"""What the marker `mesa_recording` says of a test, and which file is the test's recording."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import frozen

from mesa_core.errors import ConfigurationError
from mesa_core.suggestions import unknown
from mesa_transports.recorded.options import mode_of
from mesa_transports.recorded.tape import Mode

__all__ = ["TRANSPORT_OPTIONS", "Marked", "check_known", "checked_mode", "clashes", "folder_of", "marked", "path_of"]

TRANSPORT_OPTIONS: Final = ("allow_hosts", "allow_repeats", "inner", "inner_options", "match_on", "redact")
"""What a marker says of one test's recording, and the fixture `mesa_recording_options` of a suite's."""
_LONGEST: Final = 100
"""Characters of a file's name. Systems take 255, but have limits for whole paths, too."""
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.,=+()\[\]-]|^\.")
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
"""What Windows takes for a device, whatever follows the dot."""


@frozen
class Marked:
    """What is said of a test."""

    name: str | None
    """By which its recording goes, other tests' too; None for one of its own."""
    mode: Mode
    options: Mapping[str, Any]  # as the transport `recorded` types them


def marked(item: pytest.Item, mode: str | None) -> Marked:
    """Return what the closest marker of a test says, in a run in that mode; None leaves it to MESA_RECORD.

    Raises:
        pytest.UsageError: the marker, or MESA_RECORD, is not what it may be.
    """
    __tracebackhide__ = True
    mark = item.get_closest_marker("mesa_recording")
    if mark is None:
        return Marked(None, checked_mode("--mesa-record", mode), {})
    place = f"{item.nodeid}: mesa_recording"
    options = dict(mark.kwargs)
    check_known(place, options, ("mode", "name", *TRANSPORT_OPTIONS))
    names = [*mark.args, options.pop("name", None)]
    names = [name for name in names if name is not None]
    if len(names) > 1 or not all(isinstance(name, str) and name for name in names):
        raise pytest.UsageError(f"{place}: expected the name of a recording, got {', '.join(map(repr, names))}")
    own = options.pop("mode", None)
    chosen = checked_mode("--mesa-record", mode) if own is None else checked_mode(f"{place}: mode", own)
    return Marked(names[0] if names else None, chosen, options)


def checked_mode(place: str, given: object) -> Mode:
    """Return the mode that is given, or that MESA_RECORD says; raises `pytest.UsageError` if there is no such mode."""
    __tracebackhide__ = True
    try:
        return mode_of(place, given)
    except ConfigurationError as error:
        raise pytest.UsageError(error.message) from None


def check_known(place: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise `pytest.UsageError` for an option that is not known."""
    __tracebackhide__ = True
    for name in given:
        if name not in known:
            raise pytest.UsageError(f"{place}: {unknown('option', name, known)}")


def path_of(item: pytest.Item) -> Path:
    """Return the path of a test's recording."""
    mark = item.get_closest_marker("mesa_recording")
    named = next(filter(None, (*mark.args, mark.kwargs.get("name"))), None) if mark else None
    return folder_of(item.path) / f"{_file_name(str(named or _name_of(item)))}.json"


def clashes(items: Iterable[pytest.Item]) -> dict[Path, str]:
    """Return what to say of recordings whose names differ in case only: to many systems, they are one file."""
    first: dict[str, tuple[Path, pytest.Item]] = {}
    found: dict[Path, str] = {}
    for item in items:
        path = path_of(item)
        other, its = first.setdefault(str(path).casefold(), (path, item))
        if other != path:
            found[path] = found[other] = (
                f"{item.nodeid}: its recording {path.name} is the file {other.name} of {its.nodeid} where case does "
                'not count in names; rename one of them, or mark it with mesa_recording("another-name")'
            )
    return found


def folder_of(module: Path) -> Path:
    """Return the folder of a test module's recordings."""
    return module.parent / "recordings" / module.stem


def _name_of(item: pytest.Item) -> str:
    """Return a test's name with those of its classes, such as `TestRepos.test_get[main]`."""
    classes = (node.name for node in item.listchain() if isinstance(node, pytest.Class))
    return ".".join((*classes, item.name))


def _file_name(name: str) -> str:
    """Return a name that every system takes; no two names get the same one."""
    fit = _UNFIT.sub("_", name)
    if _DEVICE.match(fit):
        fit = f"_{fit}"
    if fit == name and len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{fit[: _LONGEST - len(digest) - 1]}-{digest}"
