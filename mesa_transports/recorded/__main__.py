"""`python -m mesa_transports.recorded`: check recordings, show one, and convert from and to other tools' files."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from mesa_core.errors import ConfigurationError
from mesa_transports.recorded.commands.check import check
from mesa_transports.recorded.commands.convert import FORMATS, convert
from mesa_transports.recorded.commands.output import note
from mesa_transports.recorded.commands.show import show

__all__ = ["main"]

_HOURS: Final = {"h": 1, "d": 24, "": 24, "w": 7 * 24}
_AGE: Final = re.compile(r"([0-9]{1,6})([hdw]?)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a command line says; return the exit status: 0, or 1 where something was found or went wrong.

    A command line that cannot be understood ends the program with the status 2.
    """
    options = _parser().parse_args(arguments)
    try:
        status = _run(options)
        sys.stdout.flush()
    except ConfigurationError as error:
        note(error.message)
    except BrokenPipeError:  # the reader has seen enough, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        note(f"{error.filename}: {error.strerror}")
    else:
        return status
    return 1


def _run(options: argparse.Namespace) -> int:
    if options.command == "check":
        return int(check(options.paths, options.max_age, datetime.now(UTC)) > 0)
    if options.command == "show":
        show(options.file)
    else:
        convert(options.source, options.dest, everything=options.all, force=options.force, redact=options.redact)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mesa_transports.recorded",
        description="Look after recordings: find stale ones, show what one holds, convert from and to other formats.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_check(commands.add_parser("check", help="find what in recordings is stale or damaged"))
    _add_show(commands.add_parser("show", help="print a table of a recording's interactions"))
    _add_convert(commands.add_parser("convert", help="convert HAR and VCR.py cassettes to recordings, and back to HAR"))
    return parser


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Hold each request and answer against today's models: report unknown and missing fields, wrong types, unknown "
        "enum values, requests that no operation takes, and damaged files. Exits with 1 if there is any to report."
    )
    parser.add_argument(
        "paths", nargs="+", type=_existing, metavar="PATH", help="recording, or directory of recordings"
    )
    parser.add_argument("--max-age", type=_age, metavar="AGE", help="report older interactions, such as 12h, 90d or 4w")


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.description = "Print a table of a recording's interactions."
    parser.add_argument("file", type=_existing_file, metavar="FILE", help="recording")


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Write a HAR 1.2 or a cassette of VCR.py as a recording, or a recording as HAR 1.2. What SOURCE is, its "
        "content tells; what DEST becomes, its name. Secrets that a recording would not hold do not reach DEST either."
    )
    parser.add_argument(
        "source", type=_existing_file, metavar="SOURCE", help="HAR, cassette (YAML or JSON) or recording"
    )
    parser.add_argument("dest", type=_dest, metavar="DEST", help="file to write: .json for a recording, .har for HAR")
    parser.add_argument("--all", action="store_true", help="keep requests that are for no operation of the API, too")
    parser.add_argument(
        "--redact",
        action="append",
        type=_pattern,
        default=[],
        metavar="PATTERN",
        help="take out what this regular expression finds, too; may be given several times",
    )
    parser.add_argument("--force", action="store_true", help="replace DEST if it is there")


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"there is no {text!r}")
    return path


def _existing_file(text: str) -> Path:
    path = _existing(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"expected a file, got the directory {text!r}")
    return path


def _dest(text: str) -> Path:
    path = Path(text)
    if path.suffix not in FORMATS:
        raise argparse.ArgumentTypeError(f"expected a name that ends in {' or '.join(FORMATS)}, got {text!r}")
    return path


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"expected a regular expression, got {text!r}: {error}") from error


def _age(text: str) -> timedelta:
    found = _AGE.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(
            f"expected a number of hours, days or weeks, such as 12h, 90d or 4w, got {text!r}"
        )
    return timedelta(hours=int(found[1]) * _HOURS[found[2]])


if __name__ == "__main__":
    sys.exit(main())
