"""Request bodies: both spellings go in, the wire's goes out, and a fault is named with its path."""

from __future__ import annotations

import copy
import json
from collections import OrderedDict, UserDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest

from mesa_core.bodies import encode
from mesa_core.models.admin import CreateApiKeyBody
from mesa_core.models.branches import CreateBranchBody
from mesa_core.models.commits import CreateCommitBody
from mesa_core.models.lfs import LfsBody
from mesa_core.models.merge import MergeBody
from mesa_core.models.repos import CreateRepoBody, UpdateRepoBody
from mesa_core.models.webhooks import CreateWebhookBody
from mesa_sdk import InvalidRequest, Mesa, Person, Scope, WebhookEvent

AUTHOR = {"name": "Ann", "email": "ann@example.com"}
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))


def wire(body: Any, kind: Any) -> Any:
    return json.loads(encode(body, kind))


def fault(body: Any, kind: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        encode(body, kind)
    return caught.value


def commit(**more: Any) -> dict[str, Any]:
    return {"branch": "main", "message": "m", "author": AUTHOR, **more}


class TestBothSpellings:
    @pytest.mark.parametrize("key", ["head_sha", "from"])
    def test_of_where_a_branch_starts(self, key: str) -> None:
        assert wire({"name": "b", key: "main"}, CreateBranchBody) == {"name": "b", "from": "main"}

    @pytest.mark.parametrize("key", ["edits", "files"])
    def test_of_a_commits_files(self, key: str) -> None:
        edit = {"path": "a", "content": "x"}
        assert wire(commit(**{key: [edit]}), CreateCommitBody) == commit(files=[edit])

    @pytest.mark.parametrize("action", ["create", "update", "upsert"])
    def test_of_writing_a_file(self, action: str) -> None:
        sent = wire(commit(edits=[{"path": "a", "content": "x", "action": action}]), CreateCommitBody)
        assert sent["files"] == [{"path": "a", "content": "x", "action": "upsert"}]

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ({"name": "b", "from": "m", "head_sha": "m"}, CreateBranchBody),
            (commit(edits=[], files=[]), CreateCommitBody),
        ],
    )
    def test_at_once_are_refused(self, body: Any, kind: Any) -> None:
        assert "are two spellings of one key; give one" in str(fault(body, kind))


class TestEdits:
    @pytest.mark.parametrize(
        "edit",
        [
            {"path": "a", "content": "x"},
            {"path": "a", "content": "aGk=", "encoding": "base64"},
            {"path": "a", "content": "x", "encoding": "utf-8", "action": "upsert"},
            {"path": "a", "action": "delete"},
            {"path": "a", "lfs": {"oid": "f" * 64, "size": 3}},
        ],
    )
    def test_travel_as_they_are(self, edit: dict[str, Any]) -> None:
        assert wire(commit(files=[edit]), CreateCommitBody)["files"] == [edit]

    @pytest.mark.parametrize(
        ("edit", "field", "message"),
        [
            ({"path": "a"}, "body.files[1].content", "required, but missing"),
            ({"path": "a", "content": b"x"}, "body.files[1].content", "expected a string, got bytes"),
            ({"path": "a", "contents": "x"}, "body.files[1].content", "did you mean 'content'"),
            ({"path": "a", "action": "delete", "content": "x"}, "body.files[1]", "unknown key 'content'"),
            ({"path": "a", "content": "x", "action": "remove"}, "body.files[1].action", "or 'delete', got 'remove'"),
            ({"path": "a", "content": "x", "encoding": "latin-1"}, "body.files[1].encoding", "'utf-8' or 'base64'"),
            ({"path": "a", "lfs": {"oid": "f", "size": "3"}}, "body.files[1].lfs.size", "expected a whole number"),
            ({"path": "a", "lfs": {"oid": "f", "size": True}}, "body.files[1].lfs.size", "got a boolean"),
            ("a", "body.files[1]", "expected a mapping, got a string"),
        ],
    )
    def test_that_are_wrong_are_named_with_their_index(self, edit: Any, field: str, message: str) -> None:
        error = fault(commit(files=[{"path": "b", "content": ""}, edit]), CreateCommitBody)
        assert error.field == field
        assert message in str(error)

    def test_come_in_a_list_or_a_tuple_and_not_in_a_str(self) -> None:
        edit = {"path": "a", "content": "x"}
        assert wire(commit(edits=(edit,)), CreateCommitBody) == wire(commit(edits=[edit]), CreateCommitBody)
        for edits in ("ab", {"path": "a"}, {edit["path"]}, iter([edit]), None):
            error = fault(commit(edits=edits), CreateCommitBody)
            assert error.field == "body.edits"
            assert "expected a list" in str(error)


