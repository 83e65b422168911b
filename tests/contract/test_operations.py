"""The 28 operations through each transport, every message valid against the contract, both when they succeed
and when they are refused."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from mesa_core import Request
from mesa_sdk import (
    BadRequest,
    Conflict,
    Directory,
    File,
    Forbidden,
    MergeConflict,
    Mesa,
    NotAcceptable,
    NotFound,
    Symlink,
    SyncOk,
    Unauthorized,
)

BOT = {"name": "Bot", "email": "bot@example.com"}
CONTRACT = yaml.safe_load((Path(__file__).parents[2] / "docs" / "contract" / "openapi.yaml").read_text())
OPERATIONS = {
    operation["x-sdk"]: operation
    for path in CONTRACT["paths"].values()
    for method, operation in path.items()
    if method != "parameters"
}
# Two methods of the SDK ask for another media type of the same operation.
OTHER_MEDIA_TYPES = {"content.read": "content.get", "diffs.patch": "diffs.get"}


def write(client: Mesa, files: dict[str, str], branch: str = "main", **more: object) -> str:
    edits = [{"path": path, "action": "create", "content": content} for path, content in files.items()]
    body = {"branch": branch, "message": f"Write {', '.join(files)}", "author": BOT, "edits": edits, **more}
    return client.commits.create(org="acme", repo="app", body=body).sha


@pytest.fixture
def app(client: Mesa) -> str:
    """A repository `acme/app` with one commit, whose sha it is."""
    client.repos.create(org="acme", body={"name": "app"})
    return write(client, {"README.md": "# App\n", "src/main.py": "print(1)\n"})


def test_the_contract_has_28_operations():
    assert len(OPERATIONS) == 28


def test_repositories(client, app):
    created = client.repos.create(org="acme", body={"name": "other", "default_branch": "trunk"})
    assert (created.org, created.name, created.default_branch, created.head_sha) == ("acme", "other", "trunk", None)
    assert [repo.name for repo in client.repos.list(org="acme")] == ["app", "other"]
    found = client.repos.get(org="acme", repo="app")
    assert found.head_sha == app
    assert found.size_bytes > 0
    assert abs((datetime.now(UTC) - found.created_at).total_seconds()) < 600
    assert client.repos.update(org="acme", repo="other", body={"name": "renamed"}).name == "renamed"
    assert client.repos.delete(org="acme", repo="renamed").success is True
    with pytest.raises(NotFound):
        client.repos.get(org="acme", repo="renamed")
    with pytest.raises(Conflict):
        client.repos.create(org="acme", body={"name": "app"})
    with pytest.raises(BadRequest):
        client.repos.create(org="acme", body={"name": "not/allowed"})


def test_pages_of_repositories_survive_inserts(client):
    for number in range(5):
        client.repos.create(org="acme", body={"name": f"repo-{number}"})
    first = client.repos.list(org="acme", limit=2)
    client.repos.create(org="acme", body={"name": "latecomer"})
    seen = [repo.name for page in first.pages() for repo in page.result.repos]
    assert len(seen) == len(set(seen))
    assert set(seen) >= {f"repo-{number}" for number in range(5)}
    assert [len(page.result.repos) <= 2 for page in first.pages()]
    resumed = client.repos.list(org="acme", limit=2, cursor=first.result.next_cursor)
    assert [repo.name for repo in resumed] == seen[2:]


def test_sync_from_an_upstream(client, app, tmp_path):
    upstream = tmp_path / "upstream"
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-C", str(upstream)]
    subprocess.run(["git", "init", "-q", "-b", "main", str(upstream)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "Upstream"], check=True)
    with pytest.raises(BadRequest) as refused:
        client.repos.sync(org="acme", repo="app")
    assert refused.value.code == "NO_UPSTREAM"
    mirror = client.repos.create(
        org="acme", body={"name": "mirror", "upstream": {"uri": str(upstream), "token": "upstream-secret"}}
    )
    assert mirror.upstream.has_credential
    assert client.repos.sync(org="acme", repo="mirror").success
    status = client.repos.get_sync_status(org="acme", repo="mirror")
    assert isinstance(status.status, SyncOk)
    assert status.last_sync_success is not None
    assert [commit.message.strip() for commit in client.commits.list(org="acme", repo="mirror")] == ["Upstream"]
    assert client.repos.update(org="acme", repo="mirror", body={"upstream": None}).upstream is None


def test_branches(client, app):
    branch = client.branches.create(org="acme", repo="app", body={"name": "feature/x", "head_sha": app})
    assert (branch.name, branch.head_sha, branch.is_default) == ("feature/x", app, False)
    client.branches.create(org="acme", repo="app", body={"name": "another", "from": "main"})
    assert [each.name for each in client.branches.list(org="acme", repo="app")] == ["another", "feature/x", "main"]
    assert client.branches.delete(org="acme", repo="app", branch="feature/x").success
    with pytest.raises(NotFound):
        client.branches.delete(org="acme", repo="app", branch="feature/x")
    with pytest.raises(Conflict):
        client.branches.delete(org="acme", repo="app", branch="main")
    with pytest.raises(Conflict):
        client.branches.create(org="acme", repo="app", body={"name": "another", "from": "main"})
    with pytest.raises(NotFound):
        client.branches.create(org="acme", repo="app", body={"name": "lost", "from": "0" * 40})


def test_commits(client, app, depot):
    second = write(client, {"b.txt": "b\n"}, base_sha=app)
    commits = list(client.commits.list(org="acme", repo="app", limit=1))
    assert [commit.sha for commit in commits] == [second, app]
    log = subprocess.run(
        ["git", f"--git-dir={depot.repository_path('acme', 'app')}", "log", "--format=%H %an %ae", "main"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert log.stdout.splitlines() == [f"{each.sha} {each.author.name} {each.author.email}" for each in commits]
    commit = client.commits.get(org="acme", repo="app", sha=second)
    assert commit.message == "Write b.txt"
    assert commit.author.date.tzinfo is not None
    # A person that a response gave can author the next commit, date and all.
    third = client.commits.create(
        org="acme",
        repo="app",
        body={
            "branch": "main",
            "message": "Delete",
            "author": commit.author,
            "files": [{"path": "b.txt", "action": "delete"}],
        },
    )
    assert client.commits.get(org="acme", repo="app", sha=third.sha).author == commit.author
    with pytest.raises(Conflict):
        write(client, {"c.txt": "c"}, base_sha=app)
    with pytest.raises(NotFound):
        client.commits.get(org="acme", repo="app", sha="0" * 40)
    with pytest.raises(NotFound):
        client.commits.list(org="acme", repo="app", ref="nowhere")
    with pytest.raises(BadRequest):
        write(client, {"../escape": "no"})


def test_content(client, app):
    client.commits.create(
        org="acme",
        repo="app",
        body={
            "branch": "main",
            "message": "Binary",
            "author": BOT,
            "edits": [{"path": "logo.png", "content": "AAH/", "encoding": "base64"}],
        },
    )
    file = client.content.get(org="acme", repo="app", path="README.md")
    assert isinstance(file, File)
    assert (file.name, file.text, file.data, file.size, file.executable) == (
        "README.md",
        "# App\n",
        b"# App\n",
        6,
        False,
    )
    assert file.last_commit_at is not None
    assert client.content.read(org="acme", repo="app", path="logo.png") == b"\x00\x01\xff"
    root = client.content.get(org="acme", repo="app", ref="main")
    assert isinstance(root, Directory)
    assert (root.name, root.path, root.child_count) == ("", "", 3)
    assert [(entry.type, entry.name) for entry in root.entries] == [
        ("file", "README.md"),
        ("file", "logo.png"),
        ("dir", "src"),
    ]
    deep = client.content.get(org="acme", repo="app", depth=2)
    assert "src/main.py" in [entry.path for entry in deep.entries]
    with pytest.raises(NotAcceptable):
        client.content.read(org="acme", repo="app", path="src")
    with pytest.raises(NotFound):
        client.content.get(org="acme", repo="app", path="missing")


def test_a_symlink_that_came_from_upstream(client, tmp_path):
    upstream = tmp_path / "upstream"
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-C", str(upstream)]
    subprocess.run(["git", "init", "-q", "-b", "main", str(upstream)], check=True)
    (upstream / "link").symlink_to("target.txt")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Link"], check=True)
    client.repos.create(org="acme", body={"name": "linked", "upstream": {"uri": str(upstream)}})
    client.repos.sync(org="acme", repo="linked")
    link = client.content.get(org="acme", repo="linked", path="link")
    assert isinstance(link, Symlink)
    assert link.target == "target.txt"
    (entry,) = client.content.get(org="acme", repo="linked").entries
    assert entry.type == "symlink"


def test_diffs(client, app, tmp_path):
    client.branches.create(org="acme", repo="app", body={"name": "feature", "head_sha": app})
    write(client, {"README.md": "# Better\n", "new.txt": "new\n"}, branch="feature")
    diff = client.diffs.get(org="acme", repo="app", base="main", head="feature")
    assert [(file.status, file.path) for file in diff.files] == [("M", "README.md"), ("A", "new.txt")]
    assert (diff.stats.files, diff.stats.additions, diff.stats.deletions, diff.stats.changes) == (2, 2, 1, 3)
    patch = client.diffs.patch(org="acme", repo="app", base="main", head="feature")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "README.md").write_text("# App\n")
    subprocess.run(["git", "-C", str(tmp_path), "apply", "-"], input=patch, text=True, check=True)
    assert (tmp_path / "README.md").read_text() == "# Better\n"
    with pytest.raises(NotFound):
        client.diffs.get(org="acme", repo="app", base="main", head="nowhere")
    with pytest.raises(NotFound):
        client.diffs.patch(org="acme", repo="app", base="main", head="nowhere")


def test_merges(client, app):
    client.branches.create(org="acme", repo="app", body={"name": "feature/one", "head_sha": app})
    head = write(client, {"one.txt": "1\n"}, branch="feature/one")
    merged = client.merge.perform(
        org="acme", repo="app", base="main", body={"head": "feature/one", "author": BOT, "delete_branch": True}
    )
    assert (merged.merge_type, merged.sha, merged.branch_deleted) == ("fast_forward", head, True)
    client.branches.create(org="acme", repo="app", body={"name": "two", "head_sha": app})
    write(client, {"two.txt": "2\n"}, branch="two")
    merged = client.merge.perform(
        org="acme", repo="app", base="main", body={"head": "two", "author": BOT, "message": "Ship it"}
    )
    assert (merged.merge_type, merged.branch_deleted) == ("merge_commit", False)
    assert client.commits.get(org="acme", repo="app", sha=merged.sha).message == "Ship it"
    client.branches.create(org="acme", repo="app", body={"name": "three", "head_sha": app})
    write(client, {"one.txt": "another one\n"}, branch="three")
    before = list(client.branches.list(org="acme", repo="app"))
    with pytest.raises(MergeConflict) as refused:
        client.merge.perform(org="acme", repo="app", base="main", body={"head": "three", "author": BOT})
    assert refused.value.status_code == 409
    assert list(client.branches.list(org="acme", repo="app")) == before
    with pytest.raises(NotFound):
        client.merge.perform(org="acme", repo="app", base="main", body={"head": "nowhere", "author": BOT})


def test_api_keys(client, connect, app):
    made = client.admin.create_api_key(org="acme", body={"name": "CI", "scopes": ["git:read"]})
    assert made.key.startswith("mesa_")
    assert made.key not in repr(made)
    reader = connect(api_key=made.key)
    assert reader.commits.list(org="acme", repo="app").result.commits[0].sha == app
    with pytest.raises(Forbidden):
        write(reader, {"x": "x"})
    with pytest.raises(Forbidden):
        reader.admin.create_api_key(org="acme", body={"name": "More"})
    with pytest.raises(Forbidden):
        reader.admin.list_api_keys(org="acme")
    with pytest.raises((Forbidden, NotFound)):
        reader.commits.list(org="globex", repo="app")
    (listed,) = client.admin.list_api_keys(org="acme").api_keys
    assert (listed.id, listed.name, listed.scopes, listed.revoked_at) == (made.id, "CI", ("git:read",), None)
    assert client.admin.revoke_api_key(org="acme", id=made.id).success
    with pytest.raises(Unauthorized):
        reader.commits.list(org="acme", repo="app")
    (listed,) = client.admin.list_api_keys(org="acme").api_keys
    assert listed.revoked_at is not None
    with pytest.raises(NotFound):
        client.admin.revoke_api_key(org="acme", id="key_123")
    with pytest.raises(Unauthorized):
        connect(api_key="mesa_unknown").org.get(org="acme")


def test_large_files(client, app):
    content = bytes(range(256)) * 1000
    pointer = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}
    (missing,) = client.lfs.download(org="acme", repo="app", body={"objects": [pointer]}).objects
    assert (missing.exists, missing.error is None) == (False, False)
    (upload,) = client.lfs.upload(org="acme", repo="app", body={"objects": [pointer]}).objects
    assert upload.expires_in > 0
    assert upload.upload_url not in repr(upload)
    wrong = client.transport.send(Request("PUT", upload.upload_url, content=content[:-1] + b"!"))
    assert wrong.status_code == 400
    assert client.transport.send(Request("PUT", upload.upload_url, content=content)).status_code == 200
    (download,) = client.lfs.download(org="acme", repo="app", body={"objects": [pointer]}).objects
    assert download.exists
    assert client.transport.send(Request("GET", download.download_url)).content == content
    client.commits.create(
        org="acme",
        repo="app",
        body={"branch": "main", "message": "Large", "author": BOT, "edits": [{"path": "big.bin", "lfs": pointer}]},
    )
    assert f"oid sha256:{pointer['oid']}" in client.content.get(org="acme", repo="app", path="big.bin").text
    with pytest.raises(NotFound):
        client.lfs.upload(org="acme", repo="nowhere", body={"objects": [pointer]})


def test_organizations(client, app):
    organization = client.org.get(org="acme")
    assert organization.num_repos == 1
    assert organization.created_at.tzinfo is not None


def test_webhooks(client, app):
    made = client.webhooks.create(
        org="acme", repo="app", body={"url": "https://example.com/hook", "branches": ["main"], "events": ["push"]}
    )
    assert made.secret
    assert made.secret not in repr(made)
    (listed,) = client.webhooks.list(org="acme", repo="app").webhooks
    assert (listed.id, listed.url, listed.branches, listed.globs) == (
        made.id,
        "https://example.com/hook",
        ("main",),
        None,
    )
    assert client.webhooks.delete(org="acme", repo="app", webhook_id=made.id).success
    with pytest.raises(NotFound):
        client.webhooks.delete(org="acme", repo="app", webhook_id=made.id)
    with pytest.raises(BadRequest):
        client.webhooks.create(org="acme", repo="app", body={"url": "file:///etc/passwd"})


def test_agent_blame_is_empty_never_invented(client, app):
    blame = client.agent_blame.get(org="acme", repo="app", base="main", head="main")
    assert blame.attributions == {}
    assert blame.stats.ai_lines == 0
    for period in (None, "24h", "1w", "1m", "all"):
        report = client.agent_blame.get_analytics(org="acme", repo="app", period=period)
        assert (report.analytics, report.status) == (None, "none")
    assert client.agent_blame.refresh_analytics(org="acme", repo="app").analytics is None
    with pytest.raises(NotFound):
        client.agent_blame.get(org="acme", repo="app", base="main", head="nowhere")


def refusals(client: Mesa) -> None:
    """Ask every operation for what is not there."""
    lfs = {"objects": [{"oid": "0" * 64, "size": 1}]}
    commit = {"branch": "main", "message": "m", "author": BOT, "edits": []}
    where = {"org": "acme", "repo": "nowhere"}
    calls = [
        lambda: client.repos.create(org="acme", body={"name": ".."}),
        lambda: client.repos.get(**where),
        lambda: client.repos.update(**where, body={"name": "x"}),
        lambda: client.repos.delete(**where),
        lambda: client.repos.sync(**where),
        lambda: client.repos.get_sync_status(**where),
        lambda: client.branches.list(**where),
        lambda: client.branches.create(**where, body={"name": "b", "from": "main"}),
        lambda: client.branches.delete(**where, branch="b"),
        lambda: client.commits.list(**where),
        lambda: client.commits.get(**where, sha="0" * 40),
        lambda: client.commits.create(**where, body=commit),
        lambda: client.content.get(**where),
        lambda: client.content.read(**where, path="p"),
        lambda: client.diffs.get(**where, base="a", head="b"),
        lambda: client.diffs.patch(**where, base="a", head="b"),
        lambda: client.merge.perform(**where, base="main", body={"head": "b", "author": BOT}),
        lambda: client.admin.revoke_api_key(org="acme", id="key_123"),
        lambda: client.lfs.upload(**where, body=lfs),
        lambda: client.lfs.download(**where, body=lfs),
        lambda: client.webhooks.list(**where),
        lambda: client.webhooks.create(**where, body={"url": "https://example.com"}),
        lambda: client.webhooks.delete(**where, webhook_id="w"),
        lambda: client.agent_blame.get(**where, base="a", head="b"),
        lambda: client.agent_blame.get_analytics(**where),
        lambda: client.agent_blame.refresh_analytics(**where),
    ]
    for call in calls:
        with pytest.raises((NotFound, BadRequest)):
            call()


def unauthorized(client: Mesa) -> None:
    """Those that have nothing to miss are refused for the key."""
    for call in (
        lambda: client.repos.list(org="acme"),
        lambda: client.org.get(org="acme"),
        lambda: client.admin.create_api_key(org="acme", body={"name": "k"}),
        lambda: client.admin.list_api_keys(org="acme"),
    ):
        with pytest.raises(Unauthorized):
            call()


def test_every_operation_is_refused_with_the_envelope(client, connect, seen):
    client.repos.create(org="acme", body={"name": "app"})
    refusals(client)
    unauthorized(connect(api_key="mesa_unknown", plugins=[seen]))
    refused = {OTHER_MEDIA_TYPES.get(name, name) for name, status in seen.statuses if status >= 400}
    assert refused == set(OPERATIONS)


def everything(client: Mesa, tmp_path: Path) -> None:
    """Every operation once, successfully."""
    app = {"org": "acme", "repo": "app"}
    client.repos.create(org="acme", body={"name": "app"})
    sha = write(client, {"a.txt": "a\n"})
    list(client.repos.list(org="acme"))
    client.repos.get(**app)
    list(client.branches.list(**app))
    client.branches.create(**app, body={"name": "b", "head_sha": sha})
    write(client, {"b.txt": "b\n"}, branch="b")
    list(client.commits.list(**app))
    client.commits.get(**app, sha=sha)
    client.content.get(**app)
    client.content.read(**app, path="a.txt")
    client.diffs.get(**app, base="main", head="b")
    client.diffs.patch(**app, base="main", head="b")
    client.merge.perform(**app, base="main", body={"head": "b", "author": BOT})
    client.branches.delete(**app, branch="b")
    key = client.admin.create_api_key(org="acme", body={})
    client.admin.list_api_keys(org="acme")
    client.admin.revoke_api_key(org="acme", id=key.id)
    lfs = {"objects": [{"oid": "0" * 64, "size": 1}]}
    client.lfs.upload(**app, body=lfs)
    client.lfs.download(**app, body=lfs)
    client.org.get(org="acme")
    hook = client.webhooks.create(**app, body={"url": "https://example.com"})
    client.webhooks.list(**app)
    client.webhooks.delete(**app, webhook_id=hook.id)
    client.agent_blame.get(**app, base="main", head="main")
    client.agent_blame.get_analytics(**app)
    client.agent_blame.refresh_analytics(**app)
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "up.git")], check=True)
    client.repos.update(**app, body={"upstream": {"uri": str(tmp_path / "up.git")}})
    client.repos.sync(**app)
    client.repos.get_sync_status(**app)
    client.repos.delete(**app)


def test_every_operation_succeeds(client, seen, tmp_path):
    everything(client, tmp_path)
    succeeded = {(OTHER_MEDIA_TYPES.get(name, name), status) for name, status in seen.statuses if status < 400}
    documented = {
        (name, int(status))
        for name, operation in OPERATIONS.items()
        for status in operation["responses"]
        if status in {"200", "201"}
    }
    assert succeeded == documented
    assert client.transport.messages >= 30
