"""Options are checked when a client is built, and the message names the one that is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mesa_core.errors import ConfigurationError
from mesa_transports.recorded.matching import DEFAULT_MATCH_ON, Matcher, Matching
from mesa_transports.recorded.options import DEFAULT_INNER, DEFAULT_PATH, Options, mode_of
from mesa_transports.recorded.tape import Mode

DEFAULTS = {
    "path": "x.json",
    "mode": None,
    "inner": DEFAULT_INNER,
    "inner_options": None,
    "match_on": DEFAULT_MATCH_ON,
    "allow_repeats": False,
    "redact": (),
}


def options(**given: object) -> Options:
    return Options.of(**{**DEFAULTS, **given})


def refused(**given: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        options(**given)
    return str(caught.value)


class TestPath:
    @pytest.fixture(autouse=True)
    def _here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    @pytest.mark.parametrize("given", ["a/x.json", Path("a/x.json")])
    def test_it_is_of_the_directory_where_the_client_was_built(self, tmp_path, monkeypatch, given):
        made = options(path=given)
        monkeypatch.chdir("/")
        assert made.path == tmp_path / "a" / "x.json"
        assert not made.for_good

    def test_without_one_it_is_the_programs(self, tmp_path, monkeypatch):
        assert options(path=None).path == tmp_path / DEFAULT_PATH
        assert options(path=None).for_good
        monkeypatch.setenv("MESA_RECORDING", "y.json")
        assert options(path=None).path == tmp_path / "y.json"
        assert options(path=None).for_good
        assert options(path="z.json").path == tmp_path / "z.json"
        monkeypatch.setenv("MESA_RECORDING", "")
        assert options(path=None).path == tmp_path / DEFAULT_PATH

    @pytest.mark.parametrize(
        "wrong", ["", ".", "x", "x.yaml", "x.json.gz", ".json", "d.json", "x.json/", 7, b"x.json", ["x"]]
    )
    def test_anything_else_is_an_error(self, tmp_path, wrong):
        (tmp_path / "d.json").mkdir()
        if wrong == "x.json/":
            assert options(path=wrong).path == tmp_path / "x.json"
        else:
            assert refused(path=wrong).startswith("path: expected ")


class TestMode:
    @pytest.mark.parametrize("mode", ["replay", "record", "once", "new"])
    def test_each(self, monkeypatch, mode):
        assert options(mode=mode).mode is Mode(mode)
        assert options(mode=Mode(mode)).mode is Mode(mode)
        monkeypatch.setenv("MESA_RECORD", mode)
        assert options().mode is Mode(mode)

    def test_what_is_given_counts_more_than_the_environment(self, monkeypatch):
        monkeypatch.setenv("MESA_RECORD", "record")
        assert options(mode="replay").mode is Mode.REPLAY

    @pytest.mark.parametrize("value", [None, ""])
    def test_it_is_replay_unless_somebody_says_otherwise(self, monkeypatch, value):
        if value is not None:
            monkeypatch.setenv("MESA_RECORD", value)
        assert options().mode is Mode.REPLAY

    @pytest.mark.parametrize("wrong", ["", "all", "Record", "REPLAY", 1, True, ["new"], {}])
    def test_anything_else_is_an_error(self, monkeypatch, wrong):
        assert refused(mode=wrong).startswith("mode: unknown mode ")
        with pytest.raises(ConfigurationError, match=r"^--mesa-record: unknown mode"):
            mode_of("--mesa-record", wrong)
        if isinstance(wrong, str) and wrong:
            monkeypatch.setenv("MESA_RECORD", wrong)
            assert refused().startswith("MESA_RECORD: unknown mode ")

    def test_a_misspelt_one_is_told_kindly(self):
        assert "did you mean 'record'" in refused(mode="recrod")


class TestInner:
    def test_its_options_are_for_one_by_name(self):
        assert options(inner="requests", inner_options={"a": 1}).inner_options == {"a": 1}
        assert options(inner=object(), inner_options={}).inner_options == {}
        assert refused(inner=object(), inner_options={"a": 1}).startswith("inner_options: ")


class TestSettings:
    def test_how_requests_are_compared(self):
        assert options(match_on=["path"]).settings.matching == Matching(("path",))
        function = lambda asked, recorded: True  # noqa: E731
        assert options(match_on=function).settings.matching == Matcher(function)
        assert refused(match_on="path").startswith("match_on: ")

    def test_equal_options_make_equal_settings(self):
        given = {"match_on": ["path"], "redact": ["a", re.compile("b"), str.strip], "allow_repeats": True}
        assert options(**given).settings == options(**given).settings
        for name, other in {"match_on": ["query"], "redact": ["a"], "allow_repeats": False}.items():
            assert options(**given).settings != options(**{**given, name: other}).settings

    @pytest.mark.parametrize("wrong", [0, 1, None, "yes"])
    def test_allow_repeats_is_a_flag(self, wrong):
        assert refused(allow_repeats=wrong).startswith("allow_repeats: expected True or False, got ")

    @pytest.mark.parametrize("given", [(), [], ["a"], ("a", re.compile("b"), str.strip)])
    def test_what_can_be_redacted(self, given):
        assert options(redact=given).settings.redact == tuple(given)

    @pytest.mark.parametrize(
        ("wrong", "kind"),
        [
            ("secret", "str"),
            (None, "NoneType"),
            ({"a"}, "set"),
            (re.compile("a"), "Pattern"),
            ([""], "an empty text"),
            ([None], "NoneType"),
            ([7], "int"),
            ([b"a"], "bytes"),
            ([re.compile(b"a")], "Pattern"),
            (["a", ["b"]], "list"),
        ],
    )
    def test_anything_else_is_an_error_that_shows_no_secret(self, wrong, kind):
        message = refused(redact=wrong)
        assert message.startswith("redact: expected ")
        assert message.endswith(f"got {kind}")
