"""What tests of git over HTTP share: a served repository, a client of the API, git, and a clone."""

from __future__ import annotations

import pytest
from conftest import ROOT_KEY
from gits import Git, address

from mesa_sdk import Mesa


@pytest.fixture
def api(server):
    with Mesa(api_key=ROOT_KEY, server_url=server.url) as client:
        client.repos.create(org="acme", body={"name": "r"})
        yield client


@pytest.fixture
def git(tmp_path):
    return Git(tmp_path)


@pytest.fixture
def url(server, api):
    return address(server, ROOT_KEY)


@pytest.fixture
def work(git, tmp_path, url):
    """A clone with one commit, which is pushed."""
    git(tmp_path, "clone", "--quiet", url, "work")
    work = tmp_path / "work"
    git.commit(work, "README", "hello\n")
    git(work, "push", "--quiet", "origin", "HEAD:main")
    return work
