"""Decoding is strict about what came, and open about what is new."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

import attrs
import pytest
from attrs import frozen

from mesa_core import NotAcceptable, Response, ResponseValidationError
from mesa_core.converter import BYTES, TEXT, Json
from mesa_core.models.common import Wire
from mesa_sdk import (
    Content,
    Directory,
    File,
    FileStatus,
    Mesa,
    OpenEnum,
    Repo,
    Scope,
    Success,
    Symlink,
    SyncFailed,
    SyncingRepo,
    SyncOk,
    SyncRunning,
    SyncStatus,
    Unknown,
)


class Colour(OpenEnum):
    RED = "red"


@frozen(kw_only=True)
class Part:
    total: Annotated[int, Wire("totalLines")]


@frozen(kw_only=True)
class Model:
    text: str
    flag: bool = True
    count: int = 0
    ratio: float = 0.0
    at: datetime | None = None
    kind: Literal["a", 1] = "a"
    colour: Colour = Colour.RED
    texts: tuple[str, ...] = ()
    by_name: Mapping[str, int] = attrs.field(factory=dict)
    part: Part | None = None
    parts: tuple[Part, ...] = ()
    deep: Mapping[str, tuple[Part, ...]] = attrs.field(factory=dict)


def decode(kind: Any, data: object, status: int = 200) -> Any:
    if kind is Model and isinstance(data, dict):
        data = {"text": "x", **data}
    return Json[Any](kind)(Response(status, {"Content-Type": "application/json"}, json.dumps(data).encode()))


def fault(kind: Any, data: object) -> ResponseValidationError:
    with pytest.raises(ResponseValidationError) as caught:
        decode(kind, data)
    return caught.value


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("text", None, "expected a string, got null"),
        ("text", 1, "expected a string, got a number"),
        ("text", True, "expected a string, got a boolean"),
        ("text", ["x"], "expected a string, got an array"),
        ("text", {}, "expected a string, got an object"),
        ("flag", None, "expected a boolean, got null"),
        ("flag", "false", "expected a boolean, got a string"),
        ("flag", 1, "expected a boolean, got a number"),
        ("count", True, "expected a whole number, got a boolean"),
        ("count", "1", "expected a whole number, got a string"),
        ("count", 1.5, "expected a whole number, got 1.5"),
        ("count", None, "expected a whole number, got null"),
        ("ratio", "1", "expected a number, got a string"),
        ("ratio", True, "expected a number, got a boolean"),
        ("at", 1_700_000_000, "expected a string, got a number"),
        ("at", "yesterday", "expected an RFC 3339 date-time, got 'yesterday'"),
        ("at", "2026-01-02T03:04:05", "expected a date-time with an offset, got '2026-01-02T03:04:05'"),
        ("at", "2026-01-02", "expected a date-time with an offset, got '2026-01-02'"),
        ("kind", "b", "expected 'a' or 1, got 'b'"),
        ("kind", True, "expected 'a' or 1, got a boolean"),
        ("colour", None, "expected a string, got null"),
        ("colour", 5, "expected a string, got a number"),
        ("texts", "abc", "expected an array, got a string"),
        ("texts", {"a": 1}, "expected an array, got an object"),
        ("texts", None, "expected an array, got null"),
        ("by_name", [], "expected an object, got an array"),
        ("by_name", "abc", "expected an object, got a string"),
        ("part", [], "expected an object, got an array"),
        ("part", "x", "expected an object, got a string"),
    ],
)
def test_a_value_is_taken_only_as_it_is(field: str, value: object, expected: str) -> None:
    error = fault(Model, {field: value})
    assert (error.path, error.message) == (f"$.{field}", f"$.{field}: {expected}")


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("count", 12.0, 12),
        ("count", 10**20, 10**20),
        ("ratio", 1, 1.0),
        ("at", "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("at", "2026-01-02T03:04:05.5+02:00", datetime(2026, 1, 2, 1, 4, 5, 500_000, tzinfo=UTC)),
        ("at", None, None),
        ("kind", 1, 1),
        ("texts", ["a", ""], ("a", "")),
        ("by_name", {"a": 1}, {"a": 1}),
        ("part", {"totalLines": 3}, Part(total=3)),
        ("deep", {"x": [{"totalLines": 3}]}, {"x": (Part(total=3),)}),
    ],
)
def test_a_value_of_its_type_is_read(field: str, value: object, read: object) -> None:
    got = getattr(decode(Model, {field: value}), field)
    assert got == read
    assert type(got) is type(read)


def test_the_offset_of_an_instant_is_kept() -> None:
    moment = decode(Model, {"at": "2026-01-02T03:04:05+02:00"}).at
    assert moment.utcoffset() == timedelta(hours=2)
    assert moment.tzinfo == timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"part": {}}, "$.part.totalLines"),
        ({"part": {"total": 1}}, "$.part.totalLines"),
        ({"parts": [{"totalLines": 1}, {}]}, "$.parts[1].totalLines"),
        ({"parts": [{"totalLines": 1}, "x"]}, "$.parts[1]"),
        ({"texts": ["a", None]}, "$.texts[1]"),
        ({"by_name": {"a": "x"}}, "$.by_name['a']"),
        ({"deep": {"src/a.py": [{}]}}, "$.deep['src/a.py'][0].totalLines"),
        ([], "$"),
        (None, "$"),
        ("x", "$"),
    ],
)
def test_a_fault_has_the_json_path_in_the_wires_names(data: object, path: str) -> None:
    error = fault(Model, data)
    assert error.path == path
    assert str(error).startswith(f"{path}: ")


def test_several_faults_are_told_together_up_to_five() -> None:
    error = fault(Model, {"text": 1, "flag": 1, "count": "x", "ratio": "x", "texts": 1, "kind": 2, "by_name": 1})
    assert error.path == "$.text"
    assert str(error).count(";") == 4


def test_unknown_fields_are_ignored() -> None:
    assert decode(Model, {"text": "t", "newer": {"deep": [1]}}) == Model(text="t")


class TestOpenEnums:
    def test_known_values_are_members(self) -> None:
        assert decode(Model, {"colour": "red"}).colour is Colour.RED

    def test_unknown_values_are_kept_as_strings(self) -> None:
        colour = decode(Model, {"colour": "mauve"}).colour
        assert colour == "mauve" == Colour("mauve")
        assert isinstance(colour, Colour)
        assert f"{colour} {colour.value} {colour.name}" == "mauve mauve mauve"
        assert {colour: 1}["mauve"] == 1
        assert json.dumps(colour) == '"mauve"'
        assert "mauve" not in [each.value for each in Colour]
        assert pickle.loads(pickle.dumps(Scope("new:scope"))) == "new:scope"
        assert pickle.loads(pickle.dumps(FileStatus.ADDED)) is FileStatus.ADDED

    def test_what_is_no_str_is_no_value(self) -> None:
        with pytest.raises(ValueError, match="5 is not a valid Colour"):
            Colour(5)


BLOB = {
    "name": "a",
    "path": "a",
    "sha": "s",
    "size": 2,
    "encoding": "base64",
    "content": "aGk=",
    "executable": False,
    "last_commit_at": None,
}
DIR = {"type": "dir", "name": "", "path": "", "sha": "s", "child_count": 0, "next_cursor": None, "has_more": False}
SYNC = {"last_sync_attempt": None, "last_sync_success": None}


class TestUnions:
    @pytest.mark.parametrize(
        ("state", "kind"),
        [
            ({"type": "ok"}, SyncOk),
            ({"type": "syncing", "since": 5}, SyncRunning),
            ({"type": "error", "message": "m"}, SyncFailed),
        ],
    )
    def test_the_type_chooses_the_arm(self, state: dict[str, Any], kind: type[Any]) -> None:
        assert type(decode(SyncStatus, {**SYNC, "status": state}).status) is kind

    def test_an_unknown_type_is_kept_with_its_raw_data(self) -> None:
        state = {"type": "paused", "until": "tomorrow"}
        assert decode(SyncStatus, {**SYNC, "status": state}).status == Unknown(type="paused", raw=state)
        entries = [{"type": "submodule", "name": "m"}, {"type": "dir", "name": "d", "path": "d", "sha": "s"}]
        directory = decode(Content, {**DIR, "entries": entries})
        assert isinstance(directory, Directory)
        assert directory.entries[0] == Unknown(type="submodule", raw=entries[0])
        assert directory.entries[1].name == "d"
        assert decode(Content, {"type": "hologram"}) == Unknown(type="hologram", raw={"type": "hologram"})

    @pytest.mark.parametrize(
        ("state", "path", "what"),
        [
            ({}, "$.status.type", "required, but missing"),
            ({"type": None}, "$.status.type", "expected a string, got null"),
            ({"type": 5}, "$.status.type", "expected a string, got a number"),
            ({"type": ["ok"]}, "$.status.type", "expected a string, got an array"),
            ({"type": "error"}, "$.status.message", "required, but missing"),
            ("ok", "$.status", "expected an object, got a string"),
            (None, "$.status", "expected an object, got null"),
            ([], "$.status", "expected an object, got an array"),
        ],
    )
    def test_a_missing_or_wrong_type_is_an_error_with_its_path(self, state: object, path: str, what: str) -> None:
        assert str(fault(SyncStatus, {**SYNC, "status": state})) == f"{path}: {what}"

    def test_a_missing_type_of_an_entry_has_its_index(self) -> None:
        entries = [{"type": "dir", "name": "d", "path": "d", "sha": "s"}, {"name": "x"}]
        assert fault(Content, {**DIR, "entries": entries}).path == "$.entries[1].type"
        assert fault(Content, {}).path == "$.type"


class TestContent:
    def test_a_file_gives_its_bytes_and_its_text(self) -> None:
        file = decode(Content, {**BLOB, "type": "file"})
        assert isinstance(file, File)
        assert (file.content, file.data, file.text) == ("aGk=", b"hi", "hi")

    def test_a_symlink_gives_its_target_whatever_its_bytes(self) -> None:
        link = decode(Content, {**BLOB, "type": "symlink", "content": "L/8="})
        assert isinstance(link, Symlink)
        assert link.target.encode("utf-8", "surrogateescape") == b"/\xff"

    def test_bytes_that_are_no_text_or_no_base64_are_told(self) -> None:
        with pytest.raises(UnicodeDecodeError):
            _ = decode(Content, {**BLOB, "type": "file", "content": "/w=="}).text
        with pytest.raises(ValueError, match="base64"):
            _ = decode(Content, {**BLOB, "type": "file", "content": "a$b="}).data

    def test_a_long_content_is_not_shown_whole(self) -> None:
        assert "content='aGk='" in repr(decode(Content, {**BLOB, "type": "file"}))
        shown = repr(decode(Content, {**BLOB, "type": "file", "content": "aGk=" * 100}))
        assert "content=<400 characters of base64>" in shown


def test_a_status_may_have_a_model_of_its_own(client: Callable[..., Mesa], answer: Any, repo: dict[str, Any]) -> None:
    ready = client(answer(repo)).repos.get(org="o", repo="n")
    syncing = client(answer({**repo, "status": "syncing"}, 202)).repos.get(org="o", repo="n")
    assert type(ready) is Repo
    assert isinstance(syncing, SyncingRepo)
    assert syncing.status == "syncing"
    with pytest.raises(ResponseValidationError, match=r"\$\.status: required, but missing"):
        client(answer(repo, 202)).repos.get(org="o", repo="n")


def test_models_are_frozen_and_slotted(repo: dict[str, Any]) -> None:
    model = decode(Repo, repo)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        model.name = "other"
    assert not hasattr(model, "__dict__")
    assert pickle.loads(pickle.dumps(model)) == model


def test_a_success_is_true_or_an_error() -> None:
    assert decode(Success, {"success": True}).success is True
    for value in (False, 1, "true"):
        assert fault(Success, {"success": value}).path == "$.success"


class TestBodies:
    @pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/ld+json", ""])
    def test_json_comes_as_json_or_without_a_content_type(self, kind: str) -> None:
        assert Json[Any](Model)(Response(200, {"Content-Type": kind}, b'{"text": "x"}')) == Model(text="x")
        assert Json[Any](Model)(Response(200, {}, b'\xef\xbb\xbf{"text": "x"}')) == Model(text="x")

    @pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/octet-stream"])
    def test_another_content_type_is_named(self, kind: str) -> None:
        response = Response(200, {"Content-Type": kind}, b"<html>")
        with pytest.raises(
            ResponseValidationError, match=f"expected application/json, got 6 bytes of {kind}"
        ) as caught:
            Json[Any](Model)(response)
        error = caught.value
        assert (error.path, error.status_code, error.content) == ("$", 200, b"<html>")

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b'{"text": "x',
            b"nothing",
            b"{'a': 1}",
            b'{"a": "\xff"}',
            b"[" * 200_000,
            b'{"count": 1' + b"0" * 5000,
        ],
    )
    def test_what_is_no_json_is_told(self, content: bytes) -> None:
        with pytest.raises(ResponseValidationError, match=r"\$: expected JSON: ") as caught:
            Json[Any](Model)(Response(200, {"Content-Type": "application/json"}, content))
        assert caught.value.__cause__ is not None

    def test_bytes_are_bytes(self, client: Callable[..., Mesa]) -> None:
        content = bytes(range(256))
        mesa = client(Response(200, {"Content-Type": "application/octet-stream"}, content))
        assert mesa.content.read(org="o", repo="r", path="a") == content
        assert mesa.transport.requests[0].headers["Accept"] == BYTES.accept == "application/octet-stream"
        assert BYTES(Response(200, {}, content)) == content

    def test_text_keeps_bytes_that_are_no_utf8(self, client: Callable[..., Mesa]) -> None:
        content = "+grün\n-".encode() + b"\xff\n"
        mesa = client(Response(200, {"Content-Type": "text/plain; charset=utf-8"}, content))
        patch = mesa.diffs.patch(org="o", repo="r", base="a", head="b")
        assert patch.startswith("+grün\n")
        assert patch.encode("utf-8", "surrogateescape") == content
        assert mesa.transport.requests[0].headers["Accept"] == TEXT.accept == "text/plain"

    @pytest.mark.parametrize(("read", "accept"), [(BYTES, "application/octet-stream"), (TEXT, "text/plain")])
    def test_bytes_and_text_of_another_content_type_are_refused(self, read: Any, accept: str) -> None:
        with pytest.raises(ResponseValidationError, match=f"expected {accept}, got 2 bytes of application/json"):
            read(Response(200, {"Content-Type": "application/json"}, b"{}"))

    def test_a_directory_has_no_bytes(self, client: Callable[..., Mesa], refusal: Any) -> None:
        with pytest.raises(NotAcceptable):
            client(refusal(406, "NOT_ACCEPTABLE")).content.read(org="o", repo="r", path="src")


def test_an_error_of_decoding_knows_its_call(client: Callable[..., Mesa], answer: Any) -> None:
    with pytest.raises(ResponseValidationError) as caught:
        client(answer({"num_repos": 1}, 200)).org.get(org="o")
    error = caught.value
    assert (error.path, error.operation, error.status_code) == ("$.created_at", "org.get", 200)
    assert len(error.attempts) == 1
    assert json.loads(error.content) == {"num_repos": 1}
