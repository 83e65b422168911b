"""What is answered to a benchmark's requests: a repository, a page of 100, a commit.

`GET /api/v1/{org}/{repo}` is answered with a repository, `GET /api/v1/{org}/repos` with a page of 100: the only one, or
the one of `cursor` of as many as the organization's name says (`pages-1000`); and `POST` with a commit.
"""

from __future__ import annotations

import json
import re

_PAGES = re.compile(rb"/pages-(\d+)/repos(?:.*cursor=(\d+))?")
_PAGE_SIZE = 100


def repository(number: int) -> dict[str, object]:
    """Return a repository as the contract describes it; every tenth has an upstream."""
    upstream = {
        "uri": f"https://git.example.com/acme/repo-{number:06}.git",
        "autosync": {"type": "poll", "period": 300, "resolution_strategy": "none"},
        "last_sync_attempt": "2026-01-02T03:04:05Z",
        "last_sync_success": "2026-01-02T03:04:05Z",
        "last_sync_error": None,
        "has_credential": True,
        "credential_host": "git.example.com",
    }
    return {
        "id": f"0b5bb1a4-7f0c-4c6e-9f3a-{number:012}",
        "org": "acme",
        "name": f"repo-{number:06}",
        "default_branch": "main",
        "head_sha": f"{number:040x}",
        "size_bytes": 4096 + number,
        "created_at": "2026-01-01T00:00:00Z",
        "upstream": None if number % 10 else upstream,
    }


REPO = repository(1)
COMMIT = {"sha": f"{1:040x}", "branch": "main", "message": "Add five files"}
_MANY = [repository(number) for number in range(_PAGE_SIZE)]


def page(next_cursor: str | None) -> dict[str, object]:
    """Return a page of 100 repositories."""
    return {"repos": _MANY, "next_cursor": next_cursor, "has_more": next_cursor is not None}


def encoded(body: object) -> bytes:
    """Return JSON as a server writes it."""
    return json.dumps(body, separators=(",", ":")).encode()


def _answer(status: str, body: object) -> bytes:
    content = encoded(body)
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nX-Request-Id: r-1\r\nContent-Length: %d\r\n\r\n%b" % (
        status.encode(),
        len(content),
        content,
    )


_REPO = _answer("200 OK", REPO)
_CREATED = _answer("201 Created", COMMIT)
_LAST_PAGE = _answer("200 OK", page(None))
_PAGE_BEFORE = _answer("200 OK", page("CURSOR")).partition(b"CURSOR")  # as many characters as digits replace it


def answer_to(method: bytes, target: bytes) -> bytes:
    """Return the canned answer to a request."""
    if method == b"POST":
        return _CREATED
    if b"/repos" not in target:
        return _REPO
    found = _PAGES.search(target)
    following = int(found[2] or 0) + 1 if found else 1
    if found is None or following >= int(found[1]):
        return _LAST_PAGE
    before, _, after = _PAGE_BEFORE
    return b"%b%06d%b" % (before, following, after)
