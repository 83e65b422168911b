"""What a distribution of its own offers is found by name, and loaded only for a client that names it."""

from __future__ import annotations

import json
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

SERVED = """
    import json, os, sys, threading
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from pathlib import Path

    from mesa_sdk import Mesa, MesaError

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/known"
            body = b'{"created_at": "2026-01-02T03:04:05Z", "num_repos": 3}' if found else b"{}"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args): ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"

    def use(client):
        with client:
            client.org.get(org="known")
            try:
                client.org.get(org="unknown")
            except MesaError:
                pass
            transport = type(client.transport).__module__
        file = Path(os.environ["MESA_AUDIT_FILE"])
        ours = {"mesa_core", "mesa_plugin_audit", "mesa_transport_stdlib"} & sys.modules.keys()
        print(json.dumps({
            "lines": [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else [],
            "plugins": [[each.name, each.distribution, each.version] for each in client.plugins],
            "transport": transport,
            "imported": {name: sys.modules[name].__file__ for name in ours},
        }))
"""
SEEN = [("org.get", "known", "ok", 200, None), ("org.get", "unknown", "failed", 404, "NotFound")]
BUILT_IN = ["auth", "retries", "tracing", "pagination"]


@pytest.fixture
def run(python: Path, tmp_path: Path) -> Any:
    """Runs a script in the environment of the wheels, away from the sources, and gives what it reports."""

    def run(script: str, **environment: str) -> Any:
        source = textwrap.dedent(SERVED) + textwrap.dedent(script)
        command = [str(python), "-I", "-W", "error", "-c", source]
        environment = {"MESA_AUDIT_FILE": str(tmp_path / "calls.jsonl"), **environment}
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


NAMED = 'use(Mesa(api_key="key", server_url=url, plugins=["audit"], transport="stdlib"))'
NOT_NAMED = 'use(Mesa(api_key="key", server_url=url))'
OF_ALL = 'use(Mesa(api_key="key", server_url=url, plugins=["*"]))'


def test_what_is_installed_is_the_wheels(run: Any, python: Path) -> None:
    reported = run(NAMED)
    assert set(reported["imported"]) == {"mesa_core", "mesa_plugin_audit", "mesa_transport_stdlib"}
    assert all(Path(file).is_relative_to(python.parents[1]) for file in reported["imported"].values())
    assert reported["plugins"][-1] == ["audit", "mesa-plugin-audit", "1.0.0"]
    assert [name for name, *_ in reported["plugins"]] == [*BUILT_IN, "audit"]
    assert reported["transport"] == "mesa_transport_stdlib.transport"


@pytest.mark.parametrize(
    ("script", "environment"),
    [(NAMED, {}), (NOT_NAMED, {"MESA_PLUGINS": "audit"}), (OF_ALL, {})],
    ids=["by argument", "by environment", "by star"],
)
def test_a_client_that_names_the_plugin_has_its_hooks_called(
    run: Any, script: str, environment: dict[str, str]
) -> None:
    lines = run(script, **environment)["lines"]
    assert [(each["operation"], each["org"], each["outcome"], each["status"], each["error"]) for each in lines] == SEEN


def test_a_client_that_names_nothing_imports_nothing(run: Any) -> None:
    reported = run(NOT_NAMED)
    assert reported["lines"] == []
    assert set(reported["imported"]) == {"mesa_core"}
    assert [name for name, *_ in reported["plugins"]] == BUILT_IN


def test_the_environment_names_a_transport(run: Any) -> None:
    reported = run(NOT_NAMED, MESA_TRANSPORT="stdlib")
    assert reported["transport"] == "mesa_transport_stdlib.transport"
    assert [name for name, *_ in reported["plugins"]] == BUILT_IN


def test_one_that_names_another_does_not_import_it_and_is_told_its_name(run: Any) -> None:
    reported = run("""
        try:
            Mesa(api_key="key", server_url=url, plugins=["audti"])
        except MesaError as error:
            print(json.dumps([str(error), "mesa_plugin_audit" in sys.modules]))
    """)
    assert reported[0].startswith("unknown plugin 'audti'; did you mean 'audit'?")
    assert not reported[1]
