"""Workers of pytest-xdist record and replay side by side, and lose nothing of each other's."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

TESTS = """
    import time

    import pytest

    @pytest.mark.parametrize("number", range(8))
    def test_own(mesa, number):
        mesa.repos.create(org="acme", body={"name": f"own-{number}"})

    @pytest.mark.mesa_recording("shared")
    @pytest.mark.parametrize("number", range(16))
    def test_shared(mesa, number):
        mesa.repos.create(org="acme", body={"name": f"shared-{number}"})
        time.sleep(0.01)
        mesa.repos.get(org="acme", repo=f"shared-{number}")
"""


@pytest.mark.slow
def test_side_by_side(suite):
    suite.write(test_depot=TESTS.replace("acme", "older"))
    suite.record().assert_outcomes(passed=24)  # what an earlier run left, and this one replaces

    suite.run = suite.pytester.runpytest_subprocess
    suite.write(test_depot=TESTS)
    recorded = suite.record("-n4", mode="record")
    recorded.assert_outcomes(passed=24)
    recorded.stdout.fnmatch_lines(["mesa: recorded 9 files in recordings/test_depot"])

    assert [file for file in suite.files() if "own" in file] == [f"test_depot/test_own[{n}].json" for n in range(8)]
    shared = suite.requests("test_depot/shared.json")
    assert sorted(shared) == sorted(["POST repos"] * 16 + [f"GET shared-{number}" for number in range(16)])
    assert "older" not in (suite.pytester.path / "recordings/test_depot/shared.json").read_text()

    replayed = suite.replay("-n4", "--mesa-fail-unused")
    replayed.assert_outcomes(passed=24)
    assert replayed.ret == pytest.ExitCode.OK
    replayed.stdout.no_fnmatch_line("*mesa: *")


@pytest.mark.slow
def test_wrong_marker_fails_its_test(separate):
    separate.write(
        test_depot="""
        import pytest

        @pytest.mark.mesa_recording(match=["path"])
        def test_wrong():
            pass

        def test_right():
            pass
    """
    )
    result = separate.run("-n1")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E *UsageError: test_depot.py::test_wrong: mesa_recording: unknown option 'match'; *"])
