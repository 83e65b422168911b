"""Large files, webhooks and AI attribution."""

from __future__ import annotations

import hashlib
import json

import pytest

DATA = b"large\0file" * 1000
OID = hashlib.sha256(DATA).hexdigest()


def item(caller, path, oid=OID, size=10_000):
    (answer,) = caller.ok("POST", path, {"objects": [{"oid": oid, "size": size}]})["objects"]
    return answer


def test_large_files_go_up_and_come_down(caller, repo, as_key, depot):
    nobody = as_key(None)
    missing = item(caller, f"{repo}/lfs/objects/download")
    assert missing == {
        "oid": OID, "size": len(DATA), "exists": False, "error": {"code": "NOT_FOUND", "message": "Object not found"},
    }  # fmt: skip
    asked = item(caller, f"{repo}/lfs/objects")
    assert set(asked) == {"oid", "size", "exists", "upload_url", "expires_in"}
    assert nobody.send("PUT", asked["upload_url"], DATA).status_code == 200
    assert item(caller, f"{repo}/lfs/objects") == {"oid": OID, "size": len(DATA), "exists": True}
    found = item(caller, f"{repo}/lfs/objects/download", size=1)
    assert (found["size"], found["exists"], found["expires_in"]) == (len(DATA), True, 3600)
    response = nobody.send("GET", found["download_url"])
    assert (response.status_code, response.content, response.media_type) == (200, DATA, "application/octet-stream")
    head = nobody.send("HEAD", found["download_url"])
    assert (head.content, head.headers["Content-Length"]) == (b"", str(len(DATA)))
    assert caller.ok("GET", repo)["size_bytes"] == 0
    (depot.repository_path("acme", "r") / "lfs/objects" / OID[:2] / OID[2:4] / OID).unlink()
    assert nobody.refused("GET", found["download_url"]) == (404, "NOT_FOUND")


def test_several_objects_are_answered_in_order(caller, repo):
    objects = [{"oid": f"{index:064x}", "size": index} for index in range(100)]
    answers = caller.ok("POST", f"{repo}/lfs/objects", {"objects": objects})["objects"]
    assert [answer["oid"] for answer in answers] == [each["oid"] for each in objects]


def test_other_bytes_are_refused_and_leave_nothing(caller, repo, depot):
    url = item(caller, f"{repo}/lfs/objects")["upload_url"]
    for wrong in (DATA[:-1], DATA + b"x", DATA[:-1] + b"x", b""):
        assert caller.send("PUT", url, wrong).status_code == 400
    left = depot.repository_path("acme", "r") / "lfs"
    assert [path for path in left.rglob("*") if path.is_file()] == []


def test_a_url_is_good_for_what_it_was_signed_for_alone(caller, repo, clock):
    url = item(caller, f"{repo}/lfs/objects")["upload_url"]
    caller.ok("POST", "/acme/repos", {"name": "other"})
    for wrong in (
        url.replace(OID, "0" * 64),
        url.replace("/r/", "/other/"),
        url.replace("size=10000", "size=10001"),
        url.replace("signature=", "signature=0"),
        url.replace("expires=", "expires=9"),
        url.partition("&signature")[0],
    ):
        status, _ = caller("PUT", wrong)
        assert status == 403, wrong
    assert caller.refused("GET", url) == (403, "FORBIDDEN")
    assert caller.refused("PUT", url.partition("?")[0]) == (403, "FORBIDDEN")
    assert caller.refused("PUT", url.replace("size=", "size=x")) == (400, "BAD_REQUEST")
    clock.advance(seconds=3601)
    assert caller.refused("PUT", url) == (403, "FORBIDDEN")


def test_a_signed_path_does_not_tell_whether_a_repository_exists(caller, repo, as_key):
    nobody = as_key(None)
    for method in ("GET", "PUT"):
        for query in ("", "?size=1&expires=99999999999&signature=x", "?size=x"):
            answers = {
                (status, str(answer))
                for name in ("r", "nope", "n%2Fe")
                for status, answer in [nobody(method, f"/acme/{name}/lfs/objects/{OID}{query}")]
            }
            assert [status for status, _ in answers] == [400 if query == "?size=x" else 403]


