"""Which file is a test's recording, and what its marker says."""

from __future__ import annotations

import json

import pytest

from mesa_transports.recorded.pytest_plugin.marker import path_of

pytest_plugins = ["pytester"]

CREATES = 'mesa.repos.create(org="acme", body={"name": "docs"})'


@pytest.fixture
def paths(pytester):
    """Return the recordings of the tests in some text, as paths below the recordings of its module."""

    def paths_of(text: str) -> list[str]:
        items = pytester.getitems(text)
        root = items[0].path.parent / "recordings" / items[0].path.stem
        return [str(path_of(item).relative_to(root)) for item in items]

    return paths_of


def test_file_by_test(paths):
    found = paths("""
        import unittest

        import pytest

        def test_plain(): ...

        @pytest.mark.parametrize("a", ["a", 1.5])
        def test_cases(a): ...

        class TestOuter:
            def test_method(self): ...

            class TestInner:
                @pytest.mark.parametrize("a", ["a"])
                def test_method(self, a): ...

        class Old(unittest.TestCase):
            def test_method(self): ...

        @pytest.mark.mesa_recording("named")
        def test_named(): ...

        @pytest.mark.mesa_recording(name="named-too")
        def test_named_too(): ...

        @pytest.mark.mesa_recording(mode="new")
        def test_not_named(): ...
    """)
    assert found == [
        "test_plain.json",
        "test_cases[a].json",
        "test_cases[1.5].json",
        "TestOuter.test_method.json",
        "TestOuter.TestInner.test_method[a].json",
        "Old.test_method.json",
        "named.json",
        "named-too.json",
        "test_not_named.json",
    ]


def test_beside_the_test(suite):
    for folder in ("one", "two"):
        text = f"def test_it(mesa):\n    {CREATES.replace('acme', folder)}\n"
        suite.pytester.mkdir(folder).joinpath("test_same.py").write_text(text)
    suite.record("--import-mode=importlib").assert_outcomes(passed=2)
    assert suite.pytester.path.joinpath("one/recordings/test_same/test_it.json").exists()
    assert suite.pytester.path.joinpath("two/recordings/test_same/test_it.json").exists()


NAMES = [
    "a/b",
    "a:b",
    "a\\b",
    "a b",
    "a_b",
    "../../up",
    ".hidden",
    "con",
    "CON.x",
    "_con",
    "nul[1]",
    "ü",
    "u\u0308",
    "x" * 300,
]


def test_names_that_fit_every_system(paths):
    marks = "".join(
        f"@pytest.mark.mesa_recording({name!r})\ndef test_{place}(): ...\n" for place, name in enumerate(NAMES)
    )
    found = paths("import pytest\n" + marks)
    assert len({path.lower() for path in found}) == len(NAMES)
    for path in found:
        assert len(path) <= 105
        assert path.isascii()
        assert not set(path) & set('<>:"/\\|?* ')
        assert path.split(".")[0].lower() not in {"", "con", "nul"}
    assert found[4] == "a_b.json"
    assert found[13].startswith("x" * 80)


def test_names_are_the_same_each_time(paths):
    text = "import pytest\n@pytest.mark.mesa_recording('a/b')\ndef test_it(): ..."
    assert paths(text) == paths(text) == ["a_b-c14cddc0.json"]


def test_ids_of_cases_are_told_apart(paths):
    ids = ["a/b", "a:b", "a b", "a\\b", "ü", "x" * 300, "x" * 301, "../../up"]
    found = paths(f"""
        import pytest

        @pytest.mark.parametrize("a", range({len(ids)}), ids={ids!r})
        def test_it(a): ...
    """)
    assert len({path.lower() for path in found}) == len(ids)
    assert all(path.isascii() and "/" not in path and len(path) <= 105 for path in found)


CASES = """
    import pytest

    @pytest.mark.parametrize("name", ["main", "Main"])
    def test_it(mesa, name):
        mesa.repos.create(org="acme", body={"name": name})

    def test_other(): ...
"""
CLASH = (
    "test_depot.py::test_it[[]Main[]]: its recording test_it[[]Main[]].json is the file test_it[[]main[]].json of "
    "test_depot.py::test_it[[]main[]] where case does not count in names; rename one of them, or mark it with *"
)