class TestPersons:
    @pytest.mark.parametrize(
        ("author", "sent"),
        [
            (AUTHOR, AUTHOR),
            ({**AUTHOR, "date": MOMENT}, {**AUTHOR, "date": "2026-01-02T03:04:05+02:00"}),
            ({**AUTHOR, "date": "2026-01-02T03:04:05Z"}, {**AUTHOR, "date": "2026-01-02T03:04:05+00:00"}),
            (
                {**AUTHOR, "date": datetime(1900, 1, 1, tzinfo=timezone(timedelta(minutes=53, seconds=28)))},
                {**AUTHOR, "date": "1899-12-31T23:06:32+00:00"},  # RFC 3339 knows no seconds in an offset
            ),
            (Person(name="Ann", email="ann@example.com"), AUTHOR),
            (
                Person(name="Ann", email="ann@example.com", date=datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC)),
                {**AUTHOR, "date": "2026-01-02T03:04:05.000600+00:00"},
            ),
        ],
    )
    @pytest.mark.parametrize(
        ("kind", "body"),
        [(CreateCommitBody, {"branch": "b", "message": "m", "files": []}), (MergeBody, {"head": "h"})],
    )
    def test_come_as_a_dict_or_as_a_responses_model(self, author: Any, sent: Any, kind: Any, body: Any) -> None:
        assert wire({**body, "author": author}, kind)["author"] == sent

    @pytest.mark.parametrize(
        ("author", "field", "message"),
        [
            ({"name": "Ann"}, "body.author.email", "required, but missing"),
            ({**AUTHOR, "mail": "x"}, "body.author", "unknown key 'mail'; did you mean 'email'"),
            ({**AUTHOR, "date": datetime(2026, 1, 2)}, "body.author.date", "a datetime with a time zone"),  # noqa: DTZ001
            ({**AUTHOR, "date": "2026-01-02T03:04:05"}, "body.author.date", "a date-time with an offset"),
            ({**AUTHOR, "date": "now"}, "body.author.date", "an RFC 3339 date-time"),
            ({**AUTHOR, "date": 5}, "body.author.date", "expected a string, got a number"),
            ({**AUTHOR, "date": None}, "body.author.date", "expected a string, got null"),
            (Person(name="Ann", email="e", date=datetime(2026, 1, 2)), "body.author", "a datetime with a time zone"),  # noqa: DTZ001
            ("Ann <ann@example.com>", "body.author", "expected a mapping, got a string"),
            (None, "body.author", "expected a mapping, got null"),
            ({**AUTHOR, "date": True}, "body.author.date", "expected a string, got a boolean"),
        ],
    )
    def test_that_are_wrong_are_named(self, author: Any, field: str, message: str) -> None:
        error = fault(commit(author=author, files=[]), CreateCommitBody)
        assert error.field == field
        assert message in str(error)


UPSTREAM: dict[str, Any] = {
    "uri": "https://host/x.git",
    "token": None,
    "autosync": {"type": "poll", "period": 60, "resolution_strategy": "none"},
}


class TestUpstreams:
    def test_none_removes_one_and_leaving_it_out_keeps_it(self) -> None:
        assert wire({"upstream": None}, UpdateRepoBody) == {"upstream": None}
        assert wire({"name": "n"}, UpdateRepoBody) == {"name": "n"}
        assert wire({}, UpdateRepoBody) == {}

    def test_travel_whole(self) -> None:
        assert wire({"upstream": UPSTREAM}, UpdateRepoBody) == {"upstream": UPSTREAM}
        assert wire({"name": "n", "upstream": UPSTREAM}, CreateRepoBody)["upstream"] == UPSTREAM

    @pytest.mark.parametrize(
        ("upstream", "field"),
        [
            (5, "body.upstream"),
            ({}, "body.upstream.uri"),
            ({"uri": "u", "token": 5}, "body.upstream.token"),
            ({"uri": "u", "autosync": {"type": "push", "period": 60}}, "body.upstream.autosync.type"),
            ({"uri": "u", "autosync": {"type": "poll", "period": 0.5}}, "body.upstream.autosync.period"),
            ({"uri": "u", "autosync": None}, "body.upstream.autosync"),
        ],
    )
    def test_that_are_wrong_are_named(self, upstream: Any, field: str) -> None:
        assert fault({"name": "n", "upstream": upstream}, UpdateRepoBody).field == field

    def test_a_person_is_none(self) -> None:
        assert fault({"name": "n", "upstream": Person(name="Ann", email="a@example.com")}, CreateRepoBody).field == (
            "body.upstream"
        )

    def test_none_is_no_upstream_to_create_with(self) -> None:
        assert fault({"name": "n", "upstream": None}, CreateRepoBody).field == "body.upstream"