def test_a_url_of_a_repository_that_was_deleted_is_good_for_nothing(caller, repo):
    url = item(caller, f"{repo}/lfs/objects")["upload_url"]
    caller.ok("DELETE", repo)
    assert caller.refused("PUT", url) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    "objects",
    [
        [], [{"oid": "0" * 64, "size": 1}] * 101, [{"oid": "0" * 63, "size": 1}], [{"oid": "A" * 64, "size": 1}],
        [{"oid": "0" * 64, "size": -1}], [{"oid": "0" * 64, "size": True}], [{"oid": "0" * 64, "size": 2**63}],
        [{"oid": "0" * 64, "size": 1.5}], [{"oid": "0" * 64, "size": 1e300}],
        [{"oid": "0" * 64}], [{"size": 1}], [1], None, {}, [{"oid": "../../x" + "0" * 57, "size": 1}],
    ],
)  # fmt: skip
def test_bad_objects_are_refused(caller, repo, objects):
    for path in ("objects", "objects/download"):
        assert caller.refused("POST", f"{repo}/lfs/{path}", {"objects": objects}) == (400, "BAD_REQUEST")


def test_an_integer_may_be_written_with_a_fraction_of_zero(caller, repo):
    (answer,) = caller.ok("POST", f"{repo}/lfs/objects", {"objects": [{"oid": "0" * 64, "size": 7.0}]})["objects"]
    assert (answer["size"], type(answer["size"])) == (7, int)


def test_webhooks(caller, repo):
    made = caller.ok("POST", f"{repo}/webhooks", {"url": "http://localhost:1/x"})
    given = {
        "url": "https://h.example",
        "events": ["push", "push"],
        "branches": ["main"],
        "globs": ["**"],
        "secret": "s",
    }
    other = caller.ok("POST", f"{repo}/webhooks", given)
    assert made["secret"].startswith("whsec_")
    assert (made["events"], made["branches"], made["globs"]) == (["push"], None, None)
    assert (other["secret"], other["events"], other["branches"], other["globs"]) == ("s", ["push"], ["main"], ["**"])
    listed = caller.ok("GET", f"{repo}/webhooks")["webhooks"]
    assert listed == [{key: hook[key] for key in hook if key != "secret"} for hook in (made, other)]
    assert caller.ok("DELETE", f"{repo}/webhooks/{made['id']}") == {"success": True}
    assert caller.refused("DELETE", f"{repo}/webhooks/{made['id']}") == (404, "NOT_FOUND")
    caller.ok("POST", "/acme/repos", {"name": "other"})
    assert caller.refused("DELETE", f"/acme/other/webhooks/{other['id']}") == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"url": "x"}, {"url": "ftp://x"}, {"url": "http://"}, {"url": "http://a b"}, {"url": "http://[x"},
        {"url": 1},
        {"url": "http://x", "events": ["pull"]}, {"url": "http://x", "branches": "main"},
        {"url": "http://x", "globs": [None]}, {"url": "http://x", "secret": 1}, {"url": "file:///etc/passwd"},
    ],
)  # fmt: skip
def test_a_bad_webhook_is_refused(caller, repo, body):
    assert caller.refused("POST", f"{repo}/webhooks", body) == (400, "BAD_REQUEST")


def test_attribution_is_empty_and_never_invented(caller, repo):
    caller.commit({"a": "1\n"})
    nothing = {"total_lines": 0, "ai_lines": 0, "human_lines": 0, "ai_percentage": 0}
    assert caller.ok("GET", f"{repo}/agentblame?base=main&head=main") == {"attributions": {}, "stats": nothing}
    assert caller.refused("GET", f"{repo}/agentblame?base=main") == (400, "BAD_REQUEST")
    assert caller.refused("GET", f"{repo}/agentblame?base=main&head=nope") == (404, "NOT_FOUND")
    for period in ("", "?period=24h", "?period=all"):
        assert caller.ok("GET", f"{repo}/analytics{period}") == {"analytics": None, "status": "none"}
    assert caller.refused("GET", f"{repo}/analytics?period=2h") == (400, "BAD_REQUEST")
    assert caller.ok("POST", f"{repo}/analytics/refresh") == {"analytics": None, "status": "none"}
    assert caller.refused("POST", "/acme/nope/analytics/refresh") == (404, "NOT_FOUND")


def test_secrets_are_not_in_a_repr():
    from mesa_transports.local.bodies.repos import UpstreamRequest
    from mesa_transports.local.bodies.webhooks import WebhookRequest
    from mesa_transports.local.fields import Fields

    upstream = UpstreamRequest.read(Fields({"uri": "/x", "token": "sekret"}, ""))
    webhook = WebhookRequest.read(Fields({"url": "http://x", "secret": "sekret"}, ""), "http://depot")
    assert "sekret" not in repr((upstream, webhook))
    assert json.dumps(upstream.period) == "null"
