"""Range on a large file: the part that is asked for, or the whole (RFC 9110, section 14)."""

from __future__ import annotations

import hashlib

import pytest

DATA = bytes(range(256)) * 4
SIZE = len(DATA)


@pytest.fixture
def url(caller, repo):
    body = {"objects": [{"oid": hashlib.sha256(DATA).hexdigest(), "size": SIZE}]}
    (asked,) = caller.ok("POST", f"{repo}/lfs/objects", body)["objects"]
    caller.send("PUT", asked["upload_url"], DATA)
    (found,) = caller.ok("POST", f"{repo}/lfs/objects/download", body)["objects"]
    return found["download_url"]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("Bytes= 10-19", 10, 20),
        ("bytes=1000-", 1000, SIZE),
        ("bytes=0-99999999999", 0, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
        ("bytes=-99999", 0, SIZE),
    ],
)
def test_a_part(caller, url, asked, start, stop):
    response = caller.send("GET", url, Range=asked)
    assert (response.status_code, response.content) == (206, DATA[start:stop])
    assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert response.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=5000-6000", "bytes=-0"])
def test_a_part_that_holds_nothing(caller, url, asked):
    response = caller.send("GET", url, Range=asked)
    assert (response.status_code, response.headers["Content-Range"]) == (416, f"bytes */{SIZE}")
    assert caller("GET", url, Range=asked)[1]["error"]["code"] == "RANGE_NOT_SATISFIABLE"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,3-4", "bytes=5-4", "bytes=-", "lines=0-1", "bytes", "bytes=a-b", "bytes=1-2x", "bytes=--1"]
)
def test_several_parts_or_odd_ones_are_the_whole(caller, url, asked):
    response = caller.send("GET", url, Range=asked)
    assert (response.status_code, response.content) == (200, DATA)
    assert response.headers["Accept-Ranges"] == "bytes"


def test_only_what_is_got_has_parts(caller, url):
    response = caller.send("HEAD", url, Range="bytes=0-1")
    assert (response.status_code, response.headers["Content-Length"]) == (200, str(SIZE))
