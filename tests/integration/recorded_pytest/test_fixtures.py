"""The plugin's clients: recorded once with a server, and replayed ever after without it."""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["pytester"]

REPOS = """
    def test_repos(mesa):
        mesa.repos.create(org="acme", body={"name": "docs"})
        assert [repo.name for repo in mesa.repos.list(org="acme")] == ["docs"]
"""


def test_record_stop_replay(suite):
    suite.write(test_depot=REPOS)

    recorded = suite.record()
    recorded.assert_outcomes(passed=1)
    recorded.stdout.fnmatch_lines(["mesa: recorded 1 file in recordings/test_depot"])
    assert suite.files() == ["test_depot/test_repos.json"]
    assert os.environ["MESA_API_KEY"] not in suite.pytester.path.joinpath("recordings", suite.files()[0]).read_text()

    for _ in range(2):
        replayed = suite.replay()
        replayed.assert_outcomes(passed=1)
        replayed.stdout.no_fnmatch_line("*mesa:*")


@pytest.mark.parametrize("mode", ["once", "new"])
def test_known_requests_are_not_sent_again(suite, mode):
    suite.write(test_depot=REPOS)
    suite.record().assert_outcomes(passed=1)
    suite.server.close()
    again = suite.record(mode=mode)
    again.assert_outcomes(passed=1)
    again.stdout.fnmatch_lines(["mesa: recorded no file"])


def test_record_writes_anew(suite):
    suite.write(
        test_depot="""
        import os

        def test_repos(mesa):
            mesa.repos.create(org="acme", body={"name": os.environ["MESA_TEST_NAME"]})
    """
    )
    for name in ("first", "second"):
        os.environ["MESA_TEST_NAME"] = name
        suite.record(mode="record").assert_outcomes(passed=1)
    del os.environ["MESA_TEST_NAME"]
    text = (suite.pytester.path / "recordings/test_depot/test_repos.json").read_text()
    assert '"second"' in text
    assert '"first"' not in text


def test_mode_of_the_environment(suite, monkeypatch):
    suite.write(test_depot=REPOS)
    monkeypatch.setenv("MESA_RECORD", "once")
    monkeypatch.setenv("MESA_API_KEY", "mesa_root_key_of_the_tests")
    suite.run("--mesa-record=replay").assert_outcomes(errors=1)
    suite.run().assert_outcomes(passed=1)
    assert suite.files()


def test_other_settings_of_the_sdk_do_not_matter(suite, monkeypatch):
    monkeypatch.setenv("MESA_TRANSPORT", "nonsense")
    monkeypatch.setenv("MESA_RECORDING", "nonsense")
    suite.write(test_depot=REPOS)
    suite.record().assert_outcomes(passed=1)
    suite.replay().assert_outcomes(passed=1)


def test_missing_recording(suite):
    suite.write(test_depot=REPOS)
    result = suite.replay()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *path: there is no recording *test_repos.json; to make it, run once with *"])
    result.stdout.fnmatch_lines(["E *--mesa-record=once"])
    assert not suite.files()


def test_damaged_recording(suite):
    suite.write(test_depot=REPOS, test_other=REPOS.replace("acme", "umbrella"))
    suite.record().assert_outcomes(passed=2)
    file = suite.pytester.path / "recordings/test_depot/test_repos.json"
    file.write_text(file.read_text()[:-20])

    result = suite.replay()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E *DamagedRecording: *test_repos.json: $: expected JSON*"])


def test_recording_without_a_key(suite):
    suite.write(test_depot=REPOS)
    result = suite.run("--mesa-record=once")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *ConfigurationError: no API key: *"])


def test_failing_tests_let_go_of_everything(suite):
    suite.write(
        test_depot="""
        import gc

        clients = []

        def test_fails(mesa, async_mesa):
            clients.extend([mesa, async_mesa])
            mesa.repos.create(org="acme", body={"name": "docs"})
            raise RuntimeError("on purpose")

        def test_after(mesa):
            gc.collect()
            for client in clients:
                assert client.world.lifetime.ended
            mesa.repos.create(org="acme", body={"name": "other"})
    """
    )
    for run in (suite.record, suite.replay):
        result = run()
        result.assert_outcomes(passed=1, failed=1)
        result.stdout.fnmatch_lines(["E *RuntimeError: on purpose"])
    assert suite.requests("test_depot/test_fails.json") == ["POST repos"]


def test_failing_before_the_first_request_leaves_no_file(suite):
    suite.write(
        test_depot="""
        def test_fails(mesa):
            raise RuntimeError("on purpose")
    """
    )
    suite.record().assert_outcomes(failed=1)
    assert not suite.files()


@pytest.mark.parametrize("fate", ["assert False", "pytest.skip()", "pytest.xfail()", "raise KeyboardInterrupt"])
def test_failing_to_record_anew_leaves_what_there_was(suite, fate):
    suite.write(test_depot=REPOS)
    suite.record().assert_outcomes(passed=1)
    recorded = suite.requests("test_depot/test_repos.json")
    suite.write(test_depot=f"import pytest\n{REPOS.replace('docs', 'other')}        {fate}\n")
    suite.record(mode="record")
    assert suite.requests("test_depot/test_repos.json") == recorded
    text = (suite.pytester.path / "recordings/test_depot/test_repos.json").read_text()
    assert "docs" in text
    assert "other" not in text


