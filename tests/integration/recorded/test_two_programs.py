"""Two programs on one file: one learns a secret that the other has recorded, or replaces what it has recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from echo import Echo, recorded, send

from mesa_core import Request, Response
from mesa_sdk import TransportError
from mesa_transports.recorded import RecordedTransport

SECRET = "hunter2hunter2"
PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
from echo import Echo, url
from mesa_core import Request
from mesa_transports.recorded import RecordedTransport

with RecordedTransport(path={path!r}, mode={mode!r}, inner=Echo()) as transport:
    transport.send(Request("POST", url("second"), {{"Content-Type": "application/json"}}, {content!r}))
"""


def another(path: Path, mode: str) -> None:
    """Run a program that is told the secret, from its beginning to its end."""
    content = json.dumps({"password": SECRET}).encode()
    code = PROGRAM.format(folder=str(Path(__file__).parents[2]), path=str(path), mode=mode, content=content)
    subprocess.run([sys.executable, "-c", code], check=True)


class Tells:
    """Answers with the secret, whose name does not tell that it is one."""

    def send(self, request: Request, /) -> Response:
        return Response(200, {"Content-Type": "application/json"}, json.dumps({"note": f"see {SECRET}"}).encode())

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("mode", ["new", "record", "once"])
def test_what_the_other_has_cleaned_stays_clean_and_is_there_once(path, mode):
    inner = [Tells(), Echo()]

    class Inner(Echo):
        def send(self, request: Request, /) -> Response:
            return inner.pop(0).send(request)

    with RecordedTransport(path=path, mode=mode, inner=Inner()) as transport:
        send(transport, "first")
        assert SECRET in path.read_text()
        another(path, "new")
        assert SECRET not in path.read_text()
        send(transport, "third")
    assert SECRET not in path.read_text()
    assert recorded(path) == {"first": 1, "second": 1, "third": 1}


@pytest.mark.parametrize("mode", ["new", "record", "once"])
def test_a_large_body_that_the_other_has_removed_is_told_and_damages_nothing(path, mode):
    with RecordedTransport(path=path, mode=mode, inner=Echo()) as transport:
        send(transport, "large-body")
        another(path, "record")
        with pytest.raises(TransportError, match=r"has lost what was recorded with GET .*/large-body -> 200") as lost:
            send(transport, "third")
        assert lost.value.sent
        send(transport, "fourth")
    assert recorded(path) == {"second": 1, "third": 1, "fourth": 1}
