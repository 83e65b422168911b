"""`check`: what recorded requests, answers and errors hold that the contract does not say."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

REPO = {
    "id": "r1",
    "org": "acme",
    "name": "widget",
    "default_branch": "main",
    "head_sha": None,
    "size_bytes": 0,
    "created_at": "2026-01-01T00:00:00Z",
    "upstream": None,
}
UPSTREAM = {
    "uri": "https://github.com/acme/widget",
    "autosync": {"type": "poll", "period": 60, "resolution_strategy": "none"},
    "last_sync_attempt": None,
    "last_sync_success": None,
    "last_sync_error": None,
    "has_credential": True,
    "credential_host": "github.com",
}
ENTRY = {
    "type": "file",
    "name": "a",
    "path": "a",
    "sha": "s",
    "size": 1,
    "executable": False,
    "last_commit_at": None,
}
DIRECTORY = {
    "type": "dir",
    "name": "",
    "path": "",
    "sha": "s",
    "child_count": 1,
    "entries": [ENTRY],
    "next_cursor": None,
    "has_more": False,
}
BLAME = {
    "attributions": {
        "src/[id].py": [
            {"lineNumber": 1, "provider": "p", "model": None, "confidence": 0.5, "match_type": "exact"},
        ]
    },
    "stats": {"total_lines": 1, "ai_lines": 1, "human_lines": 0, "ai_percentage": 100},
}
DIFF = {
    "base": "a",
    "head": "b",
    "stats": {"files": 1, "additions": 1, "deletions": 0, "changes": 1},
    "files": [{"path": "a", "status": "A"}],
    "filtered_files": [],
}
KEY = {"id": "k", "key": "REDACTED_KEY_1", "name": None, "scopes": ["git:read"], "created_at": "2026-01-01T00:00:00Z"}
COMMIT = {
    "branch": "main",
    "message": "m",
    "author": {"name": "Bot", "email": "bot@example.com"},
    "files": [
        {"path": "a", "content": "x"},
        {"path": "b", "action": "delete"},
        {"path": "c", "lfs": {"oid": "0" * 64, "size": 3}},
    ],
}
CREATED = {"sha": "s", "branch": "main", "message": "m"}
ERROR = {"error": {"code": "NOT_FOUND", "message": "no such repository", "details": {"any": ["thing"]}}}

GET_REPO = ("GET", "/acme/widget", 200)
LIST = ("GET", "/acme/repos", 200)
CONTENT = ("GET", "/acme/widget/content?path=a", 200)


def changed(data: Any, *steps: str | int, to: Any = ...) -> Any:
    """Return a copy with one value set, or removed."""
    copy = deepcopy(data)
    *way, last = steps
    target = copy
    for step in way:
        target = target[step]
    if to is ...:
        del target[last]
    else:
        target[last] = to
    return copy


def page(*repos: Any) -> dict[str, Any]:
    return {"repos": list(repos), "next_cursor": None, "has_more": False}


@pytest.fixture
def found(
    run: Callable[..., Any], recording: Callable[..., Path], interaction: Callable[..., dict[str, Any]]
) -> Callable[..., list[str]]:
    """Return what `check` finds in a recording of one interaction, without the file and the interaction."""

    def found(*arguments: Any, **options: Any) -> list[str]:
        path = recording(interaction(*arguments, **options))
        ran = run("check", path)
        prefix = f"{path}: interactions[0] "
        *findings, summary = ran.out
        assert ran.err == []
        assert ran.status == bool(findings)
        number = {0: "no findings", 1: "1 finding"}.get(len(findings), f"{len(findings)} findings")
        assert summary == f"{number} in 1 recording with 1 interaction"
        assert all(each.startswith(prefix) for each in findings)
        return [each.removeprefix(prefix) for each in findings]

    return found


class TestAnswers:
    @pytest.mark.parametrize(
        ("asked", "got", "options"),
        [
            (GET_REPO, REPO, {}),
            (GET_REPO, {**REPO, "upstream": UPSTREAM}, {}),
            (("GET", "/acme/widget", 202), {**REPO, "status": "syncing"}, {}),
            (LIST, page(REPO, REPO), {}),
            (CONTENT, DIRECTORY, {}),
            (CONTENT, {"base64": "AAH/"}, {"accept": "application/octet-stream", "kind": "application/octet-stream"}),
            (CONTENT, {"base64": "AAH/"}, {"accept": "*/*", "kind": "application/octet-stream"}),
            (
                ("GET", "/acme/widget/diff?base=a&head=b", 200),
                {"text": "diff"},
                {"accept": "*/*", "kind": "text/plain"},
            ),
            (("GET", "/acme/widget/agentblame?base=a&head=b", 200), BLAME, {}),
            (("GET", "/acme/widget/diff?base=a&head=b", 200), DIFF, {}),
            (("DELETE", "/acme/widget/branches/feature/x", 200), {"success": True}, {}),
            (("DELETE", "/acme/widget/branches/feature%2Fx", 200), {"success": True}, {}),
            (("POST", "/acme/widget/sync", 200), {"success": True}, {}),
            (("GET", "/acme/missing", 404), ERROR, {}),
            (("GET", "/acme/widget", 502), {"text": "<h1>Bad gateway</h1>"}, {"kind": "text/html"}),
            (("GET", "/acme/widget", 429), None, {}),
        ],
    )
    def test_what_the_contract_says_is_no_finding(
        self, found: Callable[..., list[str]], asked: tuple[Any, ...], got: Any, options: dict[str, Any]
    ) -> None:
        assert found(*asked, got, **options) == []

    @pytest.mark.parametrize(
        ("asked", "got", "finding"),
        [
            (GET_REPO, changed(REPO, "default_branch"), "repos.get: $.default_branch: required, but missing"),
            (LIST, page(REPO, changed(REPO, "id")), "repos.list: $.repos[1].id: required, but missing"),
            (
                GET_REPO,
                changed(REPO, "size_bytes", to="9"),
                "repos.get: $.size_bytes: expected a whole number, got a string",
            ),
            (LIST, page("x"), "repos.list: $.repos[0]: expected an object, got a string"),
            (
                LIST,
                {"repos": 3, "next_cursor": None, "has_more": False},
                "repos.list: $.repos: expected an array, got a number",
            ),
            (GET_REPO, [], "repos.get: $: expected an object, got an array"),
            (
                ("GET", "/acme/widget/agentblame?base=a&head=b", 200),
                changed(BLAME, "attributions", "src/[id].py", 0, "lineNumber"),
                "agent_blame.get: $.attributions['src/[id].py'][0].lineNumber: required, but missing",
            ),
            (("GET", "/acme/widget", 202), REPO, "repos.get: $.status: required, but missing"),
        ],
    )
    def test_missing_fields_and_wrong_types_are_found(
        self, found: Callable[..., list[str]], asked: tuple[Any, ...], got: Any, finding: str
    ) -> None:
        assert found(*asked, got) == [finding]

    def test_every_fault_of_an_answer_is_found(self, found: Callable[..., list[str]]) -> None:
        assert len(found(*GET_REPO, {"nothing": "known"})) == len(REPO) + 1

    @pytest.mark.parametrize(
        ("asked", "got", "place"),
        [
            (GET_REPO, {**REPO, "stars": 1}, "repos.get: $.stars"),
            (LIST, page(REPO, {**REPO, "stars": None}), "repos.list: $.repos[1].stars"),
            (GET_REPO, {**REPO, "upstream": {**UPSTREAM, "branch": "x"}}, "repos.get: $.upstream.branch"),
            (
                GET_REPO,
                {**REPO, "upstream": changed(UPSTREAM, "autosync", "jitter", to=1)},
                "repos.get: $.upstream.autosync.jitter",
            ),
            (GET_REPO, {**REPO, "a b": 1}, "repos.get: $['a b']"),
            (("GET", "/acme/widget", 202), {**REPO, "status": "syncing", "x": 1}, "repos.get: $.x"),
            (CONTENT, changed(DIRECTORY, "entries", 0, "lfs", to={}), "content.get: $.entries[0].lfs"),
            (CONTENT, {**DIRECTORY, "etag": "x"}, "content.get: $.etag"),
            (
                ("GET", "/acme/widget/agentblame?base=a&head=b", 200),
                changed(BLAME, "attributions", "src/[id].py", 0, "line_number", to=1),
                "agent_blame.get: $.attributions['src/[id].py'][0].line_number",
            ),
            (("GET", "/acme/missing", 404), {**ERROR, "trace": "x"}, "repos.get: $.trace"),
            (("GET", "/acme/missing", 404), changed(ERROR, "error", "hint", to="x"), "repos.get: $.error.hint"),
        ],
    )
    def test_unknown_fields_are_found_wherever_they_are(
        self, found: Callable[..., list[str]], asked: tuple[Any, ...], got: Any, place: str
    ) -> None:
        assert found(*asked, got) == [f"{place}: unknown field"]

    @pytest.mark.parametrize(
        ("asked", "got", "start"),
        [
            (
                ("GET", "/acme/widget", 202),
                {**REPO, "status": "synching"},
                "repos.get: $.status: unknown value 'synching'; did you mean 'syncing'?",
            ),
            (
                ("GET", "/acme/widget/diff?base=a&head=b", 200),
                changed(DIFF, "files", 0, "status", to="X"),
                "diffs.get: $.files[0].status: unknown value 'X'. There are: A, C, D, M, R, T",
            ),
            (
                ("POST", "/acme/api-keys", 201),
                changed(KEY, "scopes", 0, to="git:all"),
                "admin.create_api_key: $.scopes[0]: unknown value 'git:all'",
            ),
        ],
    )
    def test_unknown_enum_values_are_found(
        self, found: Callable[..., list[str]], asked: tuple[Any, ...], got: Any, start: str
    ) -> None:
        sent = {"name": "ci"} if asked[0] == "POST" else None
        (finding,) = found(*asked, got, sent=sent)
        assert finding.startswith(start)

    @pytest.mark.parametrize(
        ("got", "place"),
        [
            (changed(DIRECTORY, "entries", 0, "type", to="submodule"), "$.entries[0].type"),
            (changed(DIRECTORY, "type", to="submodule"), "$.type"),
        ],
    )
    def test_an_unknown_type_is_found(self, found: Callable[..., list[str]], got: Any, place: str) -> None:
        (finding,) = found(*CONTENT, got)
        assert finding.startswith(f"content.get: {place}: unknown type 'submodule'. There are: dir, file, symlink")

    def test_an_answer_of_another_media_type_is_found(self, found: Callable[..., list[str]]) -> None:
        assert found(*GET_REPO, {"text": "<p>"}, kind="text/html") == [
            "repos.get: $: expected application/json, got 3 bytes of text/html"
        ]
        assert found(*CONTENT, {"text": "hi"}, accept="application/octet-stream", kind="text/plain") == [
            "content.read: $: expected application/octet-stream, got 2 bytes of text/plain"
        ]

    def test_json_that_is_kept_as_text_is_json(self, found: Callable[..., list[str]]) -> None:
        text = json.dumps({**REPO, "size_bytes": 5, "x": 1e5}).replace("100000.0", "1e5")
        assert "1e5" in text
        assert found(*GET_REPO, {"text": text}) == ["repos.get: $.x: unknown field"]
        assert found("GET", "/acme/missing", 404, {"text": json.dumps(ERROR)}) == []

    def test_an_answer_that_is_no_json_is_found(self, found: Callable[..., list[str]]) -> None:
        (finding,) = found(*GET_REPO, {"text": "{"})
        assert finding.startswith("repos.get: $: expected JSON: ")
        (finding,) = found(*GET_REPO)
        assert finding.startswith("repos.get: $: expected JSON: ")

    @pytest.mark.parametrize("status", [302, 304, 101])
    def test_a_status_that_is_neither_an_answer_nor_an_error_is_found(
        self, found: Callable[..., list[str]], status: int
    ) -> None:
        assert found("GET", "/acme/widget", status) == [
            f"repos.get: $: expected an answer or an error, got the status {status}"
        ]


class TestErrors:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 406, 409, 500])
    def test_an_error_of_the_contract_has_the_envelope(self, found: Callable[..., list[str]], status: int) -> None:
        assert found("GET", "/acme/widget", status, {"text": "no"}, kind="text/plain") == [
            "repos.get: $: expected an error as JSON, got 2 bytes of text/plain"
        ]
        assert found("GET", "/acme/widget", status) == ["repos.get: $: expected an error as JSON, got none"]

    @pytest.mark.parametrize(
        ("got", "finding"),
        [
            ({"error": {"code": "X"}}, "$.error.message: required, but missing"),
            ({"error": {"code": 7, "message": "m"}}, "$.error.code: expected a string, got a number"),
            (
                {"error": {"code": "X", "message": "m", "details": []}},
                "$.error.details: expected an object, got an array",
            ),
        ],
    )
    def test_an_envelope_is_held_against_the_contract(
        self, found: Callable[..., list[str]], got: Any, finding: str
    ) -> None:
        assert found("GET", "/acme/widget", 418, got) == [f"repos.get: {finding}"]


class TestRequests:
    @pytest.mark.parametrize(
        ("path", "sent", "got"),
        [
            ("/acme/repos", {"name": "r", "upstream": {"uri": "u", "token": "REDACTED_TOKEN_1"}}, REPO),
            ("/acme/widget/commits", COMMIT, CREATED),
            (
                "/acme/widget/branches",
                {"name": "b", "from": "main"},
                {"name": "b", "head_sha": "s", "is_default": False},
            ),
        ],
    )
    def test_what_the_contract_takes_is_no_finding(
        self, found: Callable[..., list[str]], path: str, sent: Any, got: Any
    ) -> None:
        assert found("POST", path, 201, got, sent=sent) == []

    @pytest.mark.parametrize(
        ("path", "sent", "got", "finding"),
        [
            ("/acme/repos", {}, REPO, "repos.create request: $.name: required, but missing"),
            ("/acme/repos", {"name": 3}, REPO, "repos.create request: $.name: expected a string, got a number"),
            ("/acme/repos", [], REPO, "repos.create request: $: expected a mapping, got an array"),
            (
                "/acme/widget/commits",
                changed(COMMIT, "files", 2, "lfs", "oid"),
                CREATED,
                "commits.create request: $.files[2].lfs.oid: required, but missing",
            ),
            (
                "/acme/widget/commits",
                changed(COMMIT, "author", "date", to="yesterday"),
                CREATED,
                "commits.create request: $.author.date: expected an RFC 3339 date-time, got 'yesterday'",
            ),
        ],
    )
    def test_missing_fields_and_wrong_types_are_found(
        self, found: Callable[..., list[str]], path: str, sent: Any, got: Any, finding: str
    ) -> None:
        assert found("POST", path, 201, got, sent=sent) == [finding]

    def test_an_unknown_field_is_found(self, found: Callable[..., list[str]]) -> None:
        (finding,) = found("POST", "/acme/repos", 201, REPO, sent={"name": "r", "nmae": "r"})
        assert finding.startswith("repos.create request: $: unknown key 'nmae'; did you mean 'name'?")

    @pytest.mark.parametrize(
        ("path", "sent", "got", "finding"),
        [
            (
                "/acme/widget/branches",
                {"name": "b", "head_sha": "main"},
                {"name": "b", "head_sha": "s", "is_default": False},
                "branches.create request: $.head_sha: unknown field",
            ),
            (
                "/acme/widget/commits",
                {**changed(COMMIT, "files"), "edits": COMMIT["files"]},
                CREATED,
                "commits.create request: $.edits: unknown field",
            ),
        ],
    )
    def test_our_own_spelling_is_found_since_it_never_travels(
        self, found: Callable[..., list[str]], path: str, sent: Any, got: Any, finding: str
    ) -> None:
        assert found("POST", path, 201, got, sent=sent) == [finding]

    def test_a_body_where_none_is_taken_and_none_where_one_is(self, found: Callable[..., list[str]]) -> None:
        assert found("POST", "/acme/widget/sync", 200, {"success": True}, sent={}) == [
            "repos.sync request: $: expected no body, got 2 bytes of application/json"
        ]
        assert found("POST", "/acme/repos", 201, REPO) == ["repos.create request: $: expected JSON, got none"]

    @pytest.mark.parametrize("path", ["/acme/widget/tags", "/acme/widget/branches/a/b", "/"])
    def test_a_request_that_no_operation_takes_is_found(self, found: Callable[..., list[str]], path: str) -> None:
        assert found("GET", path, 200, {}) == [f"no operation takes GET /api/v1{path}"]

    def test_a_large_file_at_a_signed_url_is_no_operation(self, found: Callable[..., list[str]]) -> None:
        url = "https://files.example/acme/widget/o?size=REDACTED_SIZE&signature=REDACTED_SIGNATURE_1"
        bits = {"base64": "AAH/"}
        assert found("PUT", "", 200, sent=bits, url=url) == []
        assert found("GET", "", 200, bits, url=url, kind="application/octet-stream") == []
        assert found("PUT", "", 200, sent=bits, url=url.partition("?")[0]) != []


class TestPlaceholders:
    def test_in_a_parameter_of_the_api_they_make_no_signed_url(self, found: Callable[..., list[str]]) -> None:
        assert found("GET", "/acme/repos?cursor=REDACTED_CURSOR_1", 200, {**page(), "next": 1}) == [
            "repos.list: $.next: unknown field"
        ]

    @pytest.mark.parametrize(
        ("asked", "got"),
        [
            (GET_REPO, {**REPO, "name": "REDACTED_1"}),
            (GET_REPO, {**REPO, "created_at": "REDACTED_1"}),
            (GET_REPO, {**REPO, "size_bytes": "REDACTED_1", "upstream": "REDACTED_2"}),
            (GET_REPO, {**REPO, "REDACTED_3": 1}),
            (LIST, page(REPO, "REDACTED_1")),
            (LIST, "REDACTED_1"),
            (("GET", "/acme/widget", 202), {**REPO, "status": "my REDACTED_STATUS_1"}),
            (CONTENT, changed(DIRECTORY, "entries", 0, "type", to="REDACTED_1")),
            (CONTENT, changed(DIRECTORY, "type", to="REDACTED_1")),
            (
                ("GET", "/acme/widget/agentblame?base=a&head=b", 200),
                changed(BLAME, "attributions", "src/[id].py", 0, "lineNumber", to="REDACTED_1"),
            ),
            (("GET", "/acme/missing", 404), {"error": "REDACTED_1"}),
        ],
    )
    def test_what_stands_for_a_secret_may_stand_for_anything(
        self, found: Callable[..., list[str]], asked: tuple[Any, ...], got: Any
    ) -> None:
        assert found(*asked, got) == []

    def test_in_a_request_too(self, found: Callable[..., list[str]]) -> None:
        sent = changed(COMMIT, "author", "date", to="REDACTED_DATE_1")
        assert found("POST", "/acme/widget/commits", 201, CREATED, sent=sent) == []
