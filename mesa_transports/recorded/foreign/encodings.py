"""Undoes content encodings (RFC 9110, section 8.4), where a file holds bodies as they came."""

from __future__ import annotations

import zlib
from typing import Final

__all__ = ["without_encoding"]

_GZIP: Final = b"\x1f\x8b"


def without_encoding(content: bytes, encoding: str) -> bytes:
    """Return a body without its encoding; as it is, where a client has undone that before it was stored.

    Raises:
        ValueError: it is broken, or has an encoding that is not known here.
    """
    for each in reversed([name.strip().lower() for name in encoding.split(",")]):
        content = _without(content, each)
    return content


def _without(content: bytes, encoding: str) -> bytes:
    if encoding in {"", "identity"} or not content:
        return content
    if encoding in {"gzip", "x-gzip"}:
        return _inflated(content, zlib.MAX_WBITS | 16) if content.startswith(_GZIP) else content
    if encoding == "deflate":
        return _of_deflate(content)
    if _is_text(content):
        return content
    raise ValueError(f"expected gzip or deflate, got {encoding!r:.80}")


def _of_deflate(content: bytes) -> bytes:
    """Undo either of the formats that servers send under that name."""
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            return _inflated(content, bits)
        except ValueError:
            continue
    return content


def _inflated(content: bytes, bits: int) -> bytes:
    inflating = zlib.decompressobj(bits)
    try:
        plain = inflating.decompress(content) + inflating.flush()
    except zlib.error as error:
        raise ValueError(f"expected whole gzip: {error}") from error
    if not inflating.eof:
        raise ValueError("expected whole gzip, got its beginning")
    return plain


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
