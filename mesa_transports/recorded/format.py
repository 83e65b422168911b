"""The file format: one JSON document, made to be reviewed, and verified to its last field when it is read."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import urlsplit

import attrs

from mesa_core.faults import faults_of
from mesa_core.http import Headers
from mesa_core.strict import Mismatch, register_strict
from mesa_core.version import CONTRACT_VERSION, __version__
from mesa_transports.recorded.bodies import Body, FileBody, JsonBody, TextBody, dump_body, load_body, parse_json
from mesa_transports.recorded.errors import DamagedRecording
from mesa_transports.recorded.files import resolved
from mesa_transports.recorded.interactions import Header, Interaction, RecordedRequest, RecordedResponse, Recording
from mesa_transports.recorded.moments import read_moment, spelt

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["FORMAT_VERSION", "check", "dump", "dump_interaction", "files_of", "load", "new_header", "parse"]

FORMAT_VERSION: Final = 1
_METHOD: Final = re.compile(r"[A-Z0-9!#$%&'*+.^_`|~-]+")
_URL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/?#]+[^\s\ud800-\udfff]*")
_STATUS: Final = range(100, 1000)
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
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
            "recorded_at": spelt(header.recorded_at),
        },
        "interactions": [dump_interaction(each, header.recorded_at) for each in recording.interactions],
    }
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    return text.encode(errors="backslashreplace")  # JSON's own escape of a lone surrogate, which a header can hold


def dump_interaction(interaction: Interaction, begun: datetime | None) -> dict[str, Any]:
    """Return an interaction as it stands in a file that was begun then. `Any`: JSON."""
    request, response = interaction.request, interaction.response
    dumped: dict[str, Any] = {}
    if interaction.recorded_at not in (None, begun):
        dumped["recorded_at"] = spelt(interaction.recorded_at)
    dumped["request"] = {"method": request.method, "url": request.url, **_message(request.headers, request.body)}
    dumped["response"] = {"status": response.status, **_message(response.headers, response.body)}
    return dumped


def _message(headers: Headers, body: Body | None) -> dict[str, Any]:
    shown = {name: _value(headers.get_all(name)) for name in sorted(headers, key=str.lower)}
    return {"headers": shown, **({} if body is None else {"body": dump_body(body)})}


def _value(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


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
            with _uncollected():
                return parse(content, path)
        except DamagedRecording:
            # Another process may have put a new recording there meanwhile, and removed the old one's files.
            if path.exists() and path.read_bytes() == content:
                raise


@contextmanager
def _uncollected() -> Generator[None]:
    """Keep the garbage collector from going through a growing recording again and again: that is half of the time.

    Nothing that is made meanwhile is garbage in a cycle.
    """
    is_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_on:
            gc.enable()


def parse(content: bytes, path: Path) -> Recording:
    """Read a recording out of the content of its file; raises `DamagedRecording` as `load` does."""
    try:
        document = parse_json(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "$", f"expected JSON: {error}") from error
    _check_version(document, path)
    if "interactions" not in document:
        raise _damaged(path, "interactions", "required, but missing")
    try:
        recording = _converter(detailed=False).structure(document, Recording)
    except Exception as error:
        place, what = _fault(document, error)
        raise _damaged(path, place, what) from error
    _check_values(recording.interactions, path)
    if _SURROGATE.search(content):
        _check_texts(recording.interactions, path)
    return attrs.evolve(recording, interactions=tuple(_with_files(recording.interactions, path)))


def check(interaction: Interaction, path: Path) -> None:
    """Refuse an interaction that could be written, but not read again; raises `DamagedRecording` as `load` does."""
    bare = attrs.evolve(
        interaction,
        request=attrs.evolve(interaction.request, body=_readable(interaction.request.body)),
        response=attrs.evolve(interaction.response, body=_readable(interaction.response.body)),
    )
    parse(dump(Recording(header=new_header(datetime.now(UTC)), interactions=(bare,))), path)


def _readable(body: Body | None) -> Body | None:
    """Return a body if it could be unreadable; bytes never are, and may be many."""
    return body if isinstance(body, JsonBody | TextBody) else None


def _check_values(interactions: Iterable[Interaction], path: Path) -> None:
    """Refuse what no message has, and could be matched or given back by nobody."""
    for index, each in enumerate(interactions):
        request, status = each.request, each.response.status
        if not _METHOD.fullmatch(request.method):
            what = f"expected a method in capitals, got {request.method!r:.80}"
            raise _damaged(path, f"interactions[{index}].request.method", what)
        if not (_URL.fullmatch(request.url) and _splits(request.url)):
            raise _damaged(path, f"interactions[{index}].request.url", "expected a URL")
        if status not in _STATUS:
            what = f"expected a status from 100 to 999, got {status!r:.80}"
            raise _damaged(path, f"interactions[{index}].response.status", what)


def _splits(url: str) -> bool:
    """Tell whether a URL can be taken apart: a host may be none in spite of its form."""
    if url.isascii() and "[" not in url and "]" not in url:
        return True
    try:
        urlsplit(url)
    except ValueError:
        return False
    return True


def _check_texts(interactions: Iterable[Interaction], path: Path) -> None:
    """Refuse bodies with lone surrogates, which no bytes stand for; JSON itself allows them."""
    for index, each in enumerate(interactions):
        for name, message in (("request", each.request), ("response", each.response)):
            try:
                if isinstance(message.body, JsonBody | TextBody):
                    message.body.content()
            except UnicodeEncodeError as error:
                raise _damaged(path, f"interactions[{index}].{name}.body", f"expected characters: {error}") from error


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
    body = FileBody(files_of(resolved(path)) / message.body.path, message.body.size)
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
    converter.register_structure_hook(datetime, read_moment)
    converter.register_structure_hook(Headers, _headers)
    converter.register_structure_hook(Body | None, lambda value, _: load_body(value))
    for kind in (RecordedRequest, RecordedResponse, Header, Interaction):
        converter.register_structure_hook(kind, _object(converter.get_structure_hook(kind)))
    converter.register_structure_hook_func(_is_interactions, _interactions(converter))
    return converter


def _object(structure: Any) -> Any:  # `Any`: cattrs hooks
    def check(value: Any, kind: Any) -> Any:
        if value.__class__ is not dict:
            raise Mismatch("an object", value)
        return structure(value, kind)

    return check


def _headers(value: Any, _: Any) -> Headers:
    if value.__class__ is not dict:
        raise Mismatch("an object of header fields", value)
    return Headers(_fields(cast("dict[str, Any]", value)))


def _fields(values: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in values.items():
        if value.__class__ is str:
            yield name, value
        elif value.__class__ is list and value and all(each.__class__ is str for each in value):
            for each in value:
                yield name, each
        else:
            raise Mismatch(f"a string or an array of strings as {name}", value)


def _is_interactions(kind: Any) -> bool:
    return bool(kind == tuple[Interaction, ...])


def _interactions(converter: Converter) -> Any:  # `Any`: a cattrs hook
    items = list[Interaction]
    structure = converter.get_structure_hook(items)

    def check(value: Any, _: Any) -> tuple[Interaction, ...]:
        if value.__class__ is not list:
            raise Mismatch("an array", value)
        return tuple(structure(value, items))

    return check
