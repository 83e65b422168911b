"""API keys, scopes, and who is let in."""

from __future__ import annotations

import json

import pytest

from mesa_transports.local import LocalDepot


def test_a_key_is_shown_once_and_works_until_it_is_revoked(caller, as_key, clock, depot):
    made = caller.ok("POST", "/acme/api-keys", {"name": "CI", "scopes": ["git:read", "repo:read", "git:read"]})
    assert set(made) == {"id", "key", "name", "scopes", "created_at"}
    assert made["key"].startswith("mesa_")
    assert made["scopes"] == ["git:read", "repo:read"]
    listed = caller.ok("GET", "/acme/api-keys")["api_keys"]
    assert listed == [
        {
            "id": made["id"], "name": "CI", "scopes": made["scopes"], "created_at": made["created_at"],
            "last_used_at": None,
            "expires_at": None, "revoked_at": None,
        }
    ]  # fmt: skip
    key = as_key(made["key"])
    assert key.ok("GET", "/acme")["num_repos"] == 0
    assert caller.ok("GET", "/acme/api-keys")["api_keys"][0]["last_used_at"] == "2026-01-02T03:04:05.000Z"
    assert caller.ok("DELETE", f"/acme/api-keys/{made['id']}") == {"success": True}
    assert key.refused("GET", "/acme") == (401, "UNAUTHORIZED")
    clock.advance(hours=1)
    caller.ok("DELETE", f"/acme/api-keys/{made['id']}")
    assert caller.ok("GET", "/acme/api-keys")["api_keys"][0]["revoked_at"] == "2026-01-02T03:04:05.000Z"
    assert caller.refused("DELETE", f"/other/api-keys/{made['id']}") == (404, "NOT_FOUND")
    assert caller.refused("DELETE", "/acme/api-keys/nope") == (404, "NOT_FOUND")
    assert made["key"].encode() not in (depot.path / "depot.sqlite3").read_bytes()


def test_a_key_without_name_and_scopes(caller):
    made = caller.ok("POST", "/acme/api-keys")
    assert (made["name"], made["scopes"]) == (None, ["git:read", "git:write", "repo:read"])
    assert caller.ok("POST", "/acme/api-keys", {"scopes": []})["scopes"] == []


@pytest.mark.parametrize(
    "body", [{"name": ""}, {"name": None}, {"scopes": ["root"]}, {"scopes": "admin"}, {"scopes": [1]}]
)
def test_a_bad_key_is_refused(caller, body):
    assert caller.refused("POST", "/acme/api-keys", body) == (400, "BAD_REQUEST")


OPERATIONS = [
    ("GET", "/acme", "repo:read"),
    ("GET", "/acme/api-keys", "admin"),
    ("POST", "/acme/api-keys", "admin"),
    ("DELETE", "/acme/api-keys/x", "admin"),
    ("GET", "/acme/repos", "repo:read"),
    ("POST", "/acme/repos", "repo:create"),
    ("GET", "/acme/r", "repo:read"),
    ("PATCH", "/acme/r", "repo:create"),
    ("DELETE", "/acme/r", "repo:delete"),
    ("GET", "/acme/r/sync", "repo:read"),
    ("POST", "/acme/r/sync", "git:write"),
    ("GET", "/acme/r/branches", "git:read"),
    ("POST", "/acme/r/branches", "git:write"),
    ("DELETE", "/acme/r/branches/b", "git:write"),
    ("GET", "/acme/r/commits", "git:read"),
    ("POST", "/acme/r/commits", "git:write"),
    ("GET", "/acme/r/commits/x", "git:read"),
    ("GET", "/acme/r/content", "git:read"),
    ("GET", "/acme/r/diff", "git:read"),
    ("POST", "/acme/r/merge/main", "git:write"),
    ("POST", "/acme/r/lfs/objects", "git:write"),
    ("POST", "/acme/r/lfs/objects/download", "git:read"),
    ("GET", "/acme/r/webhooks", "webhook:read"),
    ("POST", "/acme/r/webhooks", "webhook:write"),
    ("DELETE", "/acme/r/webhooks/x", "webhook:write"),
    ("GET", "/acme/r/agentblame", "git:read"),
    ("GET", "/acme/r/analytics", "git:read"),
    ("POST", "/acme/r/analytics/refresh", "git:write"),
]
SCOPES = ["git:read", "git:write", "repo:read", "repo:create", "repo:delete", "webhook:read", "webhook:write", "admin"]


def test_all_operations_are_here():
    assert len(OPERATIONS) == 28


@pytest.mark.parametrize(("method", "path", "scope"), OPERATIONS)
def test_each_operation_needs_its_scope(caller, as_key, method, path, scope):
    others = [each for each in SCOPES if each not in {scope, "admin"}]
    lacking = as_key(caller.ok("POST", "/acme/api-keys", {"scopes": others})["key"])
    assert lacking.refused(method, path) == (403, "FORBIDDEN")
    for scopes in ([scope], ["admin"]):
        having = as_key(caller.ok("POST", "/acme/api-keys", {"scopes": scopes})["key"])
        assert having(method, path)[0] in {200, 201, 400, 404}
        assert having.refused(method, path.replace("acme", "other")) == (403, "FORBIDDEN")
    nobody = as_key(None)
    assert nobody.refused(method, path) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "token x", "\u00ff"])
def test_a_bad_authorization_is_refused(caller, header):
    response = caller.send("GET", "/acme", Authorization=header)
    assert response.status_code == 401
    assert json.loads(response.content)["error"]["code"] == "UNAUTHORIZED"
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_closed_depot_knows_its_root_key_only(tmp_path, as_key):
    with LocalDepot(tmp_path / "data", root_key="root") as depot:
        assert depot.root_key == "root"
        root = as_key("root", depot)
        assert as_key("other", depot).refused("GET", "/acme") == (401, "UNAUTHORIZED")
        root.ok("POST", "/acme/repos", {"name": "r"})
        made = root.ok("POST", "/acme/api-keys", {"scopes": ["repo:read"]})["key"]
        assert as_key(made, depot).ok("GET", "/acme")["num_repos"] == 1
    with LocalDepot(tmp_path / "data") as again:
        assert again.root_key.startswith("mesa_")
        assert as_key("root", again).refused("GET", "/acme") == (401, "UNAUTHORIZED")
        assert as_key(made, again).ok("GET", "/acme/r")["name"] == "r"
        assert as_key(again.root_key, again).ok("GET", "/acme/api-keys")["api_keys"][0]["last_used_at"]