def test_recording_anew_without_a_request_leaves_an_empty_recording(suite):
    suite.write(test_depot=REPOS)
    suite.record().assert_outcomes(passed=1)
    suite.write(test_depot="def test_repos(mesa): pass")
    suite.record(mode="record").assert_outcomes(passed=1)
    assert suite.requests("test_depot/test_repos.json") == []


def test_asking_for_nothing_replays(suite):
    suite.write(
        test_depot="""
        import pytest
        from mesa_sdk import InvalidRequest

        def test_refused(mesa):
            with pytest.raises(InvalidRequest, match="org"):
                mesa.repos.get(org="", repo="docs")

        @pytest.mark.mesa_recording("shared")
        def test_nothing(mesa):
            pass

        @pytest.mark.mesa_recording("shared")
        def test_something(mesa):
            mesa.repos.create(org="acme", body={"name": "docs"})
    """
    )
    suite.record().assert_outcomes(passed=3)
    assert suite.requests("test_depot/test_refused.json") == []
    assert suite.requests("test_depot/shared.json") == ["POST repos"]
    suite.replay().assert_outcomes(passed=3)


def test_client_closed_by_the_test(suite):
    suite.write(
        test_depot="""
        import asyncio

        def test_closes(mesa, async_mesa):
            with mesa:
                mesa.repos.create(org="acme", body={"name": "docs"})

            async def leave():
                async with async_mesa:
                    await async_mesa.repos.get(org="acme", repo="docs")

            asyncio.run(leave())
    """
    )
    suite.record().assert_outcomes(passed=1)
    suite.replay().assert_outcomes(passed=1)


def test_recording_that_cannot_be_written(suite):
    suite.write(test_depot=REPOS)
    (suite.pytester.path / "recordings/test_depot/.test_repos.json.tmp").mkdir(parents=True)
    result = suite.record()
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["E *the recording *test_repos.json cannot be written: *"])


class TestOptions:
    def test_of_the_clients(self, suite):
        suite.pytester.makeconftest("""
            import os, pytest

            @pytest.fixture
            def mesa_options(request):  # of a test each
                return {"api_key": os.environ.pop("MESA_API_KEY", None), "headers": {"X-Test": request.node.name}}
        """)
        suite.write(
            test_depot="""
            def test_headers(mesa, async_mesa):
                for client in (mesa, async_mesa):
                    assert client.world.parts.config.options.headers["X-Test"] == "test_headers"
                mesa.repos.create(org="acme", body={"name": "docs"})
        """
        )
        suite.record().assert_outcomes(passed=1)
        suite.replay().assert_outcomes(passed=1)

    @pytest.mark.parametrize(
        ("option", "complaint"),
        [
            ("api_kye", "mesa_options: unknown option 'api_kye'; did you mean 'api_key'? There are: *"),
            ("transport", "mesa_options: unknown option 'transport'*"),
        ],
    )
    def test_unknown(self, suite, option, complaint):
        suite.pytester.makeconftest(f"""
            import pytest

            @pytest.fixture(scope="session")
            def mesa_options():
                return {{"{option}": "x"}}
        """)
        suite.write(test_depot=REPOS)
        result = suite.record()
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([f"E *UsageError: {complaint}"])

    def test_of_the_suite(self, suite):
        suite.pytester.makeconftest("""
            import pytest
            from mesa_transports.local import LocalDepot

            @pytest.fixture(scope="session")
            def mesa_recording_options():
                with LocalDepot(root_key="mesa_other_key") as depot:
                    yield {"inner": depot.transport(), "redact": ["Falcon"]}

            @pytest.fixture(scope="session")
            def mesa_options():
                return {"api_key": "mesa_other_key"}
        """)
        suite.write(
            test_depot="""
            import pytest

            def test_suite(mesa):
                mesa.repos.create(org="acme", body={"name": "Falcon"})

            def test_same_depot(mesa):
                assert [repo.name for repo in mesa.repos.list(org="acme")] in (["Falcon"], ["REDACTED_TEXT_1"])

            @pytest.mark.mesa_recording(redact=["Eagle"], inner="local")
            def test_marker_wins(mesa):
                mesa.repos.create(org="acme", body={"name": "Falcon"})
                mesa.repos.create(org="acme", body={"name": "Eagle"})
        """
        )
        suite.server.close()
        suite.record().assert_outcomes(passed=3)
        texts = {path.stem: path.read_text() for path in (suite.pytester.path / "recordings" / "test_depot").iterdir()}
        assert "Falcon" not in texts["test_suite"]
        assert "Falcon" in texts["test_marker_wins"]
        assert "Eagle" not in texts["test_marker_wins"]
        suite.replay().assert_outcomes(passed=3)

    def test_unknown_of_the_suite(self, suite):
        suite.pytester.makeconftest("""
            import pytest

            @pytest.fixture(scope="session")
            def mesa_recording_options():
                return {"mode": "new"}
        """)
        suite.write(test_depot=REPOS)
        result = suite.record()
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["E *UsageError: mesa_recording_options: unknown option 'mode'*"])
