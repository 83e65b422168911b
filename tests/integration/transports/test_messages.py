"""What goes out is what was asked for, and neither logs nor errors show more than they may."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest
from failing import Make, failure

from mesa_core.errors import ConnectError, ConnectionLost, TransportError
from mesa_core.http import Request
from mesa_transports.testing import FaultServer, ask


def test_url_without_a_path(make: Make, server: FaultServer) -> None:
    make().send(Request("GET", server.url("?a=1#part"), timeout=5))
    assert server.received[0].target == "/?a=1"


def test_no_time_at_all(make: Make, server: FaultServer) -> None:
    assert failure(make(), ask(server, "/echo", timeout=0), ConnectError).sent is False
    assert server.received == []


def test_netrc_is_not_read(make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(netrc))
    make().send(ask(server, "/echo", headers={"Authorization": "Bearer k"}))
    make().send(ask(server, "/echo"))
    assert [seen.get_all("Authorization") for seen in server.received] == [["Bearer k"], []]


def test_names_of_header_fields_keep_their_spelling(make: Make, server: FaultServer) -> None:
    response = make().send(ask(server, "/fields", headers={"x-LoWer": "1"}))
    assert ("x-LoWer", "1") in server.received[0].fields
    assert list(response.headers) == ["Set-Cookie", "x-request-id", "X-Empty", "X-Latin", "Content-Length"]


def test_content_length_is_counted(make: Make, server: FaultServer) -> None:
    make().send(ask(server, "/mirror", method="PUT", headers={"Content-Length": "9"}, content=b"three"))
    assert server.received[0].get_all("Content-Length") == ["5"]


def test_url_is_not_logged(make: Make, server: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        make().send(ask(server, "/echo?X-Amz-Signature=s3cret"))
    assert caplog.messages == []


@pytest.mark.parametrize("url", ["http://[half/?signature=s3cret", "http://127.0.0.1:99999/?signature=s3cret"])
def test_message_about_an_invalid_url_shows_no_secret(make: Make, url: str) -> None:
    error = failure(make(), Request("GET", url, timeout=5), TransportError)
    assert error.sent is False
    assert "s3cret" not in "".join(traceback.format_exception(error))


def test_cause_is_the_systems_error_without_frames_or_nothing(make: Make, server: FaultServer) -> None:
    error = failure(make(), ask(server, "/reset"), ConnectionLost)
    assert (type(error.__cause__), error.__context__) == (ConnectionResetError, None)
    assert error.__cause__ is not None
    assert error.__cause__.__traceback__ is None
    assert str(error) == "GET " + server.url("/reset") + (
        ": connection lost before the response was whole (ConnectionResetError: Connection reset by peer)"
    )
    error = failure(make(), ask(server, "/garbage"), ConnectionLost)
    assert (error.__cause__, error.__context__) == (None, None)