@pytest.mark.parametrize(
    ("body", "kind", "field", "message"),
    [
        ({}, CreateRepoBody, "body.name", "body.name: required, but missing"),
        ({"nam": "n"}, CreateRepoBody, "body.name", "unknown key 'nam'; did you mean 'name'?"),
        ({"name": None}, CreateRepoBody, "body.name", "body.name: expected a string, got null"),
        ({"name": "n", 5: 6}, CreateRepoBody, "body", "unknown key 5"),
        (None, CreateRepoBody, "body", "body: expected a mapping, got null"),
        ("n", CreateRepoBody, "body", "body: expected a mapping, got a string"),
        ([("name", "n")], CreateRepoBody, "body", "body: expected a mapping, got an array"),
        (5, CreateBranchBody, "body", "body: expected a mapping, got a number"),
        ({"name": "b"}, CreateBranchBody, "body.head_sha", "body.head_sha: required, but missing"),
        ({"name": "b", "fro": "x"}, CreateBranchBody, "body.head_sha", "unknown key 'fro'"),
        ({"objects": [{"oid": "f"}]}, LfsBody, "body.objects[0].size", "required, but missing"),
        ({"scopes": "admin"}, CreateApiKeyBody, "body.scopes", "expected a list, got a string"),
        ({"scopes": ["git:read", "git:rite"]}, CreateApiKeyBody, "body.scopes[1]", "or 'admin', got 'git:rite'"),
        ({"url": "u", "events": ["pull"]}, CreateWebhookBody, "body.events[0]", "expected 'push', got 'pull'"),
        ({"head": "h", "author": AUTHOR, "delete_branch": 1}, MergeBody, "body.delete_branch", "expected a boolean"),
        (
            {"head": "h", "author": AUTHOR, "delete_branch": "yes"},
            MergeBody,
            "body.delete_branch",
            "expected a boolean",
        ),
    ],
)
def test_a_fault_is_named_with_its_path(body: Any, kind: Any, field: str, message: str) -> None:
    error = fault(body, kind)
    assert error.field == field
    assert message in str(error)


def test_all_faults_are_told() -> None:
    text = str(fault({"branch": 5, "message": "m", "author": {}, "files": ["x"]}, CreateCommitBody))
    for field in ("body.branch", "body.author.name", "body.author.email", "body.files[0]"):
        assert f"{field}: " in text


@pytest.mark.parametrize("kind", [dict, OrderedDict, UserDict, MappingProxyType])
def test_any_mapping_is_a_body(kind: Any) -> None:
    assert wire(kind({"name": "n"}), CreateRepoBody) == {"name": "n"}


def test_the_callers_data_is_not_changed() -> None:
    body = commit(
        edits=[{"path": "a", "content": "x", "action": "create"}, {"path": "b", "action": "delete"}],
        author={**AUTHOR, "date": MOMENT},
    )
    before = copy.deepcopy(body)
    encode(body, CreateCommitBody)
    assert body == before


def test_a_whole_float_travels_as_an_integer() -> None:
    assert encode({"objects": [{"oid": "f", "size": 12.0}]}, LfsBody) == b'{"objects":[{"oid":"f","size":12}]}'


def test_scopes_of_a_response_may_be_given_back() -> None:
    sent = wire({"scopes": (Scope.ADMIN, Scope("git:read"))}, CreateApiKeyBody)
    assert sent == {"scopes": ["admin", "git:read"]}


@pytest.mark.parametrize("event", ["push", WebhookEvent.PUSH])
def test_an_event_is_named_or_a_member(event: str) -> None:
    assert wire({"url": "u", "events": [event]}, CreateWebhookBody) == {"url": "u", "events": ["push"]}


@pytest.mark.parametrize("event", ["pull", WebhookEvent("pull")])
def test_an_event_that_is_none_is_refused(event: str) -> None:
    error = fault({"url": "u", "events": [event]}, CreateWebhookBody)
    assert error.field == "body.events[0]"
    assert str(error).startswith("body.events[0]: expected 'push', got ")


def test_text_travels_as_utf8_and_compact() -> None:
    body = {"name": "grün ☃ 𝄞\n"}
    assert encode(body, CreateRepoBody) == '{"name":"grün ☃ 𝄞\\n"}'.encode()


def test_a_lone_surrogate_is_refused() -> None:
    error = fault({"name": "a\ud800"}, CreateRepoBody)
    assert str(error) == "body: a text holds the lone surrogate '\\ud800', which is no character"


def test_a_wrong_body_is_refused_before_anything_is_sent(client: Callable[..., Mesa]) -> None:
    mesa = client()
    body: Any = {"nmae": "n"}
    with pytest.raises(InvalidRequest, match="did you mean 'name'"):
        mesa.repos.create(org="o", body=body)
    assert mesa.transport.requests == []
