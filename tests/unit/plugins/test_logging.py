"""MESA_LOG shows the records of attempts to those who have not set logging up, and leaves all others alone."""

from __future__ import annotations

import io
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mesa_sdk import ConfigurationError, ConnectError, Mesa, Response

Client = Callable[..., Mesa]
Streams = pytest.CaptureFixture[str]
ROOT, LOGGER = logging.getLogger(), logging.getLogger("mesa")
LINE = r"\S+ \S+ INFO mesa: org\.get: GET /api/v1/o -> 200 in 0\.0 ms, attempt 1, request id req-1\n"


@contextmanager
def not_set_up() -> Iterator[None]:
    """Logging as it is in a program that has not set it up; pytest has."""
    before = ROOT.handlers, LOGGER.handlers, LOGGER.filters
    levels = ROOT.level, LOGGER.level
    ROOT.handlers, LOGGER.handlers, LOGGER.filters = [], [logging.NullHandler()], []
    try:
        yield
    finally:
        ROOT.handlers, LOGGER.handlers, LOGGER.filters = before
        for logger, level in zip((ROOT, LOGGER), levels, strict=True):
            logger.setLevel(level)


@pytest.mark.parametrize("value", ["info", "INFO"])
def test_info_shows_one_line_an_attempt(
    client: Client, good: Response, capsys: Streams, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("MESA_LOG", value)
    with not_set_up():
        client(good).org.get(org="o")
        assert re.fullmatch(LINE, capsys.readouterr().err)
        client(ConnectError("refused"), Response(503), good).org.get(org="o")
    assert [line.split()[2] for line in capsys.readouterr().err.splitlines()] == ["WARNING", "WARNING", "INFO"]


def test_debug_adds_headers_by_allow_list(
    client: Client, good: Response, capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESA_LOG", "debug")
    with not_set_up():
        client(good).org.get(org="o")
    line, headers = capsys.readouterr().err.splitlines()
    assert re.fullmatch(LINE, line + "\n")
    assert " DEBUG mesa: org.get: attempt 1 sent Headers({'Accept': 'application/json'," in headers
    assert "'Authorization': '***'}), got Headers({'X-Request-Id': 'req-1'})" in headers


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_nothing_is_shown(
    client: Client,
    good: Response,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    value: str | None,
) -> None:
    if value is not None:
        monkeypatch.setenv("MESA_LOG", value)
    with not_set_up():
        client(Response(503), good).org.get(org="o")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("value", ["verbose", "1", "warning"])
def test_any_other_value_is_refused_and_named(client: Client, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MESA_LOG", value)
    with pytest.raises(ConfigurationError, match=f"MESA_LOG: expected 'info' or 'debug', got '{value}'"):
        client()
    client(disable_plugins=["tracing"])


def test_many_clients_show_a_line_once(
    client: Client, good: Response, capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESA_LOG", "info")
    with not_set_up():
        for _ in range(3):
            client(good).org.get(org="o")
        assert len(LOGGER.handlers) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3


@pytest.mark.parametrize("owner", [ROOT, LOGGER], ids=["root", "mesa"])
def test_a_program_that_has_set_logging_up_is_left_alone(
    client: Client,
    good: Response,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    owner: logging.Logger,
) -> None:
    monkeypatch.setenv("MESA_LOG", "info")
    with not_set_up():
        owner.handlers.append(logging.StreamHandler(io.StringIO()))
        before = list(LOGGER.handlers)
        mesa = client(good)
        for _ in range(2):  # before the first record, and after it
            assert (LOGGER.level, LOGGER.handlers, LOGGER.filters) == (logging.NOTSET, before, [])
            mesa.org.get(org="o")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("wanted", ["info", "debug"])
@pytest.mark.parametrize("owner", [ROOT, LOGGER], ids=["root", "mesa"])
@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING])
def test_a_program_that_sets_logging_up_later_gets_what_it_asks_for(
    *,
    client: Client,
    good: Response,
    capsys: Streams,
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    owner: logging.Logger,
    level: int,
) -> None:
    monkeypatch.setenv("MESA_LOG", wanted)
    theirs = io.StringIO()
    with not_set_up():
        mesa = client(good, Response(503), good)
        before = list(LOGGER.handlers)
        mesa.org.get(org="o")
        assert capsys.readouterr().err
        owner.addHandler(logging.StreamHandler(theirs))
        owner.setLevel(level)
        client(good).org.get(org="o")
        mesa.org.get(org="o")
        left = [each for each in before if each in LOGGER.handlers]
        assert (LOGGER.filters, left) == ([], before[:1])
        assert LOGGER.level == (level if owner is LOGGER else logging.NOTSET)
    assert capsys.readouterr().err == ""
    assert len(theirs.getvalue().splitlines()) == {logging.DEBUG: 6, logging.INFO: 3, logging.WARNING: 1}[level]


def test_a_filter_of_the_programs_own_sees_each_record(
    client: Client, good: Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESA_LOG", "info")
    seen: list[logging.LogRecord] = []
    with not_set_up():
        mesa = client(good)
        LOGGER.addFilter(lambda record: seen.append(record) is None)
        mesa.org.get(org="o")
        ROOT.addHandler(logging.NullHandler())
        ROOT.addHandler(logging.StreamHandler(io.StringIO()))
        ROOT.setLevel(logging.INFO)
        mesa.org.get(org="o")
    assert len(seen) == 2


def test_a_level_of_the_programs_own_stays(
    client: Client, good: Response, capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESA_LOG", "debug")
    with not_set_up():
        mesa = client(good)
        LOGGER.setLevel(logging.WARNING)
        mesa.org.get(org="o")
        client(good).org.get(org="o")
        assert (LOGGER.level, capsys.readouterr().err) == (logging.WARNING, "")
        LOGGER.setLevel(logging.DEBUG)  # what MESA_LOG gave, now given by the program
        ROOT.addHandler(logging.StreamHandler(io.StringIO()))
        mesa.org.get(org="o")
        assert LOGGER.level == logging.DEBUG


def test_a_null_handler_is_no_set_up(
    client: Client, good: Response, capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESA_LOG", "info")
    with not_set_up():
        ROOT.addHandler(logging.NullHandler())
        client(good).org.get(org="o")
    assert re.fullmatch(LINE, capsys.readouterr().err)


def test_lines_go_to_what_stderr_is_at_the_time(
    client: Client, good: Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESA_LOG", "info")
    first, second = io.StringIO(), io.StringIO()
    with not_set_up():
        for stream in (first, second, None):  # None: a program without a console
            monkeypatch.setattr(sys, "stderr", stream)
            client(good).org.get(org="o")
    assert [len(each.getvalue().splitlines()) for each in (first, second)] == [1, 1]


@pytest.mark.parametrize(
    ("value", "lines"),
    [("", []), ("info", [r".* INFO mesa: repos\.get: GET /api/v1/o/missing -> 404 in .*, request id \S+"])],
)
def test_in_a_program_of_its_own(value: str, lines: list[str]) -> None:
    program = (
        "import logging, mesa_plugins.tracing\n"
        "from mesa_sdk import Mesa, MesaError\n"
        "assert [type(each) for each in logging.getLogger('mesa').handlers] == [logging.NullHandler]\n"
        "with Mesa(api_key='k', transport='local') as client:\n"
        "    try: client.repos.get(org='o', repo='missing')\n"
        "    except MesaError: print('expected')\n"
    )
    environment = {**os.environ, "MESA_LOG": value}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "expected\n"
    found = done.stderr.splitlines()
    assert len(found) == len(lines)
    assert all(re.fullmatch(line, each) for line, each in zip(lines, found, strict=True))
