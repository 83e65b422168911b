"""--mesa-fail-unused: what no test used fails the run."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SECTION = "*= mesa: * unused in * =*"


@pytest.fixture
def recorded(suite):
    """A suite of two modules that was recorded: a test with a recording of its own, and two that share one."""
    suite.write(
        test_depot="""
            import os
            import pytest

            def test_own(mesa):
                mesa.repos.create(org="acme", body={"name": "docs"})
                if not os.environ.get("MESA_TEST_LESS"):
                    mesa.repos.get(org="acme", repo="docs")

            @pytest.mark.mesa_recording("shared")
            class TestShared:
                def test_create(self, mesa):
                    mesa.repos.create(org="umbrella", body={"name": "docs"})

                def test_get(self, mesa):
                    if not os.environ.get("MESA_TEST_LESS"):
                        mesa.repos.get(org="umbrella", repo="docs")
        """,
        test_other="""
            def test_other(mesa):
                mesa.repos.create(org="initech", body={"name": "docs"})
        """,
    )
    suite.record().assert_outcomes(passed=4)
    return suite


def test_everything_used(recorded):
    recorded.pytester.makeconftest("""
        def pytest_collection_modifyitems(config):
            config.hook.pytest_deselected(items=[])
    """)
    result = recorded.replay("--mesa-fail-unused")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*mesa: *")


@pytest.mark.parametrize("workers", [(), pytest.param(("-n2",), id="n2", marks=pytest.mark.slow)])
def test_interactions_that_no_test_used(recorded, workers, monkeypatch):
    monkeypatch.setenv("MESA_TEST_LESS", "1")
    recorded.run = recorded.pytester.runpytest_subprocess if workers else recorded.run
    recorded.replay().assert_outcomes(passed=4)

    result = recorded.replay("--mesa-fail-unused", *workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "*= mesa: 2 unused in 2 recordings =*",
            "recordings/test_depot/shared.json: interactions[[]1] GET */umbrella/docs -> 200",
            "recordings/test_depot/test_own.json: interactions[[]1] GET */acme/docs -> 200",
            "*4 passed*",
        ],
        consecutive=True,
    )


def test_lines_are_in_recorded_order(suite, monkeypatch):
    suite.write(
        test_depot="""
        import os

        def test_many(mesa):
            for number in range(12 if not os.environ.get("MESA_TEST_LESS") else 0):
                mesa.repos.create(org="acme", body={"name": f"docs-{number}"})
    """
    )
    suite.record().assert_outcomes(passed=1)
    monkeypatch.setenv("MESA_TEST_LESS", "1")
    result = suite.replay("--mesa-fail-unused")
    result.stdout.fnmatch_lines(
        ["*= mesa: 12 unused in 1 recording =*", *(f"*interactions[[]{number}] POST *" for number in range(12))],
        consecutive=True,
    )


class TestOrphans:
    """Files that no test opened."""

    @pytest.fixture(autouse=True)
    def renamed(self, recorded):
        text = (recorded.pytester.path / "test_other.py").read_text()
        recorded.write(
            test_other="def test_renamed(): pass",
            test_later="import pytest\n@pytest.mark.mesa_recording('test_other')\ndef test_x(): pass",
        )
        assert "test_other" in text

    def test_are_reported(self, recorded):
        result = recorded.replay("--mesa-fail-unused")
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        result.stdout.fnmatch_lines([SECTION, "recordings/test_other/test_other.json: no test opened it"])
        recorded.replay().assert_outcomes(passed=5)

    def test_module_without_tests(self, recorded):
        recorded.write(test_other="")
        result = recorded.replay("--mesa-fail-unused", "test_other.py", "test_depot.py")
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        result.stdout.fnmatch_lines(["recordings/test_other/test_other.json: no test opened it"])

    @pytest.mark.parametrize(
        "arguments",
        [
            ("-k", "not TestShared"),
            ("-m", "not mesa_recording"),
            ("--deselect", "test_depot.py::test_own"),
            ("test_depot.py::test_own", "test_other.py"),
            ("test_depot.py",),
            ("-p", "cacheprovider", "--lf"),
            ("--collect-only",),
            ("--setup-plan",),
        ],
        ids=" ".join,
    )
    def test_not_in_a_run_of_some_tests(self, recorded, arguments):
        if "--lf" in arguments:
            recorded.pytester.makeini("[pytest]\naddopts = -p no:hypothesispytest")
        result = recorded.replay("--mesa-fail-unused", *arguments)
        result.stdout.no_fnmatch_line("*mesa: *")
        assert result.ret == pytest.ExitCode.OK

    @pytest.mark.parametrize(
        "arguments",
        [pytest.param(("-x",), id="-x"), pytest.param(("-n1", "-x"), id="-n1 -x", marks=pytest.mark.slow)],
    )
    def test_not_when_the_run_is_stopped(self, recorded, arguments):
        if "-n1" in arguments:
            recorded.run = recorded.pytester.runpytest_subprocess
        recorded.write(test_breaks="def test_breaks(): assert False")
        result = recorded.replay("--mesa-fail-unused", *arguments)
        assert result.ret != pytest.ExitCode.OK
        result.stdout.no_fnmatch_line("*mesa: *")

    def test_not_when_a_module_cannot_be_collected(self, recorded):
        recorded.write(test_other="raise ImportError")
        result = recorded.replay("--mesa-fail-unused", "--continue-on-collection-errors")
        result.assert_outcomes(passed=4, errors=1)
        result.stdout.no_fnmatch_line("*mesa: *")

    @pytest.mark.parametrize("fate", ["pytest.skip()", "pytest.xfail()", "1 / 0"])
    def test_not_of_a_test_that_did_not_run_to_its_end(self, recorded, fate):
        recorded.write(
            test_other=f"""
            import pytest

            @pytest.fixture
            def broken():
                {fate}

            def test_other(broken, mesa):
                pass
        """
        )
        result = recorded.replay("--mesa-fail-unused")
        result.stdout.no_fnmatch_line("*mesa: *")


@pytest.mark.parametrize("fate", ["pytest.skip()", "pytest.xfail()", "1 / 0"])
def test_what_an_unfinished_test_would_have_used_is_not_judged(recorded, fate):
    recorded.write(
        test_other=f"""
        import pytest

        def test_other(mesa):
            {fate}
    """
    )
    result = recorded.replay("--mesa-fail-unused")
    result.stdout.no_fnmatch_line("*mesa: *")


def test_shared_recordings_are_not_judged_by_some_of_their_tests(recorded):
    result = recorded.replay("--mesa-fail-unused", "-k", "test_create or test_own")
    assert result.ret == pytest.ExitCode.OK


def test_recording_is_not_judged_while_it_is_made(recorded):
    recorded.write(test_other="def test_other(mesa): pass")
    assert recorded.record("--mesa-fail-unused", mode="new").ret == pytest.ExitCode.OK
    assert recorded.record("--mesa-fail-unused", mode="replay").ret == pytest.ExitCode.TESTS_FAILED


def test_failing_run_keeps_its_status_and_shows_the_rest(recorded):
    recorded.write(test_other="def test_other(mesa): pass", test_breaks="def test_breaks(): assert False")
    result = recorded.replay("--mesa-fail-unused")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([SECTION, "recordings/test_other/test_other.json: interactions[[]0] POST *"])


@pytest.mark.slow
def test_lost_worker(recorded):
    recorded.run = recorded.pytester.runpytest_subprocess
    recorded.write(
        test_other="""
        import os

        def test_other(mesa):
            os._exit(1)
    """
    )
    result = recorded.replay("--mesa-fail-unused", "-n1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.no_fnmatch_line("*mesa: *")
