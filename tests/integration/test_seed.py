"""Every code block of the seed document, as printed, against the local Depot: over httpx, over requests, in process.

A block is run with `exec`, unchanged. What it prints where a real value belongs ("abc123...") is translated on its
way out by a plugin, so that not one character of a block is touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from seed_blocks import BLOCKS, OID, ROOT, SEED, Placeholders, block, commit, run

from mesa_core import Call, Plugin, Request
from mesa_sdk import Branch, CreatedApiKey, Directory, File, MergeConflict, Mesa, NotFound, Page, Repo, Success


@pytest.fixture(params=["httpx", "requests", "local"])
def way(request: pytest.FixtureRequest) -> str:
    """The seed is written for the blocking client."""
    return request.param


@pytest.fixture
def placeholders() -> Placeholders:
    return Placeholders({"sha256-hash...": OID})


@pytest.fixture
def client(connect: Callable[..., Mesa], placeholders: Placeholders) -> Mesa:
    return connect(plugins=[placeholders])


@pytest.fixture
def repo(client: Mesa, placeholders: Placeholders) -> str:
    """The seed's repository, with a commit on main whose sha stands for "abc123..."."""
    client.repos.create(org="my-org", body={"name": "my-repo"})
    sha = commit(client, "main", "src/index.py", "print('hello')\n")
    placeholders.values["abc123..."] = sha
    return sha


@pytest.fixture
def feature(client: Mesa, repo: str) -> str:
    """A branch "feature-branch" that is one commit ahead."""
    client.branches.create(org="my-org", repo="my-repo", body={"name": "feature-branch", "head_sha": repo})
    return commit(client, "feature-branch", "feature.py", "FEATURE = True\n")


