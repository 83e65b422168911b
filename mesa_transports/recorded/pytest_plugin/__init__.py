"""The pytest plugin `mesa`: a recording for each test, and clients that record it and replay it.

Every pytest run on a machine that has the SDK imports this package, so it and `run` import nothing of the SDK: a test
that asks for a client pays for it, and no other.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest

from mesa_transports.recorded.pytest_plugin.run import Run

if TYPE_CHECKING:
    from mesa_core.client import AsyncMesa, Mesa
    from mesa_transports.recorded.pytest_plugin.recorder import Recorder

__all__ = [
    "async_mesa",
    "mesa",
    "mesa_options",
    "mesa_recording_options",
    "pytest_addoption",
    "pytest_collection_finish",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_runtest_makereport",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "recorder_of_test",
]

_RUN: Final = pytest.StashKey[Run]()
_RECORDER: Final = "_mesa_recording"  # hidden from `pytest --fixtures`
_OF_TEST: Final = pytest.StashKey["Recorder"]()
_MARKER: Final = (
    "mesa_recording(name, *, mode, allow_hosts, match_on, allow_repeats, redact, inner, inner_options): "
    "the test's recording: its file's name, its mode, the hosts that replay may reach, and options of the "
    "transport 'recorded' (mesa-sdk)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the plugin's options."""
    group = parser.getgroup("mesa", "recordings of mesa-sdk")
    group.addoption(
        "--mesa-record",
        metavar="MODE",
        help="replay (the default), once, new or record; MESA_RECORD says it, too",
    )
    group.addoption(
        "--mesa-fail-unused",
        action="store_true",
        help="fail when a recording was replayed in part only, or belongs to no test any more",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin a run, or a worker's share of one."""
    config.addinivalue_line("markers", _MARKER)
    mode = config.getoption("mesa_record")
    if mode is not None:
        from mesa_transports.recorded.pytest_plugin.marker import checked_mode  # noqa: PLC0415 - the SDK, for who uses it

        checked_mode("--mesa-record", mode)
    run = Run(_began(config), mode)
    config.stash[_RUN] = run
    if config.getoption("mesa_fail_unused"):
        from mesa_transports.recorded.pytest_plugin.unused import Unused  # noqa: PLC0415 - for who asks

        config.pluginmanager.register(Unused(run.ledger), "mesa-unused")


def _began(config: pytest.Config) -> datetime:
    """Return when the run began: the same in all workers, whose tests may share a recording."""
    told: Mapping[str, Any] = getattr(config, "workerinput", {})
    return datetime.fromisoformat(told["mesa_began"]) if "mesa_began" in told else datetime.now(UTC)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # `Any`: of pytest-xdist, which need not be there
    """Tell a worker when the run began."""
    node.workerinput["mesa_began"] = node.config.stash[_RUN].began.isoformat()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # `Any`: as above
    """Take in what a worker did."""
    ledger = node.config.stash[_RUN].ledger
    ledger.add(getattr(node, "workeroutput", {}).get("mesa", {"gaps": {"a worker was lost"}}))


@pytest.hookimpl(trylast=True)  # other plugins put several tests in the place of one
def pytest_collection_finish(session: pytest.Session) -> None:
    """Check what is said of the tests, and have marked ones use their recording, so that none reaches the network."""
    recorded: list[pytest.Item] = []
    for item in session.items:
        names = getattr(item, "fixturenames", ())  # those of functions and doctests
        is_marked = item.get_closest_marker("mesa_recording") is not None
        if is_marked and _RECORDER not in names:
            # A list of its own: all tests of one function share what it replaces, marked and not.
            vars(item)["fixturenames"] = [*names, _RECORDER]
        if is_marked or _RECORDER in names:
            recorded.append(item)
    if recorded:
        _check(recorded, session.config)


def _check(recorded: Sequence[pytest.Item], config: pytest.Config) -> None:
    from mesa_transports.recorded.pytest_plugin.marker import clashes, marked  # noqa: PLC0415 - the SDK, for who uses it

    run = config.stash[_RUN]
    is_worker = hasattr(config, "workerinput")  # which would break; there, the tests fail instead
    for item in recorded if not is_worker else ():
        marked(item, run.mode)
    run.clashes = clashes(recorded)
    if run.clashes and not is_worker:
        raise pytest.UsageError(next(iter(run.clashes.values())))


@pytest.fixture(scope="session")
def mesa_options() -> dict[str, Any]:  # `Any`: as `Mesa` types them
    """Options of the clients `mesa` and `async_mesa`, such as server_url; override it, in any scope."""
    return {}


@pytest.fixture(scope="session")
def mesa_recording_options() -> dict[str, Any]:  # `Any`: as the transport `recorded` types them
    """Options of the transport `recorded` for a whole suite, such as inner; override it. A marker's own win."""
    return {}


@pytest.fixture(name=_RECORDER)
def recorder_of_test(request: pytest.FixtureRequest, mesa_recording_options: Mapping[str, Any]) -> Iterator[Recorder]:
    """The test's recording; the network is blocked while it replays."""
    from mesa_transports.recorded.pytest_plugin.recorder import Recorder  # noqa: PLC0415 - the SDK, for who uses it

    with Recorder(request.node, request.config.stash[_RUN], mesa_recording_options) as recorder:
        request.node.stash[_OF_TEST] = recorder
        yield recorder


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around those that make a failure an expected one, or a skip
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell a recording how its test ended."""
    report = yield
    recorder = item.stash.get(_OF_TEST, None)
    if recorder is not None and call.when != "teardown":
        gave_up = call.excinfo is not None and isinstance(call.excinfo.value, pytest.xfail.Exception)
        is_expected = report.skipped and hasattr(report, "wasxfail") and not gave_up
        recorder.passed = call.when == "call" and (report.passed or is_expected)
        recorder.skipped = report.skipped and not recorder.passed
    return report


@pytest.fixture
def mesa(_mesa_recording: Recorder, mesa_options: Mapping[str, Any]) -> Mesa:
    """A `Mesa` that replays the test's recording, or records it with --mesa-record=MODE."""
    return _mesa_recording.client(mesa_options)


@pytest.fixture
def async_mesa(_mesa_recording: Recorder, mesa_options: Mapping[str, Any]) -> AsyncMesa:
    """An `AsyncMesa` that replays the test's recording, or records it with --mesa-record=MODE; for any event loop."""
    return _mesa_recording.async_client(mesa_options)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what this worker did to the process that reports; there, clean what several tests recorded together."""
    run = session.config.stash[_RUN]
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["mesa"] = run.ledger.exported()
    elif run.ledger.told:
        from mesa_transports.recorded.pytest_plugin.cleaning import clean  # noqa: PLC0415 - the SDK, for who uses it

        run.unclean = clean(run.ledger.told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was recorded, if a test was to record."""
    ledger = config.stash[_RUN].ledger
    if ledger.modes - {"replay"}:
        terminalreporter.write_line(f"mesa: {ledger.recorded(config.rootpath)}")
    for line in config.stash[_RUN].unclean:
        terminalreporter.write_line(f"mesa: {line}", red=True)
