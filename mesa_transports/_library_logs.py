"""What HTTP libraries log while they carry out an attempt of ours, without secrets.

They log whole URLs and what the server sent, and some of it as a warning. Records that a library makes for another
user in the program stay as they are.
"""

from __future__ import annotations

import logging

from mesa_core.secrets import HIDDEN, without_secrets
from mesa_transports._attempt import current

__all__ = ["hide_secrets_of"]


def hide_secrets_of(*loggers: str) -> None:
    """Redact what loggers say about attempts; a second call for the same logger does nothing."""
    for name in loggers:
        logging.getLogger(name).addFilter(_redact)


def _redact(record: logging.LogRecord) -> bool:
    """Leave of a record what is known to be harmless; libraries add words to theirs with each version."""
    if current.get() is not None:
        if isinstance(record.args, tuple) and record.args:
            record.args = tuple(map(_shown, record.args))
        else:  # the text holds all of it, after the name of the event
            event, _, rest = str(record.msg).partition(" ")
            record.msg, record.args = f"{event} {HIDDEN}" if rest else event, None
        record.exc_info = record.exc_text = None
    return True


def _shown(part: object) -> object:
    if isinstance(part, str):
        return without_secrets(part, foreign=True)  # whose server it is, is not known here
    return part if part is None or isinstance(part, int | float) else type(part).__name__
