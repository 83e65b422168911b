"""Bad input of every kind: refused with the right status, in the envelope, and never a 500."""

from __future__ import annotations

import json

import pytest

from mesa_transports.local import LocalDepot

PERSON = {"name": "Bot", "email": "bot@example.com"}
COMMIT = {"branch": "main", "message": "m", "author": PERSON, "files": []}


@pytest.mark.parametrize(
    "content",
    [
        b"{", b"null", b"[]", b"1", b'"x"', b"true", b"\xff", b'{"name": NaN}', b'{"name": "\\ud800"}', b"[" * 100_000,
        b'{"name": ' + b"9" * 5000 + b"}", b"\xef\xbb\xbf{}", b'{"name": "a\\u0000"}', b'{"name": 1e999}',
    ],
)  # fmt: skip
def test_a_bad_body(caller, content):
    response = caller.send("POST", "/acme/repos", content, Content_Type="application/json")
    assert response.status_code == 400
    assert json.loads(response.content)["error"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"]
)
def test_a_wrong_content_type(caller, content_type):
    assert caller.refused("POST", "/acme/repos", {"name": "r"}, Content_Type=content_type) == (400, "BAD_REQUEST")


def test_content_types_that_are_json(caller):
    caller.ok("POST", "/acme/repos", {"name": "a"}, Content_Type="application/json; charset=utf-8")
    caller.ok("POST", "/acme/repos", {"name": "b"}, Content_Type="application/vnd.x+json")
    assert caller.send("POST", "/acme/repos", b'{"name": "c"}').status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/acme/repos", {}),
        ("/acme/repos", {"name": None}),
        ("/acme/repos", {"name": True}),
        ("/acme/repos", {"name": ""}),
        ("/acme/repos", {"name": "n", "default_branch": "a..b"}),
        ("/acme/repos", {"name": "n", "default_branch": ""}),
        ("/acme/r/branches", {"name": "n"}),
        ("/acme/r/branches", {"name": "n", "from": ""}),
        ("/acme/r/branches", {"name": "n", "from": 1}),
        ("/acme/r/commits", COMMIT | {"files": None}),
        ("/acme/r/commits", COMMIT | {"files": {}}),
        ("/acme/r/commits", COMMIT | {"files": ["x"]}),
        ("/acme/r/commits", COMMIT | {"files": [{}]}),
        ("/acme/r/commits", COMMIT | {"files": [{"path": "a"}]}),
        ("/acme/r/commits", COMMIT | {"files": [{"path": "a", "content": None}]}),
        ("/acme/r/commits", COMMIT | {"files": [{"path": "a", "content": "\ud800"}]}),
        ("/acme/r/commits", COMMIT | {"files": [{"path": "a", "content": "!", "encoding": "base64"}]}),
        ("/acme/r/commits", COMMIT | {"files": [{"path": "a", "content": "é", "encoding": "base64"}]}),
        ("/acme/r/commits", COMMIT | {"files": [{"path": "a", "content": "x", "encoding": "latin-1"}]}),
        ("/acme/r/commits", COMMIT | {"files": [{"path": "a", "content": "x", "action": "create"}]}),
        ("/acme/r/commits", COMMIT | {"files": [{"path": "a", "content": "x", "action": "delete"}]}),
        ("/acme/r/commits", COMMIT | {"files": [{"path": "a", "content": "x", "lfs": {"oid": "0" * 64, "size": 1}}]}),
        ("/acme/r/commits", COMMIT | {"files": [{"path": "a", "lfs": {"oid": "0", "size": 1}}]}),
        ("/acme/r/commits", COMMIT | {"files": [{"path": "a", "lfs": None}]}),
        ("/acme/r/commits", COMMIT | {"branch": "a..b"}),
        ("/acme/r/commits", COMMIT | {"message": ""}),
        ("/acme/r/commits", COMMIT | {"message": "a\0b"}),
        ("/acme/r/commits", COMMIT | {"base_sha": None}),
        ("/acme/r/commits", COMMIT | {"author": None}),
        ("/acme/r/commits", COMMIT | {"author": {}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"name": " . "}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"name": "a\nb"}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"name": "a <b>"}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"name": "x" * 201}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"email": "nobody"}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"email": "a@b\n"}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"date": "yesterday"}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"date": "2020-01-01"}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"date": "2020-01-01T00:00:00"}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"date": "2020-13-01T00:00:00Z"}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"date": "1969-01-01T00:00:00Z"}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"date": "0001-01-01T00:00:00+14:00"}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"date": "2020-01-01T00:00:00+99:00"}}),
        ("/acme/r/commits", COMMIT | {"author": PERSON | {"date": 1}}),
        ("/acme/r/merge/main", {"author": PERSON}),
        ("/acme/r/merge/main", {"head": "x"}),
        ("/acme/r/merge/main", {"head": "a b", "author": PERSON}),
        ("/acme/r/merge/main", {"head": "x", "author": PERSON, "message": 1}),
        ("/acme/r/merge/main", {"head": "x", "author": PERSON, "delete_branch": 1}),
        ("/acme/r/merge/main", {"head": "x", "author": PERSON, "delete_branch": None}),
    ],
)
def test_a_bad_field(caller, repo, path, body):
    caller.commit({"a": "1"})
    assert caller.refused("POST", path, body) == (400, "BAD_REQUEST")


