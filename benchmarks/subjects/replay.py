"""Replay of what was recorded before: one call of a file that holds so many, asked for in turn."""

# ruff: noqa: PLC0415 - a subject imports its own library alone: the others are not in its environment

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path

from answers import encoded, repository

from subjects.common import KEY, repeated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from subjects.common import Calls

_PLAYING: list[object] = []
_URL = "https://depot.mesa.dev/api/v1/acme"


def _names(count: int) -> Iterator[str]:
    return (f"repo-{number:06}" for number in range(count))


def _recording(count: int) -> Path:
    """Write a recording of ours."""
    path = Path(tempfile.mkdtemp(), "recording.json")
    header = {
        "format_version": 1,
        "sdk_version": "0.0.0",
        "contract_version": "1.0.0",
        "recorded_at": "2026-01-01T00:00:00Z",
    }
    interactions = [
        {
            "request": {"method": "GET", "url": f"{_URL}/{name}", "headers": {"Accept": "application/json"}},
            "response": {
                "status": 200,
                "headers": {"Content-Type": "application/json"},
                "body": {"json": repository(number)},
            },
        }
        for number, name in enumerate(_names(count))
    ]
    path.write_text(json.dumps({"header": header, "interactions": interactions}, indent=2))
    return path


def _cassette(count: int) -> Path:
    """Write a cassette of VCR.py, with its own serializer."""
    from vcr.serializers import yamlserializer

    path = Path(tempfile.mkdtemp(), "cassette.yaml")
    interactions = [
        {
            "request": {"method": "GET", "uri": f"{_URL}/{name}", "body": None, "headers": {"Accept": ["*/*"]}},
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"Content-Type": ["application/json"]},
                "body": {"string": encoded(repository(number)).decode()},
            },
        }
        for number, name in enumerate(_names(count))
    ]
    path.write_text(yamlserializer.serialize({"version": 1, "interactions": interactions}))
    return path


def ours(_: str, count: str) -> Calls:
    """Replay with the transport `recorded`."""
    from mesa_sdk import Mesa

    options = {"path": str(_recording(int(count))), "allow_repeats": True}
    client = Mesa(api_key=KEY, transport="recorded", transport_options=options)
    names = itertools.cycle(_names(int(count)))
    return repeated(lambda: client.repos.get(org="acme", repo=next(names)))


def ours_load(_: str, count: str) -> Calls:
    """Open a recording."""
    from mesa_transports.recorded import RecordedTransport

    path = _recording(int(count))
    return repeated(lambda: RecordedTransport(path=path).close())


def vcr(_: str, count: str) -> Calls:
    """Replay with VCR.py, under requests."""
    import requests
    import vcr

    recorder = vcr.VCR(record_mode=vcr.mode.NONE)
    playing = recorder.use_cassette(str(_cassette(int(count))), allow_playback_repeats=True)
    _PLAYING.append(playing)  # it ends when nobody holds it
    playing.__enter__()
    session = requests.Session()
    names = itertools.cycle(_names(int(count)))
    return repeated(lambda: session.get(f"{_URL}/{next(names)}").json())


def vcr_load(_: str, count: str) -> Calls:
    """Open a cassette of VCR.py."""
    import vcr
    from vcr.cassette import Cassette

    path = str(_cassette(int(count)))
    return repeated(lambda: Cassette.load(path=path, record_mode=vcr.mode.NONE))


def respx(_: str, count: str) -> Calls:
    """Answer from routes of respx, under httpx."""
    import httpx
    import respx

    router = respx.mock(assert_all_called=False)
    for number, name in enumerate(_names(int(count))):
        router.get(f"{_URL}/{name}").respond(json=repository(number))
    router.start()
    client = httpx.Client()
    names = itertools.cycle(_names(int(count)))
    return repeated(lambda: client.get(f"{_URL}/{next(names)}").json())


def responses(_: str, count: str) -> Calls:
    """Answer from what was added to responses, under requests."""
    import requests
    import responses

    mock = responses.RequestsMock(assert_all_requests_are_fired=False)
    for number, name in enumerate(_names(int(count))):
        mock.add(responses.GET, f"{_URL}/{name}", json=repository(number))
    mock.start()
    session = requests.Session()
    names = itertools.cycle(_names(int(count)))
    return repeated(lambda: session.get(f"{_URL}/{next(names)}").json())
