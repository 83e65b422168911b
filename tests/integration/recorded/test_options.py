"""Options of the recorded transport that are wrong are named, before anything is sent."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT_KEY
from echo import repo

from mesa_core import Request
from mesa_plugins.testing import Script
from mesa_sdk import AsyncMesa, ConfigurationError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "onec"}, "mode: unknown mode 'onec'; did you mean 'once'"),
        ({"mode": 3}, "mode: unknown mode 3"),
        ({"match_on": ["metod"]}, "match_on: unknown field 'metod'; did you mean 'method'"),
        ({"match_on": "path"}, "match_on: expected names"),
        ({"match_on": []}, "match_on: expected names"),
        ({"allow_repeats": 1}, "allow_repeats: expected True or False, got 1"),
        ({"redact": "s3cret"}, "redact: expected a list, got str"),
        ({"redact": [""]}, "redact: expected texts.*got an empty text"),
        ({"redact": [b"x"]}, "redact: expected texts.*got bytes"),
        ({"path": 3}, "path: expected the path of a file, got int"),
        ({"path": "x.yaml"}, "path: expected a file whose name ends in .json"),
        ({"mode": "record", "inner": "htpx"}, "unknown transport 'htpx'; did you mean 'httpx'"),
        (
            {"mode": "record", "inner": object()},
            "inner: expected a name or a transport with a?send and a?close, got object",
        ),
        ({"inner": object()}, "inner: expected a name or a transport with a?send and a?close, got object"),
        ({"inner": None}, "inner: expected .*, got NoneType"),
        ({"inner": Script}, "inner: expected .*, got the class Script"),
        ({"mode": "record", "inner": Script}, "inner: expected .*, got the class Script"),
        ({"mode": "record", "inner_options": {"prox": 1}}, "transport_options of 'httpx': unknown option 'prox'"),
        ({"inner": Script(), "inner_options": {"proxy": None}}, "inner_options: .* not for an object"),
        ({"pth": "x"}, "transport_options of 'recorded': unknown option 'pth'; did you mean 'path'"),
    ],
)
def test_a_wrong_option_is_named(ask, options, message, monkeypatch):
    with pytest.raises(ConfigurationError, match=message):
        ask("a", options=options)


def test_a_wrong_mode_in_the_environment_is_named(ask, monkeypatch):
    monkeypatch.setenv("MESA_RECORD", "alwys")
    with pytest.raises(ConfigurationError, match="MESA_RECORD: unknown mode 'alwys'"):
        ask("a", options={})


def test_an_inner_transport_of_the_other_world_is_refused_when_the_client_is_built(path):
    with pytest.raises(ConfigurationError, match="AsyncMesa cannot use 'requests'"):
        AsyncMesa(
            api_key=ROOT_KEY,
            transport="recorded",
            transport_options={"path": path, "mode": "once", "inner": "requests"},
        )
    assert not path.exists()


def test_a_function_that_cannot_compare_is_named(ask, path):
    def careless(asked: Request, recorded: Request) -> bool:
        return asked.headers["X-Missing"] == recorded.url

    ask("a", options={"mode": "record", "inner": Script(repo("a"))})
    (error,) = ask("a", options={"match_on": careless})
    assert re.fullmatch(r"match_on: the function .*\.careless raised KeyError: 'x-missing'", str(error))
    assert (error.sent, len(error.attempts)) == (False, 1)
