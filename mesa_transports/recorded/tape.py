"""A recording in use: what it answers, what is added to it, and the secrets that stay out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from attrs import frozen

from mesa_core.errors import ConfigurationError
from mesa_core.http import Request, Response
from mesa_core.strict import Mismatch
from mesa_transports.recorded.answers import Answers
from mesa_transports.recorded.bodies import BinaryBody
from mesa_transports.recorded.deferral import inside, outside
from mesa_transports.recorded.disguises import placeholders_in
from mesa_transports.recorded.errors import DamagedRecording
from mesa_transports.recorded.files import check_writable, resolved
from mesa_transports.recorded.format import FORMAT_VERSION, check, files_of, load
from mesa_transports.recorded.interactions import Interaction, RecordedRequest, Recording
from mesa_transports.recorded.matching import Matcher, Matching
from mesa_transports.recorded.misses import miss
from mesa_transports.recorded.redaction import Redaction, Redactor
from mesa_transports.recorded.writer import Writer, stamp

__all__ = ["Mode", "Settings", "Tape", "open_tape"]


_HEAD: Final = re.compile(rb'\s*{\s*"header"\s*:\s*{\s*"format_version"\s*:\s*(\d{1,9})\b')


class Mode(StrEnum):
    """What is done with a request."""

    REPLAY = "replay"
    """Answer from the file, and never from the network."""
    RECORD = "record"
    """Send every request, and write the file anew."""
    ONCE = "once"
    """Record if the file is missing, and otherwise replay."""
    NEW = "new"
    """Answer from the file what it knows; send the rest, and add it."""


@frozen
class Settings:
    """How requests are compared, and what is left out of the file."""

    matching: Matching | Matcher
    allow_repeats: bool = False
    redact: tuple[Redaction, ...] = ()

    def differences(self, other: Settings) -> Iterator[str]:
        """Yield the names of the options that say something else."""
        for option, field in (("match_on", "matching"), ("allow_repeats",) * 2, ("redact",) * 2):
            if getattr(self, field) != getattr(other, field):
                yield option


class Tape:
    """Answers from a file, or writes one, or both. Safe to share among threads.

    Args:
        path: The file, as it was named.
        settings: How requests are compared, and what is left out.
        answers: What the file holds to answer with; None where every request is sent.
        writer: What adds to the file; None where none is sent.
        redactor: Takes the secrets out, for the writer, too.
    """

    def __init__(
        self, path: Path, settings: Settings, answers: Answers | None, writer: Writer | None, redactor: Redactor
    ) -> None:
        self.path = path
        self.file = resolved(path)
        self.settings = settings
        self._answers = answers
        self._writer = writer
        self._redactor = redactor

    @property
    def records(self) -> bool:
        """Whether a request may be sent."""
        return self._writer is not None

    @property
    def replaces(self) -> bool:
        """Whether what is recorded takes the place of what an earlier run did."""
        return self._writer is not None and self._writer.replaces

    def look_up(self, request: Request) -> tuple[RecordedRequest, Response | None]:
        """Return a request without its secrets, and its recorded answer, or None where it is to be sent.

        Raises:
            NoRecording: there is none, and it may not be sent.
            DamagedRecording: the file of its body was removed, or is another, since the recording was opened.
            ConfigurationError: the function that compares raised something.
        """
        asked = self._redactor.request(request)
        if self._answers is None:
            return asked, None
        found = self._answers.take(asked) or self._look_up_again(request, asked, self._answers)
        if found is None and self._writer is None:
            raise miss(self.path, asked, self._answers, self.settings.matching)
        return asked, None if found is None else self._message(found)

    def _message(self, found: Interaction) -> Response:
        try:
            return found.response.message()
        except Mismatch as error:
            place = f"interactions[{self.interactions().index(found)}].response.body"
            raise DamagedRecording(f"{self.path}: {place}: {error}", path=str(self.path), place=place) from error

    def _look_up_again(self, request: Request, asked: RecordedRequest, answers: Answers) -> Interaction | None:
        if isinstance(self.settings.matching, Matcher):  # which sees no secrets
            return None
        as_said = self._redactor.but_for_keys(request)
        found = None if as_said == asked else answers.take(as_said)
        return found or answers.take_covered(asked)

    def add(self, asked: RecordedRequest, response: Response) -> None:
        """Take in what a request was answered; raises as `Writer.add` does.

        Raises:
            ConfigurationError: what is left of it without its secrets could not be read again; it is not recorded.
        """
        if self._writer is not None:
            with inside():
                mark = self._redactor.mark
                interaction = self._redactor.interaction(asked, response)
                self._check(interaction)
            outside(partial(self._writer.add, interaction, mark))

    def _check(self, interaction: Interaction) -> None:
        try:
            check(interaction, self.path)
        except DamagedRecording as error:
            place, what = error.place.removeprefix("interactions[0]."), error.message.rpartition(f"{error.place}: ")[2]
            raise ConfigurationError(
                f"{self.path}: this answer is not recorded, since it could not be read again: {place}: {what}; either "
                "it came like that, or a function given as redact made it so"
            ) from error

    def save(self, *, finished: bool = False) -> None:
        """Write what is unsaved; raises as `Writer.save` does."""
        if self._writer is not None:
            self._writer.save(finished=finished)

    def hold_back(self) -> None:
        """Leave the file as it is until `settle`."""
        if self._writer is not None:
            self._writer.hold_back()

    def settle(self, *, keep: bool) -> None:
        """Write what was held back, or forget it; raises as `Writer.save` does."""
        if self._writer is not None:
            self._writer.settle(keep=keep)

    def told(self) -> frozenset[tuple[str, str]]:
        """Return what was told to be secret, with its placeholders."""
        return self._redactor.told()

    def interactions(self) -> Sequence[Interaction]:
        """Return what the file held when it was opened to answer from."""
        return self._answers.interactions if self._answers else ()

    def unused(self) -> tuple[int, ...]:
        """Return the places of those that answered nothing yet."""
        return self._answers.unused() if self._answers else ()


def _placeholders(answers: Answers | None) -> set[str]:
    found: set[str] = set()
    for each in answers.interactions if answers else ():
        found |= placeholders_in(repr(each))  # which shows all but bytes
        for body in (each.request.body, each.response.body):
            if isinstance(body, BinaryBody):
                found |= placeholders_in(body.data.decode("latin-1"))
    return found


def open_tape(path: Path, mode: Mode, settings: Settings, began: datetime) -> Tape:
    """Open a file as a mode says. A run that meets what it recorded itself adds to it, in each mode but replay.

    Raises:
        ConfigurationError: there is nothing to replay, or the file could not be written.
        DamagedRecording: the file is no whole recording of a known format.
    """
    file = resolved(path)
    seen = stamp(file)
    found = _found(file, mode)
    ours = found is not None and found.header.recorded_at == began
    if mode is Mode.REPLAY and found is None:
        raise ConfigurationError(
            f'path: there is no recording {path}; to make it, run once with mode="once" (or MESA_RECORD=once) and '
            f"the network"
        )
    replaces = mode is Mode.RECORD and not ours
    replays = found is not None and not replaces
    records = mode in {Mode.RECORD, Mode.NEW} or (mode is Mode.ONCE and (found is None or ours))
    if records:
        _check_writable(path)
    interactions = found.interactions if found else ()
    answers = Answers(interactions, settings.matching, allow_repeats=settings.allow_repeats) if replays else None
    redactor = Redactor(settings.redact, taken=_placeholders(answers) if records else ())
    writer = Writer(file, began, found, seen, replaces=replaces, redactor=redactor) if records else None
    return Tape(path, settings, answers, writer, redactor)


def _check_writable(path: Path) -> None:
    """Say it before the first request is sent, which might not be sent again."""
    file = resolved(path)
    try:
        check_writable(file, files_of(file))
    except OSError as error:
        raise ConfigurationError(f"path: {path} cannot be written: {error.filename}: {error.strerror}") from error


def _found(path: Path, mode: Mode) -> Recording | None:
    try:
        return load(path)
    except FileNotFoundError:
        return None
    except DamagedRecording as error:
        if mode is Mode.RECORD and _is_ours(path, error):  # which mends it
            return None
        raise


def _is_ours(path: Path, error: DamagedRecording) -> bool:
    """Tell whether what is damaged was a recording of a known format, or is empty; anything else stays."""
    if error.place == "$":
        try:
            content = path.read_bytes()
        except OSError:
            return False
        head = _HEAD.match(content)
        return not content or (head is not None and int(head[1]) <= FORMAT_VERSION)
    return error.place != "header.format_version"
