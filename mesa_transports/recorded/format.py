"""The file format: one JSON document, made to be reviewed, and verified to its last field when it is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs

from mesa_core.faults import faults_of
from mesa_core.http import Headers
from mesa_core.strict import Mismatch, register_strict
from mesa_core.version import CONTRACT_VERSION, __version__
from mesa_transports.recorded.bodies import Body, FileBody, dump_body, load_body
from mesa_transports.recorded.errors import DamagedRecording
from mesa_transports.recorded.interactions import Header, Interaction, RecordedRequest, RecordedResponse, Recording

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["FORMAT_VERSION", "dump", "dump_interaction", "files_of", "load", "new_header", "parse"]

FORMAT_VERSION: Final = 1
M = TypeVar("M", RecordedRequest, RecordedResponse)


def new_header(moment: datetime) -> Header:
    """Return the header of a file begun now by this SDK."""
    return Header(
        format_version=FORMAT_VERSION, sdk_version=__version__, contract_version=CONTRACT_VERSION, recorded_at=moment
    )


def files_of(path: Path) -> Path:
    """Return the directory of a recording's large bodies: `x.files` beside `x.json`."""
    return path.with_name(path.stem + ".files")


def dump(recording: Recording) -> bytes:
    """Return a recording as the text of its file."""
    header = recording.header
    document = {
        "header": {
            "format_version": header.format_version,
            "sdk_version": header.sdk_version,
            "contract_version": header.contract_version,
            "recorded_at": _instant(header.recorded_at),
        },
        "interactions": [dump_interaction(each, header.recorded_at) for each in recording.interactions],
    }
    return (json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def dump_interaction(interaction: Interaction, begun: datetime | None) -> dict[str, Any]:
    """Return an interaction as it stands in a file that was begun then. `Any`: JSON."""
    request, response = interaction.request, interaction.response
    dumped: dict[str, Any] = {}
    if interaction.recorded_at not in (None, begun):
        dumped["recorded_at"] = _instant(interaction.recorded_at)
    dumped["request"] = {"method": request.method, "url": request.url, **_message(request.headers, request.body)}
    dumped["response"] = {"status": response.status, **_message(response.headers, response.body)}
    return dumped


def _message(headers: Headers, body: Body | None) -> dict[str, Any]:
    shown = {name: _value(headers.get_all(name)) for name in sorted(headers, key=str.lower)}
    return {"headers": shown, **({} if body is None else {"body": dump_body(body)})}


def _value(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def load(path: Path) -> Recording:
    """Read a recording, and every file that belongs to it.

    Raises:
        FileNotFoundError: there is none.
        DamagedRecording: it cannot be read, or is no whole recording of a known format; the message says where.
    """
    while True:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise DamagedRecording(
                f"{path}: expected a readable file: {error.strerror}", path=str(path), place="$"
            ) from error
        try:
            return parse(content, path)
        except DamagedRecording:
            # Another process may have put a new recording there meanwhile, and removed the old one's files.
            if path.exists() and path.read_bytes() == content:
                raise


def parse(content: bytes, path: Path) -> Recording:
    """Read a recording out of the content of its file; raises `DamagedRecording` as `load` does."""
    try:
        document: Any = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "$", f"expected JSON: {error}") from error
    _check_version(document, path)
    try:
        recording = _converter(detailed=False).structure(document, Recording)
    except Exception as error:
        place, what = _fault(document, error)
        raise _damaged(path, place, what) from error
    return attrs.evolve(recording, interactions=tuple(_with_files(recording.interactions, path)))


def _with_files(interactions: Iterable[Interaction], path: Path) -> Iterator[Interaction]:
    for index, each in enumerate(interactions):
        if isinstance(each.request.body, FileBody) or isinstance(each.response.body, FileBody):
            yield attrs.evolve(
                each,
                request=_with_file(each.request, path, f"interactions[{index}].request.body"),
                response=_with_file(each.response, path, f"interactions[{index}].response.body"),
            )
        else:
            yield each


def _with_file(message: M, path: Path, place: str) -> M:
    if not isinstance(message.body, FileBody):
        return message
    body = FileBody(files_of(path) / message.body.path, message.body.size)
    try:
        body.check()
    except Mismatch as error:
        raise _damaged(path, place, str(error)) from error
    return attrs.evolve(message, body=body)


def _check_version(document: Any, path: Path) -> None:
    header: Any = cast("dict[str, Any]", document).get("header") if document.__class__ is dict else None
    version: Any = cast("dict[str, Any]", header).get("format_version") if header.__class__ is dict else None
    if version.__class__ is not int or version < 1:
        raise _damaged(path, "header.format_version", "expected the number of a format, so this is no recording")
    if version > FORMAT_VERSION:
        raise _damaged(
            path,
            "header.format_version",
            f"expected at most {FORMAT_VERSION}, got {version}: a newer mesa-sdk wrote this, and is needed to read it",
        )


def _fault(document: Any, error: Exception) -> tuple[str, str]:
    try:
        _converter(detailed=True).structure(document, Recording)
    except Exception as detailed:  # noqa: BLE001 - any fault is reported
        error = detailed
    place, what = next(faults_of(error, "$", lambda _, attribute: attribute))
    return place.removeprefix("$.") or place, what


def _damaged(path: Path, place: str, what: str) -> DamagedRecording:
    return DamagedRecording(f"{path}: {place}: {what}", path=str(path), place=place)


@cache
def _converter(*, detailed: bool) -> Converter:
    from cattrs import Converter  # noqa: PLC0415 - the pytest plugin imports this package, and must weigh nothing

    converter = Converter(detailed_validation=detailed, forbid_extra_keys=True)
    register_strict(converter)
    converter.register_structure_hook(Headers, _headers)
    converter.register_structure_hook(Body | None, lambda value, _: load_body(value))
    for kind in (Header, Interaction):
        converter.get_structure_hook(kind)
    converter.register_structure_hook_func(_is_interactions, _interactions(converter))
    return converter


def _headers(value: Any, _: Any) -> Headers:
    if value.__class__ is not dict:
        raise Mismatch("an object of header fields", value)
    return Headers(_fields(cast("dict[str, Any]", value)))


def _fields(values: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in values.items():
        for each in _listed(value):
            if each.__class__ is not str:
                raise Mismatch(f"a string or an array of strings as {name}", each)
            yield name, each


def _is_interactions(kind: Any) -> bool:
    return bool(kind == tuple[Interaction, ...])


def _listed(value: Any) -> list[Any]:
    listed: list[Any] = value if value.__class__ is list else [value]
    return listed


def _interactions(converter: Converter) -> Any:  # `Any`: a cattrs hook
    items = list[Interaction]
    structure = converter.get_structure_hook(items)

    def check(value: Any, _: Any) -> tuple[Interaction, ...]:
        if value.__class__ is not list:
            raise Mismatch("an array", value)
        return tuple(structure(value, items))

    return check
