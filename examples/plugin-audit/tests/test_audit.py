"""The plugin in clients of both worlds, on a scripted server and a clock that waits for nobody."""

from __future__ import annotations

import asyncio
import io
import json
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mesa_core import ConnectError, InvalidRequest, MesaError, PluginError
from mesa_plugin_audit import Audit
from mesa_plugins.testing import Script, answer, assert_hooks

ORG = {"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}
BUSY = answer(status=503, headers={"Retry-After": "2", "X-Request-Id": "req-1"})
FINE = answer(ORG, headers={"X-Request-Id": "req-2"})

Lines = list[dict[str, Any]]
Ask = Callable[[Script], Lines]


@pytest.fixture(params=["blocking", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Make a call in either world, whatever becomes of it, and return the lines that were written."""

    def blocking(script: Script, audit: Audit) -> None:
        with script.client(plugins=[audit]) as client:
            client.org.get(org="acme")

    async def nonblocking(script: Script, audit: Audit) -> None:
        async with script.async_client(plugins=[audit]) as client:
            await client.org.get(org="acme")

    def ask(script: Script) -> Lines:
        lines: list[str] = []
        audit = Audit(lines.append)
        with suppress(MesaError, asyncio.CancelledError):
            if request.param == "blocking":
                blocking(script, audit)
            else:
                asyncio.run(nonblocking(script, audit))
        return [json.loads(line) for line in lines]

    return ask


def test_a_call_is_one_line(ask: Ask) -> None:
    assert ask(Script(FINE)) == [
        {
            "time": "2027-01-15T08:00:00.000+00:00",
            "operation": "org.get",
            "org": "acme",
            "repo": None,
            "outcome": "ok",
            "status": 200,
            "error": None,
            "code": None,
            "attempts": 1,
            "elapsed": 0.0,
            "request_id": "req-2",
        }
    ]


def test_however_many_attempts_it_took(ask: Ask) -> None:
    script = Script(BUSY, BUSY, FINE)
    [line] = ask(script)
    assert (line["outcome"], line["attempts"], line["elapsed"], line["request_id"]) == ("ok", 3, 4.0, "req-2")
    assert script.clock.waits == [2.0, 2.0]
    script.assert_done()


def test_an_error_is_named_but_not_quoted(ask: Ask) -> None:
    [line] = ask(Script(answer({"error": {"code": "NO_ORG", "message": "a s3cret"}}, status=404)))
    assert (line["outcome"], line["status"], line["error"], line["code"]) == ("failed", 404, "NotFound", "NO_ORG")
    assert "s3cret" not in str(line)


def test_without_a_response_there_is_no_request_id(ask: Ask) -> None:
    [line] = ask(Script(BUSY, rest=ConnectError("no connection")))
    assert (line["outcome"], line["error"], line["attempts"]) == ("failed", "ConnectError", 4)
    assert (line["status"], line["request_id"]) == (None, None)


def test_a_call_that_is_cancelled_has_its_line(ask: Ask) -> None:
    [line] = ask(Script(asyncio.CancelledError()))
    assert (line["outcome"], line["status"], line["error"], line["attempts"]) == ("cancelled", None, None, 0)


def test_a_call_that_is_refused_has_its_line() -> None:
    lines: list[str] = []
    with Script().client(plugins=[Audit(lines.append)]) as client, pytest.raises(InvalidRequest):
        client.repos.get(org="acme", repo="..")
    [line] = map(json.loads, lines)
    assert (line["repo"], line["error"], line["attempts"]) == ("..", "InvalidRequest", 0)


def test_nothing_secret_is_written() -> None:
    lines: list[str] = []
    script = Script(FINE)
    with script.client(api_key="s3cret", headers={"X-Own": "s3cret"}, plugins=[Audit(lines.append)]) as client:
        client.org.get(org="acme")
    assert "s3cret" in str(dict(script.requests[0].headers))
    assert "s3cret" not in lines[0]


def test_its_hooks_are_called_for_each_attempt_and_each_call() -> None:
    script = Script(BUSY, FINE)
    with script.client(plugins=[Audit(io.StringIO())]) as client:
        client.org.get(org="acme")
    attempt = ["Audit.before_request", "Audit.after_response"]
    assert_hooks(script.hooks, [*attempt, *attempt, "Audit.after_call"], of=["Audit"])


def test_by_name_it_writes_to_the_file_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "calls.jsonl"
    monkeypatch.setenv("MESA_AUDIT_FILE", str(file))
    with Script(rest=FINE).client(plugins=["audit"]) as client:
        client.org.get(org="a")
        client.org.get(org="b")
    assert [json.loads(line)["org"] for line in file.read_text().splitlines()] == ["a", "b"]


def test_by_name_it_writes_to_stderr_otherwise(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MESA_AUDIT_FILE", raising=False)
    with Script(FINE).client(plugins=["audit"]) as client:
        client.org.get(org="acme")
    assert json.loads(capsys.readouterr().err)["operation"] == "org.get"


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_lines_of_threads_stay_whole(kind: str, tmp_path: Path) -> None:
    file, stream = tmp_path / "calls.jsonl", io.StringIO()
    audit = Audit(file if kind == "file" else stream)
    with Script(rest=FINE).client(plugins=[audit]) as client, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: client.org.get(org=f"org-{number}"), range(400)))
    lines = (file.read_text() if kind == "file" else stream.getvalue()).splitlines()
    assert {json.loads(line)["org"] for line in lines} == {f"org-{number}" for number in range(400)}
    assert len(lines) == 400


def test_what_the_sink_raises_surfaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESA_AUDIT_FILE", str(tmp_path / "missing" / "calls.jsonl"))
    client = Script(FINE).client(plugins=["audit"])
    with client, pytest.raises(PluginError, match="raised FileNotFoundError in after_call") as caught:
        client.org.get(org="acme")
    assert caught.value.distribution == "mesa-plugin-audit"


def test_it_travels_to_other_processes_with_its_path(tmp_path: Path) -> None:
    audit = pickle.loads(pickle.dumps(Audit(tmp_path / "calls.jsonl")))
    with Script(FINE).client(plugins=[audit]) as client:
        client.org.get(org="acme")
    assert (tmp_path / "calls.jsonl").read_text().count("\n") == 1