def test_names_that_differ_in_case_only_are_a_usage_error(suite):
    suite.write(test_depot=CASES)
    result = suite.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {CLASH}"])
    suite.record("test_depot.py::test_it[Main]").assert_outcomes(passed=1)


def test_names_that_differ_in_case_only_fail_their_tests_in_a_worker(separate):
    separate.write(test_depot=CASES)
    result = separate.run("-n1")
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines([f"E *UsageError: {CLASH}"])


def test_names_that_differ_in_case_only_may_be_marked_apart(suite):
    suite.write(
        test_depot=CASES.replace('"Main"]', 'pytest.param("Main", marks=pytest.mark.mesa_recording("capital"))]')
    )
    suite.record().assert_outcomes(passed=3)
    assert suite.files() == ["test_depot/capital.json", "test_depot/test_it[main].json"]


@pytest.mark.parametrize("mode", ["once", "new", "record"])
def test_tests_that_share_a_recording_add_to_it(suite, mode):
    suite.write(
        test_depot="""
        import pytest

        pytestmark = pytest.mark.mesa_recording("shared")

        def test_create(mesa):
            mesa.repos.create(org="acme", body={"name": "docs"})

        def test_list(mesa):
            assert [repo.name for repo in mesa.repos.list(org="acme")] == ["docs"]

        def test_replays_what_the_first_one_recorded(mesa):
            mesa.repos.create(org="acme", body={"name": "docs"})
    """
    )
    recorded = suite.record(mode=mode)
    recorded.assert_outcomes(passed=3)
    recorded.stdout.fnmatch_lines(["mesa: recorded 1 file in recordings/test_depot"])
    assert suite.files() == ["test_depot/shared.json"]
    assert suite.requests("test_depot/shared.json") == ["POST repos", "GET repos"]
    suite.replay().assert_outcomes(passed=3)


def test_closest_marker_wins(suite):
    suite.write(
        test_depot=f"""
        import pytest

        pytestmark = pytest.mark.mesa_recording("of-module")

        def test_function(mesa):
            {CREATES}

        @pytest.mark.mesa_recording("of-class")
        class TestClass:
            def test_method(self, mesa):
                {CREATES.replace("acme", "umbrella")}

            @pytest.mark.mesa_recording("of-method")
            def test_marked(self, mesa):
                {CREATES.replace("acme", "initech")}
    """
    )
    suite.record().assert_outcomes(passed=3)
    assert suite.files() == [f"test_depot/of-{each}.json" for each in ("class", "method", "module")]


def test_mode_of_a_marker(suite):
    suite.write(
        test_depot=f"""
        import pytest

        @pytest.mark.mesa_recording(mode="new")
        def test_new(mesa):
            {CREATES}

        @pytest.mark.mesa_recording(mode="replay")
        def test_replay(mesa):
            {CREATES}
    """
    )
    suite.record(mode="replay").assert_outcomes(passed=1, errors=1)
    suite.record(mode="record").assert_outcomes(passed=1, errors=1)
    assert suite.requests("test_depot/test_new.json") == ["POST repos"]


def test_options_of_the_transport(suite):
    suite.write(
        test_depot="""
        import pytest

        from mesa_sdk import MesaError

        def same_method(asked, recorded):
            return asked.method == recorded.method

        @pytest.mark.mesa_recording("a", redact=["Falcon"], inner="httpx", inner_options={"pool_size": 1})
        def test_redact(mesa):
            mesa.repos.create(org="acme", body={"name": "Falcon"})

        @pytest.mark.mesa_recording("a", match_on=["method", "path"], mode="replay")
        def test_match_on(mesa):
            mesa.repos.create(org="acme", body={"name": "whatever"})

        @pytest.mark.mesa_recording("a", match_on=same_method, allow_repeats=True, mode="replay")
        def test_allow_repeats(mesa):
            for org in ("acme", "umbrella", "initech"):
                mesa.repos.create(org=org, body={"name": "whatever"})

        @pytest.mark.mesa_recording("a", mode="replay")
        def test_none_of_them(mesa):
            with pytest.raises(MesaError, match="no recording answers POST"):
                mesa.repos.create(org="acme", body={"name": "other"})
    """
    )
    suite.record().assert_outcomes(passed=4)
    assert "Falcon" not in (suite.pytester.path / "recordings/test_depot/a.json").read_text()
    suite.replay().assert_outcomes(passed=4)


