"""A Depot and callers for it: in process by default, over real HTTP where a test asks for it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from mesa_core.http import Request, Response
from mesa_transports.local import LocalDepot

BASE = "https://depot.mesa.dev/api/v1"
AUTHOR = {"name": "Bot", "email": "bot@example.com"}


class Contract:
    """The contract's word on what an operation answers."""

    def __init__(self) -> None:
        path = Path(__file__).parents[3] / "docs/contract/openapi.yaml"
        self.document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        resource = Resource.from_contents(self.document, default_specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:contract", resource)
        self.operations = [
            (method.upper(), re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(template))), operation["responses"])
            for template, item in self.document["paths"].items()
            for method, operation in item.items()
            if method != "parameters"
        ]

    def check(self, method: str, path: str, status: int, answer: object) -> None:
        """Hold an answer against the schema of its operation and status, where the contract has the operation."""
        for verb, pattern, responses in self.operations:
            if verb == method and pattern.fullmatch(path):
                response = responses.get(str(status)) or responses["default"]
                assert status >= 400 or str(status) in responses
                while "$ref" in response:
                    response = self.document["components"]["responses"][response["$ref"].rpartition("/")[2]]
                schema = json.loads(
                    json.dumps(response["content"]["application/json"]["schema"]).replace('"#/', '"urn:contract#/')
                )
                checker = Draft202012Validator(schema, registry=self.registry, format_checker=FormatChecker())
                checker.validate(answer)
                return


CONTRACT = Contract()


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class Caller:
    """Calls a Depot with one key and checks what every answer must have."""

    author = AUTHOR
    base = BASE

    def __init__(self, depot: LocalDepot, key: str | None = "any-key") -> None:
        self.depot = depot
        self.key = key

    def send(self, method: str, path: str, content: bytes = b"", **headers: str) -> Response:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key is not None:
            fields.setdefault("Authorization", f"Bearer {self.key}")
        url = path if path.startswith("http") else BASE + path
        return self.depot.handle(Request(method, url, fields, content))

    def __call__(self, method: str, path: str, body: object = ..., **headers: str) -> tuple[int, Any]:
        content = b"" if body is ... else json.dumps(body).encode()
        if content:
            headers.setdefault("Content_Type", "application/json")
        response = self.send(method, path, content, **headers)
        assert response.headers["X-Request-Id"]
        assert response.media_type == "application/json"
        answer = json.loads(response.content)
        if response.status_code >= 400:
            assert set(answer) == {"error"}
            assert set(answer["error"]) == {"code", "message", "details"}
            assert response.status_code != 500, answer
        CONTRACT.check(method, path.partition("?")[0], response.status_code, answer)
        return response.status_code, answer

    def ok(self, method: str, path: str, body: object = ..., **headers: str) -> Any:
        status, answer = self(method, path, body, **headers)
        created = method == "POST" and path.rpartition("/")[2] in {
            "repos",
            "branches",
            "commits",
            "api-keys",
            "webhooks",
        }
        assert status == (201 if created else 200), answer
        return answer

    def refused(self, method: str, path: str, body: object = ..., **headers: str) -> tuple[int, str]:
        status, answer = self(method, path, body, **headers)
        assert status >= 400, answer
        return status, answer["error"]["code"]

    def commit_body(self, files: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {"branch": "main", "message": "m", "author": AUTHOR, "files": files, **more}

    def commit(self, files: dict[str, str | None], branch: str = "main", repo: str = "/acme/r", **more: Any) -> str:
        edits = [
            {"path": path, "action": "delete"} if content is None else {"path": path, "content": content}
            for path, content in files.items()
        ]
        body = self.commit_body(edits, **{"branch": branch, "message": "a commit", **more})
        return str(self.ok("POST", f"{repo}/commits", body)["sha"])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def depot(clock: Clock) -> Iterator[LocalDepot]:
    with LocalDepot(clock=clock) as depot:
        yield depot
        for repository in (depot.path / "repositories").iterdir():
            done = subprocess.run(
                ["git", "-C", repository, "fsck", "--full", "--strict", "--no-dangling"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            said = [line for line in done.stderr.splitlines() if not line.startswith("notice: ")]
            assert (done.returncode, done.stdout, said) == (0, "", [])


@pytest.fixture
def caller(depot: LocalDepot) -> Caller:
    return Caller(depot)


@pytest.fixture
def as_key(depot: LocalDepot) -> Any:
    """Make a caller with another key."""
    return lambda key, on=depot: Caller(on, key)


@pytest.fixture
def repo(caller: Caller) -> str:
    """The path of an empty repository."""
    caller.ok("POST", "/acme/repos", {"name": "r"})
    return "/acme/r"


@pytest.fixture
def git(depot: LocalDepot) -> Any:
    """Run git on the repository acme/r and return its output."""

    def run(*arguments: str, directory: Path | None = None, stdin: bytes | None = None) -> str:
        path = directory or depot.repository_path("acme", "r")
        done = subprocess.run(["git", "-C", path, *arguments], input=stdin, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    return run
