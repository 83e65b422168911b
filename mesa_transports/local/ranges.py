"""Giving a file, or the part of it that the header Range asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO, Final

from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from mesa_transports.local.refusals import RangeNotSatisfiable

__all__ = ["ranged"]

_CHUNK: Final = 1 << 18
_RANGE: Final = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.ASCII | re.IGNORECASE)


def ranged(request: Request, file: IO[bytes], size: int) -> Response:
    """Return a file of this size as a response that closes it; several ranges, or odd ones, get the whole.

    Raises:
        RangeNotSatisfiable: the range holds none of the file's bytes; the file is closed.
    """
    asked = request.headers.get("Range", "") if request.method == "GET" else ""
    part = _part(asked, size)
    if part is None:
        response = _response(wrap_file(request.environ, file, _CHUNK), file, size)
        # The server sends the file by itself, in its own way, and closes it.
        response.direct_passthrough = True
        return response
    if not part:
        file.close()
        raise RangeNotSatisfiable(
            f"Range: expected bytes below {size}, got none of them", headers={"Content-Range": f"bytes */{size}"}
        )
    file.seek(part.start)
    response = _response(_read(file, len(part)), file, len(part))
    response.status_code = 206
    response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return response


def _response(content: Iterable[bytes], file: IO[bytes], length: int) -> Response:
    response = Response(content, content_type="application/octet-stream")
    response.content_length = length
    response.headers["Accept-Ranges"] = "bytes"
    response.call_on_close(file.close)
    return response


def _part(asked: str, size: int) -> range | None:
    """Return the positions that the header asks for, which may be none; None when it asks for the whole."""
    match = _RANGE.fullmatch(asked)
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def _read(file: IO[bytes], length: int) -> Iterator[bytes]:
    while length and (chunk := file.read(min(_CHUNK, length))):
        length -= len(chunk)
        yield chunk
