"""--mesa-fail-unused: recordings that no test used, in whole or in part, fail the run.

What a test would have used that failed, was skipped or was not run is not known; its recording is not judged.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest

from mesa_transports.recorded.pytest_plugin.marker import folder_of, path_of
from mesa_transports.recorded.pytest_plugin.run import Ledger, shown

__all__ = ["Unused"]


class Unused:
    """Hooks that find out which tests were run, and in the process that reports, what they left unused."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._title = ""
        self._lines: list[str] = []

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Take note of a module."""
        if isinstance(collector, pytest.Module):
            self._ledger.modules.add(str(collector.path))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take note of a module whose tests are not known."""
        if report.failed:
            self._ledger.gaps.add("a module could not be collected")

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Take note of tests that are not to be run."""
        if items:
            self._ledger.gaps.add("tests were deselected")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take note of a test that did not run to its end."""
        report = yield
        if not report.passed:
            self._ledger.unpassed.add(str(path_of(item)))
        return report

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Judge, when all workers have told what they did."""
        if hasattr(session.config, "workeroutput") or exitstatus not in {
            pytest.ExitCode.OK,
            pytest.ExitCode.TESTS_FAILED,
        }:
            return
        self._ledger.gaps.update(_gaps(session))
        root = session.config.rootpath
        found = sorted([*self._unused(), *self._orphans()])
        self._lines = [f"{shown(path, root)}: {what}" for path, _, what in found]
        files = len({path for path, *_ in found})
        self._title = f"mesa: {len(found)} unused in {files} recording{'s' if files > 1 else ''}"
        if self._lines and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show what was left unused."""
        if self._lines:
            terminalreporter.write_sep("=", self._title, red=True, bold=True)
            for line in self._lines:
                terminalreporter.write_line(line)

    def _unused(self) -> Iterator[tuple[str, int, str]]:
        """Yield the interactions that no test used."""
        ledger = self._ledger
        if "a worker was lost" in ledger.gaps:
            return
        for path, place, what in ledger.left:
            judged = path not in ledger.unpassed and not (ledger.gaps and path in ledger.named)
            if judged and (path, place) not in ledger.used:
                yield path, place, f"interactions[{place}] {what}"

    def _orphans(self) -> Iterator[tuple[str, int, str]]:
        """Yield the files that no test opened."""
        ledger = self._ledger
        if ledger.gaps:
            return
        for module in ledger.modules:
            for path in map(str, folder_of(Path(module)).glob("*.json")):
                if path not in ledger.opened | ledger.unpassed:
                    yield path, 0, "no test opened it"


def _gaps(session: pytest.Session) -> Iterator[str]:
    """Yield why the tests of a session are not all that its modules have."""
    config = session.config
    if any("::" in argument for argument in config.args):
        yield "tests were named"
    if session.shouldstop or session.shouldfail:
        yield "the run was stopped"
    if any(config.getoption(name, default=False) for name in ("lf", "setuponly", "setupplan", "collectonly")):
        yield "not all tests were to be run"