@pytest.fixture
def environment(way: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """What a user sets so that a program reaches the Depot in the test's way."""
    monkeypatch.setenv("MESA_TRANSPORT", way)
    monkeypatch.setenv("MESA_API_KEY", "mesa_root_key_of_the_tests")
    if way != "local":
        monkeypatch.setenv("MESA_SERVER_URL", request.getfixturevalue("server").url)


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the clients that blocks make and, being examples, leave open."""
    made: list[Mesa] = []
    build = Mesa.__init__

    def remembering(self: Mesa, **options: object) -> None:
        build(self, **options)
        made.append(self)

    monkeypatch.setattr(Mesa, "__init__", remembering)
    yield
    for client in made:
        client.close()


def test_every_line_of_code_is_in_a_block():
    assert len(BLOCKS) == 15
    prose = SEED
    for each in BLOCKS:
        prose = prose.replace(each, "")
    assert not re.search(r"client\.\w+\.|^(import|from) |^\s+\"", prose, re.MULTILINE)


@pytest.mark.usefixtures("environment", "closing")
def test_quick_start(capsys):
    names = run(
        block('# Create a repository\nrepo = client.repos.create(\n    org="my-org",\n    body={"name": "my-repo"}')
    )
    assert isinstance(names["repo"], Repo)
    assert [repo.name for repo in names["repos_page"]] == ["my-repo"]
    assert "my-repo" in capsys.readouterr().out


@pytest.mark.usefixtures("environment", "closing")
def test_configuration():
    client = run(block("# Required: API key for authentication"))["client"]
    config = client.repos.world.parts.config
    assert config.api_key == "your-api-key"
    assert config.server_url == "https://depot.mesa.dev/api/v1"
    assert config.options.timeout == 30.0
    assert config.options.retries.strategy == "backoff"
    backoff = config.options.retries.backoff
    assert (backoff.initial_interval, backoff.max_interval) == (500, 60_000)
    assert (backoff.exponent, backoff.max_elapsed_time) == (1.5, 300_000)


def test_repositories(client, placeholders):
    client.repos.create(org="my-org", body={"name": "keep"})
    create, listing, get, update, delete = re.split(r"\n(?=# )", block("# List repositories (paginated)"))
    assert run(create, client=client)["repo"].default_branch == "main"
    # The cursor stands for one that an earlier page gave; so an earlier page gives it.
    placeholders.values["cursor=..."] = f"cursor={client.repos.list(org='my-org', limit=1).result.next_cursor}"
    page = run(listing, client=client)["repos_page"]
    assert isinstance(page, Page)
    assert [repo.name for repo in page.result.repos] == ["my-repo"]
    assert run(get, client=client)["repo"].name == "my-repo"
    assert run(update, client=client)["updated"].name == "new-name"
    with pytest.raises(NotFound):
        client.repos.get(org="my-org", repo="my-repo")
    # Each example speaks of a repository "my-repo", the last one too.
    client.repos.update(org="my-org", repo="new-name", body={"name": "my-repo"})
    run(delete, client=client)
    assert [repo.name for repo in client.repos.list(org="my-org")] == ["keep"]


def test_branches(client, repo):
    names = run(block("# List branches"), client=client)
    assert [branch.name for branch in names["branches_page"].result.branches] == ["main"]
    assert names["branch"] == Branch(name="feature-branch", head_sha=repo, is_default=False)
    assert [branch.name for branch in client.branches.list(org="my-org", repo="my-repo")] == ["main"]


def test_commits(client, repo):
    names = run(block("# List commits"), client=client)
    assert [commit.sha for commit in names["commits_page"].result.commits] == [repo]
    assert names["commit"].sha == repo
    assert names["new_commit"].message == "Add README"
    readme = client.content.read(org="my-org", repo="my-repo", path="README.md")
    assert readme == b"# Hello from Mesa\n"


def test_content(client, repo, placeholders, capsys):
    code = block("# Get file content")
    file = run(code, client=client)["content"]
    assert isinstance(file, File)
    assert capsys.readouterr().out == f"{file.content}\n"
    assert file.text == "print('hello')\n"
    # The same block, had the path been a directory's.
    placeholders.values["src%2Findex.py"] = "src"
    directory = run(code, client=client)["content"]
    assert isinstance(directory, Directory)
    assert capsys.readouterr().out == f"{directory.entries}\n"


@pytest.mark.usefixtures("feature")
def test_diffs(client, capsys):
    run(block('diff = client.diffs.get(\n    org="my-org",\n    repo="my-repo"'), client=client)
    assert capsys.readouterr().out == "A: feature.py\n"


def merge_blocks() -> list[str]:
    code = block("# Merge a branch into another")
    return re.split(r"(?=# Merge)", code)[1:]


@pytest.mark.parametrize("diverged", [False, True])
def test_merge(client, feature, diverged, capsys):
    if diverged:
        commit(client, "main", "other.py", "OTHER = True\n")
    result = run(merge_blocks()[0], client=client)["result"]
    expected = "merge_commit" if diverged else "fast_forward"
    assert capsys.readouterr().out == f"{expected}\n{result.sha}\n"
    assert (result.sha == feature) is not diverged
    assert client.branches.list(org="my-org", repo="my-repo", limit=100).result.branches[-1].head_sha == result.sha


@pytest.mark.usefixtures("feature")
def test_merge_with_a_message(client):
    commit(client, "main", "other.py", "OTHER = True\n")
    result = run(merge_blocks()[1], client=client)["result"]
    assert client.commits.get(org="my-org", repo="my-repo", sha=result.sha).message == "Ship feature X"


@pytest.mark.usefixtures("feature")
def test_merge_and_delete_the_branch(client, capsys):
    run(merge_blocks()[2], client=client)
    assert capsys.readouterr().out == "True\n"
    assert [branch.name for branch in client.branches.list(org="my-org", repo="my-repo")] == ["main"]


@pytest.mark.usefixtures("feature")
def test_a_conflict_is_409_merge_conflict_as_the_text_below_says(client):
    commit(client, "main", "feature.py", "FEATURE = False\n")
    with pytest.raises(MergeConflict) as refused:
        run(merge_blocks()[0], client=client)
    assert (refused.value.status_code, refused.value.code) == (409, "MERGE_CONFLICT")


def test_admin(client, placeholders, capsys):
    code = block("# Create API key")
    create, rest = re.split(r"(?=# List API keys)", code)
    names = run(create, client=client)
    assert isinstance(names["new_key"], CreatedApiKey)
    assert capsys.readouterr().out == f"{names['new_key'].key}\n"
    assert names["new_key"].scopes == ("git:read", "git:write")
    placeholders.values["key_123"] = names["new_key"].id
    names = run(rest, client=client)
    assert [key.id for key in names["keys"].api_keys] == [placeholders.values["key_123"]]
    assert client.admin.list_api_keys(org="my-org").api_keys[0].revoked_at is not None


@pytest.mark.usefixtures("repo")
def test_lfs(client):
    names = run(block("# Request upload URLs"), client=client)
    (upload,) = names["upload"].objects
    (download,) = names["download"].objects
    assert upload.upload_url.startswith("http")
    assert (download.exists, download.error.code) == (False, "NOT_FOUND")


def test_pagination(client, capsys):
    for number in range(101):
        client.repos.create(org="my-org", body={"name": f"repo-{number:03}"})
    run(block("while True:"), client=client)
    assert capsys.readouterr().out.splitlines() == [f"repo-{number:03}" for number in range(101)]


def test_error_handling(client, capsys):
    with pytest.raises(NotFound):
        run(block("except Exception as exc:"), client=client)
    assert capsys.readouterr().out == "Request failed: 404 NOT_FOUND: Repository not found (repos.get)\n"


def test_error_shape(client):
    with pytest.raises(NotFound) as refused:
        client.repos.get(org="my-org", repo="missing")
    error = refused.value
    shape = {"error": {"code": error.code, "message": error.message, "details": error.details}}
    assert shape == json.loads(block('"error": {'))


@pytest.mark.usefixtures("repo")
def test_request_options(connect, placeholders):
    sent: list[Request] = []

    class Watch(Plugin):
        def before_request(self, request: Request, call: Call) -> None:
            sent.append(request)

    client = connect(plugins=[Watch()])
    names = run(block("request_options={"), client=client)
    assert names["repo"].name == "my-repo"
    assert sent[0].timeout == 60.0
    assert sent[0].headers["X-Custom-Header"] == "value"


@pytest.mark.usefixtures("environment", "closing")
def test_complete_example(capsys):
    code = block("def main() -> None:")
    run(code, __name__="__main__")
    out = capsys.readouterr().out
    assert re.fullmatch(r"Changes: 1 files\nMerged via fast_forward: [0-9a-f]{40}\n", out)


def test_the_example_file_is_the_seeds_text_character_for_character():
    assert (ROOT / "examples" / "complete_example.py").read_text() == block("def main() -> None:")


def test_delete_answers_success(client):
    client.repos.create(org="my-org", body={"name": "gone"})
    assert client.repos.delete(org="my-org", repo="gone") == Success(success=True)
