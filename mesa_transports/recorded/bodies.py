"""The forms that a body has in a file: JSON as JSON, text as text, other bytes as base64 or in a file beside it."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from attrs import field, frozen

from mesa_core.strict import Mismatch
from mesa_transports.recorded.spelling import is_spelling, spell, spelling_of

__all__ = [
    "DEEPEST",
    "INLINE_LIMIT",
    "BinaryBody",
    "Body",
    "FileBody",
    "JsonBody",
    "TextBody",
    "body_of",
    "dump_body",
    "load_body",
    "parse_json",
]

INLINE_LIMIT: Final = 64 * 1024
"""Bytes of a binary body that a file may hold itself; a larger one is a file of its own."""
DEEPEST: Final = 100
"""Levels of JSON that are walked through; what is nested more deeply is kept as text."""
_CONTAINERS: Final = (dict, list)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@frozen
class JsonBody:
    """JSON, kept as what it means, and how it was spelt where that matters."""

    json: Any  # JSON of any shape
    spelling: str = field(default="", eq=False)
    """White space and escapes, as `spell` takes them."""

    def content(self) -> bytes:
        """Return the bytes."""
        return spell(self.json, self.spelling).encode()


@frozen
class TextBody:
    """UTF-8 text, kept to the byte."""

    text: str

    def content(self) -> bytes:
        """Return the bytes."""
        return self.text.encode()


@frozen
class BinaryBody:
    """Bytes that are no text."""

    data: bytes = field(repr=lambda data: f"<{len(data)} bytes>")

    def content(self) -> bytes:
        """Return the bytes."""
        return self.data


@frozen
class FileBody:
    """Bytes in a file named by their sha256."""

    path: Path
    size: int

    @property
    def sha256(self) -> str:
        """The hash of the bytes, in lower-case hex."""
        return self.path.stem

    def content(self) -> bytes:
        """Return the bytes.

        Raises:
            Mismatch: the file is not there, or does not hold what its name says.
        """
        self._check_kind()
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise Mismatch(f"the file {self.path.name}", type(error).__name__, show=True) from error
        if hashlib.sha256(data).hexdigest() != self.sha256 or len(data) != self.size:
            raise Mismatch(f"{self.size} bytes with the sha256 {self.sha256}", f"{len(data)} others", show=True)
        return data

    def check(self) -> None:
        """Read the file once, in constant memory; raises as `content` does."""
        self._check_kind()
        try:
            with self.path.open("rb") as file:
                digest, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
        except OSError as error:
            raise Mismatch(f"the file {self.path.name}", type(error).__name__, show=True) from error
        if (digest, size) != (self.sha256, self.size):
            raise Mismatch(f"{self.size} bytes with the sha256 {self.sha256}", f"{size} others", show=True)

    def _check_kind(self) -> None:
        if self.path.exists() and not self.path.is_file():  # reading a pipe might wait for ever
            raise Mismatch(f"the file {self.path.name}", "what is no file", show=True)


Body: TypeAlias = JsonBody | TextBody | BinaryBody | FileBody


def body_of(content: bytes, media_type: str, *, exactly: bool = False) -> Body | None:
    """Return the most readable form that loses nothing of a body's meaning; None for no body.

    Never a `FileBody`: whoever writes a recording decides where files go.

    Args:
        content: The bytes.
        media_type: What they are said to be.
        exactly: Whether the form must give back the same bytes, of JSON too.
    """
    if not content:
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return BinaryBody(content)
    if media_type in {"", "application/json"} or media_type.endswith("+json"):
        parsed = _parsed(text, exactly=exactly)
        if parsed is not None:
            return parsed
    return BinaryBody(content) if "\0" in text else TextBody(text)


def _parsed(text: str, *, exactly: bool) -> JsonBody | None:
    """Return JSON, unless writing it again would lose something of it, or it is nested too deeply to walk through."""
    try:
        value = parse_json(text)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    spelling = spelling_of(text, value) if exactly else ""
    return None if spelling is None or _is_deeper(value, DEEPEST) else JsonBody(value, spelling)


def parse_json(text: str) -> Any:  # `Any`: JSON of any shape comes out
    """Return what JSON means (RFC 8259), as long as it has one meaning.

    Raises:
        ValueError: it is no JSON, or an object has a name twice, or a number is too large.
        RecursionError: it is nested too deeply for Python.
    """
    return json.loads(text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def _finite(spelt: str) -> float:
    number = float(spelt)
    if number in {math.inf, -math.inf}:
        raise ValueError(f"{spelt:.80} is too large")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has a name twice")
    return found


def _is_deeper(value: Any, levels: int) -> bool:
    if value.__class__ is dict:
        value = value.values()
    elif value.__class__ is not list:
        return False
    return not levels or any(_is_deeper(each, levels - 1) for each in value if each.__class__ in _CONTAINERS)


def dump_body(body: Body) -> dict[str, Any]:
    """Return a body as it stands in a file. `Any`: JSON."""
    if isinstance(body, JsonBody):
        return {"json": body.json, **({"spelling": body.spelling} if body.spelling else {})}
    if isinstance(body, TextBody):
        # Line by line, as a diff of the file shows it best.
        lines = [line for line in re.split(r"(?<=\n)", body.text) if line]
        return {"text": lines if len(lines) > 1 else body.text}
    if isinstance(body, BinaryBody):
        return {"base64": base64.b64encode(body.data).decode()}
    return {"file": body.path.name, "size": body.size}


def load_body(value: Any) -> Body:  # `Any`: JSON of any shape goes in
    """Read a body as it stands in a file; the path of a `FileBody` is its bare name.

    Raises:
        Mismatch: it is none of the four forms.
    """
    if value.__class__ is dict:
        form = cast("dict[str, Any]", value)
        keys = tuple(form)
        if form.keys() | {"spelling"} == {"json", "spelling"}:
            return _json(form["json"], form.get("spelling", ""))
        if keys == ("text",):
            return TextBody(_text(form["text"]))
        if keys == ("base64",):
            return BinaryBody(_bytes(form["base64"]))
        if form.keys() == {"file", "size"}:
            return _file(form["file"], form["size"])
    raise Mismatch('an object of "json", "text", "base64" or "file" and "size"', value)


def _json(value: Any, spelling: Any) -> JsonBody:
    if not isinstance(spelling, str) or not is_spelling(spelling):
        raise Mismatch("a spelling of JSON", spelling, show=True)
    if value.__class__ in _CONTAINERS and _is_deeper(value, DEEPEST):
        raise Mismatch(f"JSON of at most {DEEPEST} levels", value)
    return JsonBody(value, spelling)


def _text(value: Any) -> str:
    lines: list[Any] = value if value.__class__ is list else [value]
    if all(isinstance(line, str) for line in lines):
        return "".join(lines)
    raise Mismatch("a string or an array of strings", value)


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise Mismatch("a string", value)
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:  # of binascii, or of a text that is not ASCII
        raise Mismatch("base64", value, show=True) from None


def _file(name: Any, size: Any) -> FileBody:
    if not isinstance(name, str) or not _SHA256.fullmatch(name.removesuffix(".bin")) or not name.endswith(".bin"):
        raise Mismatch("the name of a file, <sha256>.bin", name, show=isinstance(name, str))
    if size.__class__ is not int or size < 0:
        raise Mismatch("a size in bytes", size)
    return FileBody(Path(name), size)
