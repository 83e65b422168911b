"""MESA_LOG=info|debug: shows the records on stderr, in a program that has not set logging up itself."""

from __future__ import annotations

import logging
import os
import sys
from typing import Final, TextIO

from mesa_core import ConfigurationError
from mesa_plugins.tracing.records import LOGGER

__all__ = ["show_records"]

_LEVELS: Final = {"info": logging.INFO, "debug": logging.DEBUG}


class _Stderr(logging.StreamHandler[TextIO]):
    """Steps back once the program sets logging up, so that nothing is shown twice."""

    def emit(self, record: logging.LogRecord) -> None:
        if not _is_set_up():
            self.stream = sys.stderr  # what it is now: programs replace it
            super().emit(record)


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
        LOGGER.setLevel(level)
        LOGGER.addHandler(_HANDLER)  # one handler, which a logger takes once


def _is_set_up() -> bool:
    handlers = [*LOGGER.handlers, *logging.getLogger().handlers]
    return not all(each is _HANDLER or isinstance(each, logging.NullHandler) for each in handlers)
