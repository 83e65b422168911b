"""Compares texts where a recorded one has placeholders, and the other may have the secrets themselves.

A secret can be sent before anything tells that it is one: a key that a program stores, and authenticates itself with
only later. In the file it is a placeholder everywhere; in a live request it is not known yet.

What the user says with `redact=` is known from the start, and a placeholder in both: nothing else stands for it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, cast

from mesa_transports.recorded.disguises import (
    BASE64,
    PLACEHOLDER,
    SHORTEST,
    WIDE_PLACEHOLDER,
    holds_placeholders,
    of_base64,
    runs_of_base64,
)

__all__ = ["covers", "covers_json", "is_cleaned"]

_PLACEHOLDER: Final = re.compile(rf"(?:{PLACEHOLDER.pattern}|{WIDE_PLACEHOLDER.pattern})(?:\0?~(?=\0?[A-Z0-9_~]))?")
_KNOWN: Final = re.compile(r"REDACTED_TEXT_\d")
_HOLE: Final = "\udfff"
"""Stands for a hole; no message has it, since it is no character."""


def covers(recorded: str, asked: str) -> bool:
    """Tell whether two texts are equal, but for what stands in the places of the recorded one's placeholders."""
    if recorded == asked:
        return True
    if _PLACEHOLDER.search(recorded) is None and BASE64.fullmatch(recorded):
        inner = of_base64(recorded).decode("latin-1")
        return holds_placeholders(inner) and covers(inner, of_base64(asked).decode("latin-1"))
    # Base64 in it is a hole as a whole: where it ends depends on what it holds.
    pieces = _PLACEHOLDER.sub(_in_recorded, runs_of_base64(recorded, _HOLE)).split(_HOLE)
    return _fits(pieces, _PLACEHOLDER.sub("REDACTED", asked))


def _in_recorded(placeholder: re.Match[str]) -> str:
    return "REDACTED" if _KNOWN.match(placeholder[0].replace("\0", "")) else _HOLE


def is_cleaned(clean: str, text: str) -> bool:
    """Tell whether a text is another one without its secrets, whatever they are, and however short."""
    return clean == text or _fits(_PLACEHOLDER.sub(_HOLE, runs_of_base64(clean, _HOLE)).split(_HOLE), text, shortest=1)


def _fits(pieces: list[str], text: str, shortest: int = SHORTEST) -> bool:
    """Tell whether a text has these pieces in turn, with something between any two that is long enough for a secret."""
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return first == text
    if not text.startswith(first):
        return False
    at = len(first)
    for piece in pieces[1:-1]:
        at = text.find(piece, at + shortest)
        if at < 0:
            return False
        at += len(piece)
    return text.endswith(last) and len(text) - len(last) >= at + shortest


def covers_json(recorded: Any, asked: Any) -> bool:  # `Any`: JSON
    """Tell the same of JSON: of the texts in it, but for the names of members."""
    if recorded.__class__ is not asked.__class__:
        return False
    if recorded.__class__ is str:
        return covers(recorded, asked)
    if recorded.__class__ is list:
        return len(recorded) == len(asked) and all(map(covers_json, recorded, asked))
    if recorded.__class__ is dict:
        ours, theirs = cast("dict[str, Any]", asked), cast("dict[str, Any]", recorded)
        return ours.keys() == theirs.keys() and all(covers_json(each, ours[name]) for name, each in theirs.items())
    return json.dumps(recorded) == json.dumps(asked)
