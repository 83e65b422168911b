"""A plugin of a distribution of its own: built as a wheel and installed beside the SDK's, as a user would."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import venv
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

SERVED = """
    import json, sys, threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

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

    def calls(client):
        with client:
            client.org.get(org="known")
            try:
                client.org.get(org="unknown")
            except MesaError:
                pass

    def report(client):
        module = sys.modules.get("mesa_audit")
        print(json.dumps({
            "lines": module.Audit.lines if module else None,
            "plugins": [[each.name, each.distribution, each.version] for each in client.plugins],
            "sdk": sys.modules["mesa_core"].__file__,
        }))
"""
SEEN = [
    "before_request org.get 1",
    "after_response org.get 200",
    "before_request org.get 1",
    "after_response org.get 404",
    "on_error org.get NotFound",
]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh virtual environment that holds the two wheels and what they depend on."""
    folder = tmp_path_factory.mktemp("installed")
    wheels = folder / "wheels"
    for project in (ROOT, HERE / "audit"):
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels), str(project)]
        subprocess.run(build, check=True, capture_output=True, text=True)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", *map(str, sorted(wheels.glob("*.whl")))]
    subprocess.run(install, check=True, capture_output=True, text=True)
    return python


@pytest.fixture
def run(python: Path, tmp_path: Path) -> Any:
    """Runs a script in that environment, away from the sources, and gives what it reports."""

    def run(script: str, **environment: str) -> Any:
        source = textwrap.dedent(SERVED) + textwrap.dedent(script)
        command = [str(python), "-I", "-W", "error", "-c", source]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


NAMED = """
    client = Mesa(api_key="key", server_url=url, plugins=["audit"])
    calls(client)
    report(client)
"""
NOT_NAMED = """
    client = Mesa(api_key="key", server_url=url)
    calls(client)
    report(client)
"""
OF_ALL = """
    client = Mesa(api_key="key", server_url=url, plugins=["*"])
    calls(client)
    report(client)
"""


def test_what_is_installed_is_the_wheels(run: Any, python: Path) -> None:
    reported = run(NAMED)
    assert Path(reported["sdk"]).is_relative_to(python.parents[1])
    assert reported["plugins"][-1] == ["audit", "mesa-audit", "2.5.0"]
    assert [name for name, *_ in reported["plugins"]] == ["auth", "retries", "tracing", "pagination", "audit"]


@pytest.mark.parametrize(
    ("script", "environment"),
    [(NAMED, {}), (NOT_NAMED, {"MESA_PLUGINS": "audit"}), (OF_ALL, {})],
    ids=["by argument", "by environment", "by star"],
)
def test_a_client_that_names_the_plugin_has_its_hooks_called(
    run: Any, script: str, environment: dict[str, str]
) -> None:
    assert run(script, **environment)["lines"] == SEEN


def test_a_client_that_does_not_name_it_does_not_import_it(run: Any) -> None:
    reported = run(NOT_NAMED)
    assert reported["lines"] is None
    assert [name for name, *_ in reported["plugins"]] == ["auth", "retries", "tracing", "pagination"]


def test_one_that_names_another_does_not_import_it_and_is_told_its_name(run: Any) -> None:
    reported = run("""
        try:
            Mesa(api_key="key", server_url=url, plugins=["audti"])
        except MesaError as error:
            print(json.dumps([str(error), "mesa_audit" in sys.modules]))
    """)
    assert reported[0].startswith("unknown plugin 'audti'; did you mean 'audit'?")
    assert not reported[1]
