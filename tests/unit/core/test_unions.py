"""Unions by their `type`, the files and directories among them, and statuses with a model of their own."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from mesa_core import Response, ResponseValidationError
from mesa_core.converter import Json
from mesa_sdk import (
    Content,
    Directory,
    File,
    Mesa,
    Repo,
    Success,
    Symlink,
    SyncFailed,
    SyncingRepo,
    SyncOk,
    SyncRunning,
    SyncStatus,
    Unknown,
)

pytestmark = pytest.mark.usefixtures("json_reader")


def decode(kind: Any, data: object, status: int = 200) -> Any:
    return Json[Any](kind)(Response(status, {"Content-Type": "application/json"}, json.dumps(data).encode()))


def fault(kind: Any, data: object) -> ResponseValidationError:
    with pytest.raises(ResponseValidationError) as caught:
        decode(kind, data)
    return caught.value


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
