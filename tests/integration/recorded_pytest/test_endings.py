"""How a test ended says what becomes of its recording: a failure is none to keep, and neither is half of one."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

CALLS = """
            mesa.repos.create(org="acme", body={"name": "NAME"})
            assert [repo.name for repo in mesa.repos.list(org="acme")] == ["NAME"]
"""
EARLIER = f"""
        def test_repos(mesa):
{CALLS.replace("NAME", "earlier")}
"""
TWO = ["POST repos", "GET repos"]


def written(suite, text: str) -> None:
    suite.write(test_depot="        import os\n        import unittest\n        import pytest\n" + text)


class TestExpectedFailures:
    XFAIL = f"""
        @pytest.mark.xfail(strict=True, raises=ZeroDivisionError)
        def test_repos(mesa):
{CALLS.replace("NAME", "later")}
            1 / 0
"""

    @pytest.mark.parametrize("mode", ["record", "once", "new"])
    def test_are_recorded_and_replay(self, suite, mode):
        written(suite, self.XFAIL)
        suite.record(mode=mode).assert_outcomes(xfailed=1)
        assert suite.requests("test_depot/test_repos.json") == TWO
        suite.replay().assert_outcomes(xfailed=1)

    def test_replace_what_there_was(self, suite):
        written(suite, EARLIER)
        suite.record().assert_outcomes(passed=1)
        written(suite, self.XFAIL.replace("acme", "other"))
        suite.record(mode="record").assert_outcomes(xfailed=1)
        suite.replay().assert_outcomes(xfailed=1)

    def test_one_that_is_another_failure_is_not_kept(self, suite):
        written(suite, self.XFAIL.replace("1 / 0", "assert False"))
        suite.record(mode="record").assert_outcomes(failed=1)
        assert not suite.files()

    @pytest.mark.parametrize(("strict", "files"), [("True", 0), ("False", 1)])
    def test_one_that_passes_is_kept_unless_that_is_a_failure(self, suite, strict, files):
        written(suite, self.XFAIL.replace("1 / 0", "").replace("strict=True", f"strict={strict}"))
        suite.record(mode="record")
        assert len(suite.files()) == files


class TestThoseThatBreakOff:
    @pytest.mark.parametrize("fate", ["pytest.skip()", "pytest.xfail()", "raise unittest.SkipTest"])
    @pytest.mark.parametrize("mode", ["record", "once", "new"])
    def test_midway_replay_as_far_as_they_went(self, suite, fate, mode):
        written(suite, f"        def test_repos(mesa):\n{CALLS}\n            {fate}\n")
        outcome = {"xfailed" if "xfail" in fate else "skipped": 1}
        suite.record(mode=mode).assert_outcomes(**outcome)
        assert suite.requests("test_depot/test_repos.json") == TWO
        suite.replay().assert_outcomes(**outcome)

    def test_before_the_first_request_replay_too(self, suite):
        written(
            suite,
            """
        @pytest.fixture
        def late(mesa):
            pytest.skip("not now")

        def test_in_a_fixture(mesa, late): ...

        def test_itself(mesa):
            pytest.skip("not now")
        """,
        )
        suite.record(mode="record").assert_outcomes(skipped=2)
        suite.replay().assert_outcomes(skipped=2)

    def test_leave_what_others_recorded_in_the_same_run(self, suite):
        shared = '        @pytest.mark.mesa_recording("shared")\n'
        skips = CALLS.replace("acme", "other") + "            pytest.skip()\n"
        written(suite, f"{shared}        def test_one(mesa):\n{CALLS}\n{shared}        def test_two(mesa):\n{skips}")
        suite.record(mode="record").assert_outcomes(passed=1, skipped=1)
        assert suite.requests("test_depot/shared.json") == TWO * 2
        suite.replay().assert_outcomes(passed=1, skipped=1)


class TestSubtests:
    """What fails in one is a failure that the test itself does not see."""

    WITH_PYTEST = f"""
        def test_repos(mesa, subtests):
            with subtests.test("one"):
                {CALLS.strip().replace("NAME", "later").replace("            assert", "                assert")}
                assert os.environ.get("FAILS") is None
            assert True
"""
    WITH_UNITTEST = f"""
        class TestRepos(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def client(self, mesa):
                self.mesa = mesa

            def test_repos(self):
                mesa = self.mesa
                with self.subTest("one"):
                    {CALLS.strip().replace("NAME", "later").replace("            assert", "                    assert")}
                    assert os.environ.get("FAILS") is None
"""

    @pytest.mark.parametrize(
        ("text", "file"),
        [(WITH_PYTEST, "test_repos"), (WITH_UNITTEST, "TestRepos.test_repos")],
        ids=["pytest", "unittest"],
    )
    def test_one_that_fails_leaves_what_there_was(self, suite, monkeypatch, text, file):
        pytest.importorskip("_pytest.subtests", reason="pytest has had subtests since 9")
        file = f"test_depot/{file}.json"
        written(suite, text)
        monkeypatch.setenv("FAILS", "yes")
        assert suite.record(mode="record").ret == pytest.ExitCode.TESTS_FAILED
        assert not suite.files()
        monkeypatch.delenv("FAILS")
        written(suite, text.replace("acme", "second"))
        assert suite.record(mode="record").ret == pytest.ExitCode.OK
        before = (suite.pytester.path / "recordings" / file).read_bytes()
        assert suite.requests(file) == TWO
        monkeypatch.setenv("FAILS", "yes")
        written(suite, text.replace("acme", "third"))
        assert suite.record(mode="record").ret == pytest.ExitCode.TESTS_FAILED
        assert (suite.pytester.path / "recordings" / file).read_bytes() == before