def test_the_message_names_the_field_what_came_and_what_was_expected(caller, repo):
    body = COMMIT | {"files": [{"path": "a", "content": "x"}, {"path": "b", "content": 7}]}
    _, answer = caller("POST", f"{repo}/commits", body)
    assert answer["error"]["message"] == "files[1].content: expected a string, got an integer"


@pytest.mark.parametrize(
    "query",
    [
        "limit=abc", "limit=0", "limit=101", "limit=-1", "limit=", "limit=1.5", "limit=1e1", "limit=" + "9" * 5000,
        "limit=%D9%A3", "limit=1&limit=2", "cursor=x", "cursor=", "cursor=" + "A" * 9000, "cursor=bnVsbA", "cursor=W10",
        "cursor=WyJyZXBvcyIsdHJ1ZV0", "cursor=%FF", "limit=10&" + "&".join(f"x{n}=1" for n in range(200)),
        "cursor=WyJyZXBvcyIsMTAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwXQ", "cursor=WyJjb21taXRzIiwiMDAwMCIsMV0",
    ],
)  # fmt: skip
def test_a_bad_query(caller, repo, query):
    for path in ("/acme/repos", f"{repo}/branches", f"{repo}/commits"):
        assert caller.refused("GET", f"{path}?{query}") == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404), ("GET", "", 404), ("GET", "//", 404), ("GET", "/acme/", 404), ("GET", "/acme/r/nope", 404),
        ("GET", "/acme/r/branches/x", 405), ("PUT", "/acme", 405), ("OPTIONS", "/acme", 405), ("BREW", "/acme", 405),
        ("POST", "/acme/r/content", 405), ("GET", "/acme/..", 404), ("GET", "/acme/nope", 404), ("GET", "/a%00/r", 404),
        ("GET", "/acme/a%2Fbranches", 404), ("GET", "/acme%2Fr", 404), ("GET", "/acme/r%2F..%2Fx", 404),
        ("GET", "/%FF", 400), ("GET", "/acme/%FF", 400), ("GET", "/acme/r/commits/%00", 400),
        ("DELETE", "/acme/r/branches/%FF", 400), ("DELETE", "/acme/r/branches/a%00", 400), ("PATCH",
        "/acme/repos", 405),
        ("DELETE", "/acme/api-keys", 405), ("GET", "/acme/repos/content", 404), ("DELETE",
        "/acme/r/webhooks/%00", 404), ("GET", "/acme/r/commits/" + "f" * 9999, 400),
    ],
)  # fmt: skip
def test_a_bad_path(caller, repo, method, path, status):
    assert caller(method, path)[0] == status


@pytest.mark.parametrize(
    ("method", "url", "headers"),
    [
        ("GET", "/\ud800", {}),
        ("GET", "/acme/r/branches/\udfff", {}),
        ("GET", "/acme/repos?cursor=\ud800", {}),
        ("GET", "/acme?q=\ud800", {}),
        ("\ud800", "/acme", {}),
        ("GET", "/acme", {"X-Any": "\ud800"}),
        ("GET", "/acme", {"X-\ud800": "any"}),
    ],
)
def test_a_lone_surrogate(caller, repo, method, url, headers):
    assert caller.refused(method, caller.base + url, **headers) == (400, "BAD_REQUEST")


def test_an_encoded_static_segment_is_the_same_segment(caller, repo):
    assert caller.send("GET", "/acme/rep%6Fs").content == caller.send("GET", "/acme/repos").content


def test_a_wrong_method_names_the_right_ones(caller):
    assert caller.send("PUT", "/acme/repos").headers["Allow"] == "GET, HEAD, POST"
    assert caller.send("PUT", "/acme/r/lfs/objects/download").headers["Allow"] == "POST"


def test_a_body_too_large(as_key):
    with LocalDepot(max_body_bytes=100) as depot:
        caller = as_key("x", depot)
        assert caller.refused("POST", "/acme/repos", {"name": "r" * 200}) == (413, "PAYLOAD_TOO_LARGE")
        caller.ok("POST", "/acme/repos", {"name": "r"})


def test_an_unforeseen_failure_is_a_500_without_details(depot, monkeypatch, caplog):
    from mesa_core.http import Request

    def broken(self, name):
        raise RuntimeError("sekret detail")

    monkeypatch.setattr(type(depot._services.repositories), "count", broken)
    response = depot.handle(Request("GET", "http://x/api/v1/acme", {"Authorization": "Bearer x"}))
    assert response.status_code == 500
    assert json.loads(response.content)["error"]["code"] == "INTERNAL_SERVER_ERROR"
    assert b"sekret" not in response.content
    assert "sekret detail" in caplog.text


def test_a_fault_of_git_is_a_500_unless_the_repository_went(caller, repo, depot, monkeypatch):
    from mesa_transports.local.handlers import branches

    def broken(*arguments):
        raise OSError("disk")

    def deleted(*arguments):
        depot._services.store.change("DELETE FROM repositories")
        raise OSError("gone")

    monkeypatch.setattr(branches.refs, "branches_after", broken)
    assert caller.send("GET", f"{repo}/branches").status_code == 500
    monkeypatch.setattr(branches.refs, "branches_after", deleted)
    assert caller.refused("GET", f"{repo}/branches") == (404, "NOT_FOUND")