def test_inner_by_name_is_one_for_both_clients_and_closed(suite):
    suite.write(
        test_depot="""
        import asyncio

        import pytest

        @pytest.mark.mesa_recording(inner="local")
        def test_both(mesa, async_mesa):
            mesa.repos.create(org="acme", body={"name": "docs"})
            assert asyncio.run(async_mesa.repos.get(org="acme", repo="docs")).name == "docs"
    """
    )
    suite.server.close()
    suite.record().assert_outcomes(passed=1)
    suite.replay().assert_outcomes(passed=1)


WRONG = {
    "match=['path']": "mesa_recording: unknown option 'match'; did you mean 'match_on'? There are: *",
    "path='x.json'": "mesa_recording: unknown option 'path'*",
    "mode='recrod'": "mesa_recording: mode: unknown mode 'recrod'; did you mean 'record'? There are: *replay*",
    "'a', 'b'": "mesa_recording: expected the name of a recording, got 'a', 'b'",
    "'a', name='b'": "mesa_recording: expected the name of a recording, got 'a', 'b'",
    "''": "mesa_recording: expected the name of a recording, got ''",
    "7": "mesa_recording: expected the name of a recording, got 7",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_marker_is_a_usage_error(suite, arguments):
    suite.write(
        test_depot=f"""
        import pytest

        @pytest.mark.mesa_recording({arguments})
        def test_it():
            pass
    """
    )
    result = suite.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: test_depot.py::test_it: {WRONG[arguments].replace('[', '[[]')}"])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            "allow_hosts='127.0.0.1'",
            "UsageError: *allow_hosts: expected a list of names and addresses, got '127.0.0.1'",
        ),
        ("allow_hosts=[7]", "UsageError: *allow_hosts: expected a list of names and addresses, got [[]7]"),
        ("match_on=['pth']", "ConfigurationError: match_on: unknown field 'pth'; did you mean 'path'?*"),
    ],
)
def test_wrong_option_is_an_error_of_the_test(suite, arguments, complaint):
    suite.write(
        test_depot=f"""
        import pytest

        @pytest.mark.mesa_recording({arguments})
        def test_it():
            pass
    """
    )
    result = suite.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"E *{complaint}"])


class TestWrongMode:
    def test_option(self, suite):
        suite.write(test_depot="def test_it(): pass")
        result = suite.run("--mesa-record=recrod")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(
            ["ERROR: --mesa-record: unknown mode 'recrod'; did you mean 'record'? There are: new, once, record, replay"]
        )

    def test_environment(self, suite, monkeypatch):
        monkeypatch.setenv("MESA_RECORD", "recrod")
        suite.write(test_depot="def test_it(mesa): pass", test_other="def test_it(): pass")
        result = suite.run()
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["ERROR: MESA_RECORD: unknown mode 'recrod'; did you mean 'record'? *replay"])
        suite.run("test_other.py").assert_outcomes(passed=1)


def test_recording_that_another_client_makes_otherwise(suite):
    suite.write(
        test_depot="""
        import pytest
        from mesa_transports.recorded import RecordedTransport

        @pytest.fixture
        def another():
            with RecordedTransport(path="recordings/test_depot/test_it.json", mode="once", match_on=["path"]):
                yield

        def test_it(another, mesa):
            pass
    """
    )
    result = suite.record()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *path: another client uses *test_it.json with another match_on"])


def test_large_bodies_and_layout(suite):
    """The file is the one that the transport writes by itself, bodies beside it."""
    suite.write(
        test_depot="""
        import base64

        def test_large(mesa):
            mesa.repos.create(org="acme", body={"name": "docs"})
            content = base64.b64encode(bytes(range(256)) * 300).decode()
            edit = {"path": "x.bin", "action": "create", "content": content, "encoding": "base64"}
            bot = {"name": "Bot", "email": "bot@example.com"}
            mesa.commits.create(
                org="acme", repo="docs", body={"branch": "main", "message": "Add", "author": bot, "edits": [edit]}
            )
            assert mesa.content.read(org="acme", repo="docs", path="x.bin") == bytes(range(256)) * 300
    """
    )
    suite.record().assert_outcomes(passed=1)
    folder = suite.pytester.path / "recordings/test_depot"
    assert json.loads((folder / "test_large.json").read_text())["header"]["format_version"] >= 1
    assert list((folder / "test_large.files").iterdir())
    suite.replay().assert_outcomes(passed=1)
