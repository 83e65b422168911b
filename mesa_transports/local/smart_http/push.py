"""What a push asks for: read from the head of its body, before git gets to see it."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Final, cast

from attrs import frozen

from mesa_transports.local.names import checked_branch_name
from mesa_transports.local.refusals import BadRequest

__all__ = ["Push", "read_push"]

_COMMAND: Final = re.compile(rb"[0-9a-fA-F]{40} ([0-9a-fA-F]{40}) (.+)", re.DOTALL)
_SHALLOW: Final = re.compile(rb"shallow [0-9a-fA-F]{40}")
_HEADS: Final = b"refs/heads/"
_NOTHING: Final = b"0" * 40
_MOST_UNNAMEABLE: Final = 100


@frozen
class Push:
    """The branches of a push that no request of the API could name, each with what is wrong about it."""

    unnameable: Mapping[str, str]
    takes_messages: bool
    """Whether the client shows messages beside the answer."""

    def messages(self) -> bytes:
        """Return what is wrong as git's protocol puts it before an answer; the client shows it behind `remote:`."""
        return b"".join(map(_message, self.unnameable.values())) if self.takes_messages else b""


def read_push(body: IO[bytes], *, gzipped: bool) -> Push:
    """Read the commands of a push; deleting a branch that the API could not name is as well as any.

    Raises:
        BadRequest: the body is not that of a push, or one with many unnameable branches.
    """
    body.seek(0)
    unnameable: dict[str, str] = {}
    takes_messages = False
    try:
        for line in _lines(cast("IO[bytes]", gzip.GzipFile(fileobj=body)) if gzipped else body):
            command, _, capabilities = line.partition(b"\0")
            takes_messages = takes_messages or b"side-band-64k" in capabilities.split()
            match = _COMMAND.fullmatch(command)
            if match is None:
                _require_shallow(command)
            elif match[1] != _NOTHING and (fault := _fault(match[2])):
                unnameable[os.fsdecode(match[2])] = fault
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise BadRequest("body: expected gzip, as Content-Encoding says, got other bytes") from None
    if len(unnameable) > _MOST_UNNAMEABLE:
        raise BadRequest(f"more than {_MOST_UNNAMEABLE} branches have names that the API cannot take")
    return Push(unnameable, takes_messages)


def _message(text: str) -> bytes:
    content = b"\2" + text.encode() + b"\n"
    return f"{len(content) + 4:04x}".encode() + content


def _lines(body: IO[bytes]) -> Iterator[bytes]:
    """Read packets up to the one that ends the commands, or to the end of a body that has none."""
    while length := body.read(4):
        try:
            size = int(length, 16)
        except ValueError:
            raise _malformed() from None
        if size == 0:
            return
        line = body.read(size - 4) if size > 4 else b""  # noqa: PLR2004 -- the length counts itself
        if len(line) != size - 4 or not line:
            raise _malformed()
        yield line.removesuffix(b"\n")


def _require_shallow(command: bytes) -> None:
    # Git would take commands from a signed push too, in a form that is not read here.
    if not _SHALLOW.fullmatch(command):
        raise _malformed()


def _malformed() -> BadRequest:
    return BadRequest("body: expected the commands of a push, unsigned, got something else")


def _fault(ref: bytes) -> str:
    """Return what the API would find wrong with a ref; git itself looks at those that are no branches."""
    if not ref.startswith(_HEADS):
        return ""
    try:
        checked_branch_name(ref.removeprefix(_HEADS).decode(), "refused")
    except UnicodeDecodeError:
        return "refused: expected a branch name in UTF-8"
    except BadRequest as refusal:
        return refusal.message
    return ""
