"""A run that does not use the plugin does not feel it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

LISTS_MODULES = """
    import json
    import sys

    def test_it():
        pass

    def pytest_unconfigure():
        with open("modules.json", "w") as file:
            json.dump(sorted(sys.modules), file)
"""


def modules(suite, *arguments: str) -> set[str]:
    """Return the modules that a run of one test had loaded at its end."""
    suite.pytester.makeconftest(LISTS_MODULES)
    suite.write(test_plain="def test_it(): pass")
    suite.run(*arguments).assert_outcomes(passed=1)
    return set(json.loads((suite.pytester.path / "modules.json").read_text()))


@pytest.mark.slow
def test_imports_nothing_of_the_sdk(separate):
    added = modules(separate) - modules(separate, "-p", "no:mesa")
    assert added == {
        "mesa_transports",
        "mesa_transports.recorded",
        "mesa_transports.recorded.pytest_plugin",
        "mesa_transports.recorded.pytest_plugin.run",
    }


def test_the_sdk_does_not_import_pytest():
    code = "import sys, mesa_sdk, mesa_transports.recorded.transport; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_output_is_the_same(suite):
    suite.write(
        test_plain="""
        def test_passes(): pass

        def test_fails(): assert False
    """
    )

    def lines(*arguments: str) -> list[str]:
        shown = suite.run("-vv", *arguments).outlines
        return [line for line in shown if not line.startswith(("plugins:", "="))]

    assert lines() == lines("-p", "no:mesa")
    assert not list(Path().glob("recordings"))


def test_environment_of_other_programs_does_not_matter(suite, monkeypatch):
    """What the SDK reads is wrong or tells to record; a run that does not use it goes on as ever."""
    monkeypatch.setenv("MESA_RECORD", "nonsense")
    suite.write(test_plain="def test_it(): pass")
    result = suite.run()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*mesa: *")
    monkeypatch.setenv("MESA_RECORD", "record")
    suite.run("--mesa-fail-unused").stdout.no_fnmatch_line("*mesa: *")


def test_without_xdist(suite):
    suite.write(test_depot="def test_nothing(mesa): pass")
    suite.record("-p", "no:xdist").assert_outcomes(passed=1)


def test_is_listed(suite):
    suite.run("--markers").stdout.fnmatch_lines(["@pytest.mark.mesa_recording(name, *, mode, *"])
    suite.run("--help").stdout.fnmatch_lines(["*--mesa-record=MODE*", "*--mesa-fail-unused*"])
    shown = suite.run("--fixtures")
    shown.stdout.fnmatch_lines(["mesa_options [[]session scope[]]*", "mesa -- *", "async_mesa -- *"])
    shown.stdout.no_fnmatch_line("_mesa*")
