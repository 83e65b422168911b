"""MESA_LOG=info|debug: shows the records on stderr, in a program that has not set logging up itself."""

from __future__ import annotations

import logging
import os
import sys
from typing import Final, TextIO

from mesa_core import ConfigurationError
from mesa_plugins.tracing.records import LOGGER

__all__ = ["show_records"]


class _Level(int):
    """A level that was given by MESA_LOG, told by its class from the same one given by the program."""


class _Stderr(logging.StreamHandler[TextIO]):
    """Steps back once the program sets logging up, so that nothing is shown twice."""

    def emit(self, record: logging.LogRecord) -> None:
        if not _is_set_up():  # which a record of a logger below `mesa` may be the first to meet
            self.stream = sys.stderr  # what it is now: programs replace it
            super().emit(record)


_LEVELS: Final = {"info": _Level(logging.INFO), "debug": _Level(logging.DEBUG)}
_HANDLER: Final = _Stderr()
_HANDLER.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))


def show_records() -> None:
    """Do what MESA_LOG says; without it, or where the program has set logging up, nothing.

    Raises:
        ConfigurationError: it says neither "info" nor "debug".
    """
    wanted = os.environ.get("MESA_LOG")
    if not wanted:
        return
    level = _LEVELS.get(wanted.lower())
    if level is None:
        raise ConfigurationError(f"MESA_LOG: expected 'info' or 'debug', got {wanted!r}")
    if not _is_set_up():
        if LOGGER.level == logging.NOTSET or _has_level_of_ours():
            LOGGER.setLevel(level)
        LOGGER.addHandler(_HANDLER)  # one handler and one filter, which a logger takes once
        LOGGER.addFilter(_step_back)


def _step_back(record: logging.LogRecord) -> bool:
    """Once the program sets logging up, undo what MESA_LOG did, and pass on what is still asked for."""
    if not _is_set_up():
        return True
    LOGGER.filters = [each for each in LOGGER.filters if each is not _step_back]  # a new list: the old one is in use
    LOGGER.removeHandler(_HANDLER)
    if _has_level_of_ours():
        LOGGER.setLevel(logging.NOTSET)
    return LOGGER.isEnabledFor(record.levelno)


def _has_level_of_ours() -> bool:
    return isinstance(LOGGER.level, _Level)


def _is_set_up() -> bool:
    handlers = [*LOGGER.handlers, *logging.getLogger().handlers]
    return not all(each is _HANDLER or isinstance(each, logging.NullHandler) for each in handlers)
