"""The examples in the docstrings of the client's methods answer as they say, on a local Depot."""

from __future__ import annotations

import doctest
import importlib
from collections.abc import Iterator

import pytest

from mesa_core import ENDPOINTS
from mesa_sdk import Mesa

METHODS = sorted({endpoint.name for endpoint in ENDPOINTS})
BOT = {"name": "Bot", "email": "bot@example.com"}


@pytest.fixture
def client() -> Iterator[Mesa]:
    """What the examples take for granted: a repository with a commit, and a branch that is one ahead."""
    with Mesa(api_key="any", transport="local") as client:
        client.repos.create(org="my-org", body={"name": "my-repo"})
        commit(client, "main", "README.md", "# Hello")
        client.branches.create(org="my-org", repo="my-repo", body={"name": "feature", "from": "main"})
        commit(client, "feature", "notes.md", "Notes\n")
        yield client


def commit(client: Mesa, branch: str, path: str, content: str) -> None:
    body = {"branch": branch, "message": path, "author": BOT, "edits": [{"path": path, "content": content}]}
    client.commits.create(org="my-org", repo="my-repo", body=body)


def examples(name: str) -> list[doctest.Example]:
    area, method = name.split(".")
    module = importlib.import_module(f"mesa_core.resources.{area}")
    text = getattr(getattr(module, module.__all__[0]), method).__doc__
    return doctest.DocTestParser().get_examples(text)


@pytest.mark.parametrize("name", [name for name in METHODS if examples(name)])
def test_examples_answer_as_they_say(name: str, client: Mesa) -> None:
    test = doctest.DocTest(examples(name), {"client": client}, name, None, None, None)
    said: list[str] = []
    assert doctest.DocTestRunner().run(test, out=said.append).failed == 0, "".join(said)


@pytest.mark.parametrize("name", ["repos.get", "repos.list", "branches.create", "commits.create", "merge.perform"])
def test_what_everybody_needs_has_an_example(name: str) -> None:
    assert examples(name)
