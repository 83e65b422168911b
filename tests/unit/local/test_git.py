"""Branches, commits, content, diffs and merges, held against git itself."""

from __future__ import annotations

import base64
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest


def commit_body(caller, files, **more):
    return {"branch": "main", "message": "m", "author": caller.author, "files": files, **more}


def test_branches(caller, repo):
    sha = caller.commit({"a": "1"})
    feature = caller.ok("POST", f"{repo}/branches", {"name": "feature/x", "from": "main"})
    assert feature == {"name": "feature/x", "head_sha": sha, "is_default": False}
    caller.ok("POST", f"{repo}/branches", {"name": "b", "from": sha[:8]})
    caller.ok("POST", f"{repo}/branches", {"name": "c", "from": sha.upper()})
    first = caller.ok("GET", f"{repo}/branches?limit=2")
    second = caller.ok("GET", f"{repo}/branches?limit=2&cursor={first['next_cursor']}")
    assert [b["name"] for b in first["branches"] + second["branches"]] == ["b", "c", "feature/x", "main"]
    assert second["branches"][1]["is_default"] is True
    assert second["has_more"] is False
    assert caller.ok("DELETE", f"{repo}/branches/feature%2Fx") == {"success": True}
    assert caller.refused("DELETE", f"{repo}/branches/feature%2Fx") == (404, "NOT_FOUND")
    assert caller.refused("DELETE", f"{repo}/branches/main") == (409, "CONFLICT")


def test_a_raw_slash_in_a_branch_is_routed_too(caller, repo):
    caller.commit({"a": "1"})
    caller.ok("POST", f"{repo}/branches", {"name": "feature/x/y", "from": "main"})
    merged = caller.ok("POST", f"{repo}/merge/feature/x/y", {"head": "main", "author": caller.author})
    assert merged["base"] == "feature/x/y"
    caller.ok("DELETE", f"{repo}/branches/feature/x/y")


def test_branch_refusals(caller, repo):
    caller.commit({"a": "1"})
    tree = caller.ok("GET", f"{repo}/content")["sha"]
    create = [f"{repo}/branches"]
    assert caller.refused("POST", *create, {"name": "main", "from": "main"}) == (409, "CONFLICT")
    assert caller.refused("POST", *create, {"name": "main/x", "from": "main"}) == (409, "CONFLICT")
    assert caller.refused("POST", *create, {"name": "n", "from": "nope"}) == (404, "NOT_FOUND")
    assert caller.refused("POST", *create, {"name": "n", "from": "0" * 40}) == (404, "NOT_FOUND")
    assert caller.refused("POST", *create, {"name": "n", "from": tree}) == (404, "NOT_FOUND")
    assert caller.refused("DELETE", f"{repo}/branches/..") == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "name",
    [
        "-x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "a.lock", "x.lock/y", ".a", "a/.b",
        "a//b", "/a",
        "a/", "a.", "@", "HEAD", "a@{b", "a\x7f", "a\x01", ".git", "a/.GIT/b", "f" * 241, "0" * 40, "é" * 121, "\u0000",
    ],
)  # fmt: skip
def test_a_bad_branch_name_is_refused(caller, repo, name):
    caller.commit({"a": "1"})
    assert caller.refused("POST", f"{repo}/branches", {"name": name, "from": "main"}) == (400, "BAD_REQUEST")


def test_odd_but_good_branch_names(caller, repo, git):
    caller.commit({"a": "1"})
    names = sorted(["ünïcode/ключ", "with.dot", "a@b", "deadbeef", "x" * 240, "{}", "日本"])
    for name in names:
        caller.ok("POST", f"{repo}/branches", {"name": name, "from": "main"})
    listed = [b["name"] for b in caller.ok("GET", f"{repo}/branches")["branches"]]
    assert listed == sorted([*names, "main"])


def test_branches_that_no_request_can_name_are_left_out(caller, repo, git, depot):
    sha = caller.commit({"a": "1"})
    git("update-ref", f"refs/heads/{'a' * 40}", sha)
    git("update-ref", "refs/heads/-x", sha)
    assert [b["name"] for b in caller.ok("GET", f"{repo}/branches?limit=1")["branches"]] == ["main"]
    git("update-ref", "-d", f"refs/heads/{'a' * 40}")
    packed = depot.repository_path("acme", "r") / "packed-refs"
    packed.write_bytes(b"# pack-refs with: peeled fully-peeled sorted \n" + sha.encode() + b" refs/heads/\xff\n")
    assert [b["name"] for b in caller.ok("GET", f"{repo}/branches")["branches"]] == ["main"]
    packed.unlink()


def test_commits_are_what_git_log_says(caller, repo, git, clock):
    for index in range(7):
        clock.advance(seconds=index % 2)
        caller.commit({f"f{index}": "x"}, message=f"commit {index}")
    shas, path = [], f"{repo}/commits?limit=3&ref=main"
    page = caller.ok("GET", path)
    caller.commit({"new": "x"})
    while True:
        shas += [commit["sha"] for commit in page["commits"]]
        if not page["has_more"]:
            break
        page = caller.ok("GET", f"{path}&cursor={page['next_cursor']}")
    assert shas == git("log", "--format=%H", "main~1").split()
    assert (
        caller.ok("GET", f"{repo}/commits/{shas[0][:7]}") == caller.ok("GET", f"{repo}/commits?limit=2")["commits"][1]
    )


def test_an_empty_repository(caller, repo):
    assert caller.ok("GET", f"{repo}/commits") == {"commits": [], "next_cursor": None, "has_more": False}
    assert caller.ok("GET", f"{repo}/branches") == {"branches": [], "next_cursor": None, "has_more": False}
    assert caller.refused("GET", f"{repo}/commits?ref=main") == (404, "NOT_FOUND")
    assert caller.refused("GET", f"{repo}/content") == (404, "NOT_FOUND")
    assert caller.refused("GET", f"{repo}/diff?base=main&head=main") == (404, "NOT_FOUND")
    assert caller.refused("POST", f"{repo}/merge/main", {"head": "x", "author": caller.author}) == (404, "NOT_FOUND")


def test_commit_keeps_author_dates_and_message_as_given(caller, repo):
    author = {"name": "Zoë Ü.", "email": "z@example.com", "date": "2020-02-29T12:00:00.123456789+05:30"}
    sha = caller.commit({"a": "1"}, author=author, message="Subject\n\nBody ✓\n")
    commit = caller.ok("GET", f"{repo}/commits/{sha}")
    assert commit["message"] == "Subject\n\nBody ✓\n"
    assert commit["author"] == {"name": "Zoë Ü.", "email": "z@example.com", "date": "2020-02-29T06:30:00Z"}
    assert commit["committer"]["date"] == "2026-01-02T03:04:05Z"
    assert caller.refused("GET", f"{repo}/commits/main") == (404, "NOT_FOUND")
    assert caller.refused("GET", f"{repo}/commits/0000000") == (404, "NOT_FOUND")


def test_base_sha_is_compared_and_swapped(caller, repo):
    first = caller.commit({"a": "1"})
    second = caller.commit({"a": "2"}, base_sha=first)
    for stale in (first, "0" * 40, "nonsense"):
        status, answer = caller("POST", f"{repo}/commits", commit_body(caller, [], base_sha=stale))
        assert (status, answer["error"]["details"]) == (409, {"head_sha": second})
    caller.ok("POST", "/acme/repos", {"name": "e"})
    assert caller.refused("POST", "/acme/e/commits", commit_body(caller, [], base_sha=first)) == (409, "CONFLICT")


def test_edits_make_the_tree_that_was_asked_for(caller, repo, git):
    caller.commit({"dir/sub/one": "1", "dir/two": "2", "three": "3", "file": "x"})
    caller.commit({"dir/sub/one": None, "three": None, "file": None, "file/now/dir": "y", "dir/two": "", "ünï ✓": "z"})
    listed = git("-c", "core.quotepath=false", "ls-tree", "-r", "--name-only", "main").splitlines()
    assert listed == ["dir/two", "file/now/dir", "ünï ✓"]
    binary = base64.b64encode(bytes(range(256))).decode()
    pointer = {"path": "big", "lfs": {"oid": "a" * 64, "size": 7}}
    files = [{"path": "bin", "content": binary, "encoding": "base64", "action": "upsert"}, pointer]
    caller.ok("POST", f"{repo}/commits", commit_body(caller, files))
    assert caller.send("GET", f"{repo}/content?path=bin", Accept="application/octet-stream").content == bytes(
        range(256)
    )
    assert git("show", "main:big") == f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 7"
    caller.commit(dict.fromkeys(["dir/two", "file/now/dir", "ünï ✓", "bin", "big"]))
    assert git("ls-tree", "main") == ""


def test_executable_files_stay_so(caller, repo, git):
    caller.commit({"run": "1"})
    tree = git("mktree", stdin=f"100755 blob {git('rev-parse', 'main:run')}\trun\n".encode())
    identity = ["-c", "user.name=U", "-c", "user.email=u@example.com"]
    git("update-ref", "refs/heads/main", git(*identity, "commit-tree", "-m", "x", tree))
    caller.commit({"run": "2"})
    assert git("ls-tree", "main").startswith("100755")
    assert caller.ok("GET", f"{repo}/content?path=run")["executable"] is True


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([{"path": "a/b", "content": ""}], (409, "CONFLICT")),
        ([{"path": "d", "content": ""}], (409, "CONFLICT")),
        ([{"path": "d", "action": "delete"}], (409, "CONFLICT")),
        ([{"path": "a", "content": ""}, {"path": "a/b", "content": ""}], (400, "BAD_REQUEST")),
        ([{"path": "new/b/c", "content": ""}, {"path": "new", "content": ""}], (400, "BAD_REQUEST")),
        ([{"path": "new", "action": "delete"}, {"path": "new/b", "content": ""}], (404, "NOT_FOUND")),
        ([{"path": "d", "action": "delete"}, {"path": "d/b", "content": ""}], (409, "CONFLICT")),
        ([{"path": "nope", "action": "delete"}], (404, "NOT_FOUND")),
        ([{"path": "no/pe", "action": "delete"}], (404, "NOT_FOUND")),
        ([{"path": "a/b", "action": "delete"}], (404, "NOT_FOUND")),
        ([{"path": "a/b", "action": "delete"}, {"path": "a/c", "content": ""}], (409, "CONFLICT")),
        ([{"path": "x", "content": ""}, {"path": "x", "content": ""}], (400, "BAD_REQUEST")),
    ],
)
def test_edits_that_do_not_fit_change_nothing(caller, repo, files, expected):
    sha = caller.commit({"a": "1", "d/e": "2"})
    assert caller.refused("POST", f"{repo}/commits", commit_body(caller, files)) == expected
    assert caller.ok("GET", repo)["head_sha"] == sha


def test_a_path_cannot_be_file_and_directory_at_once(caller, repo):
    body = commit_body(caller, [{"path": "q/r/s", "content": ""}, {"path": "q.x", "content": ""}])
    body["files"].append({"path": "q", "content": ""})
    status, answer = caller("POST", f"{repo}/commits", body)
    assert status == 400
    assert "'q'" in answer["error"]["message"]
    assert "'q/r/s'" in answer["error"]["message"]


@pytest.mark.parametrize("ref", ["a..b", "-x", "a/../b", "..", "a/.git/b", "a%00b", ".git"])
def test_a_ref_that_cannot_be_one_is_refused_wherever_it_is_asked_for(caller, repo, ref):
    caller.commit({"a": "1"})
    plain = ref.replace("%00", "\0")
    person = {"author": caller.author}
    for method, path, body in (
        ("GET", f"{repo}/commits/{ref.replace('/', '%2F')}", ...),
        ("GET", f"{repo}/commits?ref={ref}", ...),
        ("GET", f"{repo}/content?ref={ref}", ...),
        ("GET", f"{repo}/diff?base={ref}&head=main", ...),
        ("GET", f"{repo}/diff?base=main&head={ref}", ...),
        ("GET", f"{repo}/agentblame?base={ref}&head=main", ...),
        ("GET", f"{repo}/agentblame?base=main&head={ref}", ...),
        ("DELETE", f"{repo}/branches/{ref}", ...),
        ("POST", f"{repo}/branches", {"name": "n", "from": plain}),
        ("POST", f"{repo}/branches", {"name": plain, "from": "main"}),
        ("POST", f"{repo}/merge/{ref}", person | {"head": "main"}),
        ("POST", f"{repo}/merge/main", person | {"head": plain}),
        ("POST", f"{repo}/merge/main", person | {"head": plain, "delete_branch": True}),
        ("POST", f"{repo}/commits", commit_body(caller, [], branch=plain)),
        ("POST", f"{repo}/commits", commit_body(caller, [], base_sha=plain)),
        ("PATCH", repo, {"default_branch": plain}),
        ("POST", "/acme/repos", {"name": "n", "default_branch": plain}),
    ):
        assert caller.refused(method, path, body) == (400, "BAD_REQUEST"), (method, path, body)


@pytest.mark.parametrize(
    "path",
    [
        "/a", "a/", "a//b", ".", "..", "a/../b", "./a", ".git", ".GIT/config", "a/.git", "a/.git/b", "git~1", "a/GIT~1",
        ".git ", ".git.", ".git::$INDEX_ALLOCATION", ".g\u200cit", ".git\\x", "a\0b", "-a", "s" * 256,
        "d/" * 2048 + "f", "d/" * 128 + "f", ("d" * 99 + "/") * 50 + "f",
    ],
)  # fmt: skip
def test_a_bad_path_is_refused(caller, repo, path):
    body = commit_body(caller, [{"path": path, "content": ""}])
    assert caller.refused("POST", f"{repo}/commits", body) == (400, "BAD_REQUEST")


def test_sixteen_threads_all_land(caller, repo, git):
    caller.commit({"start": "0"})

    def work(number):
        return [caller.commit({f"{number}/{index}": "x"}) for index in range(5)]

    with ThreadPoolExecutor(16) as pool:
        shas = {sha for made in pool.map(work, range(16)) for sha in made}
    assert len(shas) == 80
    assert shas < set(git("log", "--format=%H", "main").split())
    assert len(git("ls-tree", "-r", "main").splitlines()) == 81


def test_one_of_two_writers_with_the_same_base_wins(caller, repo):
    base = caller.commit({"start": "0"})

    def work(number):
        return caller("POST", f"{repo}/commits", commit_body(caller, [], base_sha=base, message=str(number)))[0]

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(work, range(8))) == [201] + [409] * 7


def test_another_process_may_move_the_branch_meanwhile(caller, repo, git, monkeypatch):
    from mesa_transports.local.git import commit, refs

    first = caller.commit({"a": "1"})
    identity = ["-c", "user.name=U", "-c", "user.email=u@example.com"]
    write, raced = commit.write_commit, []

    def racing(*arguments):
        if len(raced) < limit:
            raced.append(git(*identity, "commit-tree", "-m", "x", "main^{tree}", "-p", "main"))
            git("update-ref", "refs/heads/main", raced[-1])
        return write(*arguments)

    monkeypatch.setattr(commit, "write_commit", racing)
    limit = 1
    sha = caller.commit({"b": "2"})
    assert git("log", "--format=%H", "main").split() == [sha, raced[0], first]
    raced.clear()
    assert caller.refused("POST", f"{repo}/commits", commit_body(caller, [], base_sha=sha)) == (409, "CONFLICT")
    raced.clear()
    limit = 99
    assert caller.refused("POST", f"{repo}/commits", commit_body(caller, [])) == (409, "CONFLICT")
    assert len(raced) == 5
    assert refs.branch_head is not None


def test_a_locked_branch_is_a_conflict(caller, repo, depot):
    caller.commit({"a": "1"})
    lock = depot.repository_path("acme", "r") / "refs/heads/main.lock"
    lock.touch()
    assert caller.refused("POST", f"{repo}/commits", commit_body(caller, [])) == (409, "CONFLICT")
    lock.unlink()


def test_content_of_files_and_directories(caller, repo, git, clock):
    caller.commit({"README.md": "# Hi\n", "src/a/b.py": "b", "src/z.py": "z"})
    clock.advance(days=1)
    caller.commit({"src/z.py": "zz"})
    file = caller.ok("GET", f"{repo}/content?path=README.md")
    assert file == {
        "type": "file", "name": "README.md", "path": "README.md", "sha": git("rev-parse", "main:README.md"), "size": 5,
        "encoding": "base64", "content": base64.b64encode(b"# Hi\n").decode(), "executable": False,
        "last_commit_at": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    root = caller.ok("GET", f"{repo}/content")
    assert (root["type"], root["name"], root["path"], root["child_count"]) == ("dir", "", "", 2)
    assert (root["sha"], root["next_cursor"], root["has_more"]) == (git("rev-parse", "main^{tree}"), None, False)
    assert [entry["path"] for entry in root["entries"]] == ["README.md", "src"]
    assert set(root["entries"][1]) == {"type", "name", "path", "sha"}
    deep = caller.ok("GET", f"{repo}/content?path=src&depth=2")
    assert [entry["path"] for entry in deep["entries"]] == ["src/a", "src/a/b.py", "src/z.py"]
    assert deep["entries"][2]["last_commit_at"] == "2026-01-03T03:04:05Z"
    assert deep["entries"][1]["last_commit_at"] == "2026-01-02T03:04:05Z"
    old = caller.ok("GET", f"{repo}/content?path=src/z.py&ref={git('rev-parse', 'main~1')}")
    assert old["last_commit_at"] == "2026-01-02T03:04:05Z"
    assert base64.b64decode(old["content"]) == b"z"


def test_last_commit_at_follows_merges_as_git_log_does(caller, repo, git, clock):
    caller.commit({"a": "1", "b": "1", "c": "1"})
    caller.ok("POST", f"{repo}/branches", {"name": "side", "from": "main"})
    clock.advance(hours=1)
    caller.commit({"a": "2"})
    clock.advance(hours=1)
    caller.commit({"b": "2"}, "side")
    clock.advance(hours=1)
    caller.ok("POST", f"{repo}/merge/main", {"head": "side", "author": caller.author})
    for entry in caller.ok("GET", f"{repo}/content")["entries"]:
        expected = git("log", "-1", "--date=format:%Y-%m-%dT%H:%M:%SZ", "--format=%cd", "main", "--", entry["path"])
        assert entry["last_commit_at"] == expected


def test_last_commit_at_is_bounded(caller, repo, monkeypatch):
    from mesa_transports.local.git import last_change

    caller.commit({"a": "1"})
    caller.commit({"b": "1"})
    monkeypatch.setattr(last_change, "_MOST_COMMITS", 1)
    assert [e["last_commit_at"] is None for e in caller.ok("GET", f"{repo}/content")["entries"]] == [True, False]


def test_symlinks_submodules_and_odd_names(caller, repo, git):
    caller.commit({"target": "t"})
    blob = git("rev-parse", "main:target")
    entries = f"120000 blob {blob}\tlink\x00160000 commit {'1' * 40}\tmodule\x00100644 blob {blob}\tnon-\x00".encode()
    entries = entries.replace(b"non-", b"non-\xff")
    tree = git("mktree", "-z", "--missing", stdin=entries)
    identity = ["-c", "user.name=U", "-c", "user.email=u@example.com"]
    git("update-ref", "refs/heads/main", git(*identity, "commit-tree", "-m", "x", tree))
    root = caller.ok("GET", f"{repo}/content")
    assert [(e["type"], e["name"]) for e in root["entries"]] == [("symlink", "link"), ("file", "non-\ufffd")]
    assert root["child_count"] == 2
    link = caller.ok("GET", f"{repo}/content?path=link")
    assert (link["type"], base64.b64decode(link["content"])) == ("symlink", b"t")
    assert caller.refused("GET", f"{repo}/content?path=module") == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json;q=1, application/octet-stream;q=0", "application/json"),
        ("application/octet-stream;q=1, application/json;q=0", "application/octet-stream"),
        ("application/octet-stream", "application/octet-stream"),
        ("application/octet-stream;q=0.5, application/json;q=0.4", "application/octet-stream"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
    ],
)
def test_the_accept_header_decides(caller, repo, accept, media_type):
    caller.commit({"f": "raw\n"})
    response = caller.send("GET", f"{repo}/content?path=f", Accept=accept)
    assert (response.status_code, response.media_type) == (200, media_type)


def test_not_acceptable(caller, repo):
    caller.commit({"f": "1"})
    assert caller.refused("GET", f"{repo}/content", Accept="application/octet-stream") == (406, "NOT_ACCEPTABLE")
    assert caller.refused("GET", f"{repo}/content?path=f", Accept="image/png") == (406, "NOT_ACCEPTABLE")
    assert caller.refused("GET", f"{repo}/diff?base=main&head=main", Accept="image/png") == (406, "NOT_ACCEPTABLE")


def test_content_refusals(caller, repo):
    caller.commit({"f": "1"})
    assert caller.refused("GET", f"{repo}/content?path=nope") == (404, "NOT_FOUND")
    assert caller.refused("GET", f"{repo}/content?path=f/x") == (404, "NOT_FOUND")
    assert caller.refused("GET", f"{repo}/content?ref=nope") == (404, "NOT_FOUND")
    for query in ("path=..", "path=/f", "path=a%00", "path=%FF", "depth=0", "depth=x", "ref=a..b", "ref=", "path=-x"):
        assert caller.refused("GET", f"{repo}/content?{query}") == (400, "BAD_REQUEST"), query


@pytest.fixture
def changes(caller, repo, git):
    """Two branches that differ in every way that a diff can tell."""
    body = "".join(f"line {index}\n" for index in range(30))
    before = {
        "mod": "1\n", "gone": "g\n", "renamed": body, "src": body + "tail\n", "link": "long enough a text\n",
        "exe": "#!\n",
        "café x": "1\n", "crlf": "a\r\nb\r\n", "noeol": "a",
    }  # fmt: skip
    caller.commit(before)
    binary = base64.b64encode(bytes(range(256))).decode()
    caller.ok(
        "POST", f"{repo}/commits", commit_body(caller, [{"path": "bin", "content": binary, "encoding": "base64"}])
    )
    caller.ok("POST", f"{repo}/branches", {"name": "next", "from": "main"})
    after = {
        "mod": "2\n", "gone": None, "renamed": None, "moved": body + "more\n", "src": body + "other\n",
        "copy": body + "tail\n", "café x": "2\n", "crlf": "a\r\nc\r\n", "noeol": "b", "new": "n\n", "empty": "",
    }  # fmt: skip
    caller.commit(after, "next")
    changed = [{"path": "bin", "content": binary[::-1].replace("=", "A"), "encoding": "base64"}]
    caller.ok("POST", f"{repo}/commits", commit_body(caller, changed, branch="next"))
    listing = git("ls-tree", "-z", "next").replace("100644 blob " + git("rev-parse", "next:exe"), "100755 blob X")
    listing = listing.replace("X\texe", git("rev-parse", "next:exe") + "\texe")
    target = git("hash-object", "-w", "--stdin", stdin=b"mod")
    listing = listing.replace("100644 blob " + git("rev-parse", "next:link"), f"120000 blob {target}")
    tree = git("mktree", "-z", stdin=listing.encode())
    identity = ["-c", "user.name=U", "-c", "user.email=u@example.com"]
    git("update-ref", "refs/heads/next", git(*identity, "commit-tree", "-m", "x", tree, "-p", "next"))
    return f"{repo}/diff?base=main&head=next"


def test_diff_names_every_kind_of_change(caller, changes):
    diff = caller.ok("GET", changes)
    assert (diff["base"], diff["head"]) == ("main", "next")
    assert {file["path"]: file["status"] for file in diff["files"]} == {
        "mod": "M", "gone": "D", "moved": "R", "src": "M", "copy": "C", "link": "T", "exe": "M", "café x": "M",
        "crlf": "M",
        "noeol": "M", "new": "A", "empty": "A",
    }  # fmt: skip
    assert {file["path"]: file["old_path"] for file in diff["files"] if "old_path" in file} == {
        "moved": "renamed", "copy": "src",
    }  # fmt: skip
    assert [(file["path"], file["status"]) for file in diff["filtered_files"]] == [("bin", "M")]
    assert "raw" not in diff["filtered_files"][0]
    assert diff["stats"]["files"] == 13
    assert diff["stats"]["changes"] == diff["stats"]["additions"] + diff["stats"]["deletions"]
    assert all(file["bytes"] == len(file["raw"].encode()) for file in diff["files"])


def test_the_patch_is_one_that_git_applies(caller, changes, depot, git, tmp_path):
    response = caller.send("GET", changes, Accept="text/plain;q=1, application/json;q=0")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", depot.repository_path("acme", "r"), clone], check=True, capture_output=True)
    git("apply", "--index", "-", directory=clone, stdin=response.content)
    assert git("write-tree", directory=clone) == git("rev-parse", "next^{tree}")


def test_a_binary_file_that_only_moved_is_in_the_patch_as_git_has_it(caller, repo, git, depot, tmp_path):
    caller.commit({"bin": "\0" * 100 + "Binary files \n", "text": "1\n"})
    caller.ok("POST", f"{repo}/branches", {"name": "next", "from": "main"})
    caller.commit({"bin": None, "Binary files x": "\0" * 100 + "Binary files \n", "text": "2\n"}, "next")
    patch = caller.send("GET", f"{repo}/diff?base=main&head=next", Accept="text/plain").content
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", depot.repository_path("acme", "r"), clone], check=True, capture_output=True)
    git("apply", "--index", "-", directory=clone, stdin=patch)
    assert git("write-tree", directory=clone) == git("rev-parse", "next^{tree}")


def test_a_large_patch_is_left_out(caller, repo):
    caller.commit({"a": ""})
    caller.ok("POST", f"{repo}/branches", {"name": "next", "from": "main"})
    caller.commit({"large": "x\n" * 600_000}, "next")
    diff = caller.ok("GET", f"{repo}/diff?base=main&head=next")
    assert [file["path"] for file in diff["filtered_files"]] == ["large"]
    assert diff["files"] == []
    assert diff["stats"]["additions"] == 600_000


def test_diff_refusals(caller, repo):
    caller.commit({"f": "1"})
    assert caller.refused("GET", f"{repo}/diff?base=main") == (400, "BAD_REQUEST")
    assert caller.refused("GET", f"{repo}/diff?base=main&head=nope") == (404, "NOT_FOUND")
    assert caller.refused("GET", f"{repo}/diff?base=-x&head=main") == (400, "BAD_REQUEST")
    assert caller.ok("GET", f"{repo}/diff?base=main&head=main")["files"] == []


@pytest.fixture
def forked(caller, repo):
    """Branches main and side, each with a commit that the other lacks; returns the path to merge into main."""
    caller.commit({"a": "1\n", "b": "1\n"})
    caller.ok("POST", f"{repo}/branches", {"name": "side", "from": "main"})
    caller.commit({"b": "2\n"}, "side")
    return f"{repo}/merge/main"


def test_merge_fast_forwards(caller, repo, forked):
    head = caller.ok("GET", f"{repo}/commits?ref=side&limit=1")["commits"][0]["sha"]
    body = {"head": "side", "author": caller.author, "delete_branch": True}
    answer = {"merge_type": "fast_forward", "sha": head, "base": "main", "head": "side", "branch_deleted": True}
    assert caller.ok("POST", forked, body) == answer
    assert [b["name"] for b in caller.ok("GET", f"{repo}/branches")["branches"]] == ["main"]
    again = caller.ok("POST", forked, {"head": head[:9], "author": caller.author})
    assert again == answer | {"head": head[:9], "branch_deleted": False}


def test_merge_commits(caller, repo, forked, git):
    caller.commit({"a": "2\n"})
    merged = caller.ok("POST", forked, {"head": "side", "author": caller.author})
    assert merged["merge_type"] == "merge_commit"
    commit = caller.ok("GET", f"{repo}/commits/{merged['sha']}")
    assert commit["message"] == "Merge branch 'side' into 'main'"
    assert len(git("rev-parse", "main^@").split()) == 2
    assert git("show", "main:b") == "2"
    caller.commit({"c": "3"}, "side")
    again = caller.ok("POST", forked, {"head": "side", "author": caller.author, "message": "Ship it"})
    assert caller.ok("GET", f"{repo}/commits/{again['sha']}")["message"] == "Ship it"


def test_a_merge_conflict_changes_nothing(caller, repo, forked):
    head = caller.commit({"b": "3\n", "a": None})
    status, answer = caller("POST", forked, {"head": "side", "author": caller.author, "delete_branch": True})
    assert (status, answer["error"]["code"], answer["error"]["details"]) == (409, "MERGE_CONFLICT", {"paths": ["b"]})
    assert caller.ok("GET", repo)["head_sha"] == head
    assert len(caller.ok("GET", f"{repo}/branches")["branches"]) == 2


def test_merge_refusals(caller, repo, forked):
    sha = caller.ok("GET", repo)["head_sha"]
    person = {"author": caller.author}
    delete = person | {"delete_branch": True}
    assert caller.refused("POST", forked, person | {"head": "nope"}) == (404, "NOT_FOUND")
    assert caller.refused("POST", f"{repo}/merge/nope", person | {"head": "side"}) == (404, "NOT_FOUND")
    assert caller.refused("POST", f"{repo}/merge/side", delete | {"head": "main"}) == (409, "CONFLICT")
    assert caller.refused("POST", forked, delete | {"head": "main"}) == (400, "BAD_REQUEST")
    assert caller.refused("POST", forked, delete | {"head": sha}) == (400, "BAD_REQUEST")
    assert caller.refused("POST", forked, delete | {"head": "side", "delete_branch": "yes"}) == (400, "BAD_REQUEST")


def test_times_that_no_calendar_has(caller, repo, git):
    caller.commit({"a": "1"})
    raw = git("cat-file", "commit", "main").replace("1767323045", "99999999999999")
    sha = git("hash-object", "-t", "commit", "-w", "--stdin", stdin=raw.encode() + b"\n")
    git("update-ref", "refs/heads/main", sha)
    commit = caller.ok("GET", f"{repo}/commits/{sha}")
    assert "date" not in commit["author"]
    assert caller.ok("GET", f"{repo}/content?path=a")["last_commit_at"] is None
    assert json.dumps(commit)


def test_an_ambiguous_sha_is_refused(caller, repo, git):
    from mesa_transports.local.git import refs
    from mesa_transports.local.refusals import BadRequest

    class Ambiguous:
        def __getitem__(self, sha):
            import pygit2

            raise pygit2.AmbiguousError

    with pytest.raises(BadRequest, match="ambiguous"):
        refs.find_commit(Ambiguous(), "abcd")


def test_a_name_that_only_libgit2_knows_as_dot_git_is_refused(caller, repo, monkeypatch):
    from mesa_transports.local import names

    monkeypatch.setattr(names, "is_dot_git", lambda segment: False)
    body = commit_body(caller, [{"path": "a/.git/config", "content": ""}])
    status, answer = caller("POST", f"{repo}/commits", body)
    assert status == 400
    assert "'a/.git'" in answer["error"]["message"]


def test_a_path_may_be_deleted_below_a_file_that_becomes_a_directory(caller, repo, git):
    caller.commit({"a/b": "1", "a/c": "2"})
    caller.commit({"a/b": None, "a/d/e": "3"})
    assert git("ls-tree", "-r", "--name-only", "main").split() == ["a/c", "a/d/e"]
    caller.commit({"a/c": None, "a/d/e": None, "a": "now a file"})
    assert git("ls-tree", "-r", "--name-only", "main").split() == ["a"]


def test_history_that_forks_and_joins_is_walked_once(caller, repo, git):
    caller.commit({"a": "1", "b": "1"})
    caller.ok("POST", f"{repo}/branches", {"name": "side", "from": "main"})
    caller.commit({"a": "2"})
    caller.commit({"c": "1"}, "side")
    caller.ok("POST", f"{repo}/merge/main", {"head": "side", "author": caller.author})
    page = caller.ok("GET", f"{repo}/commits")
    assert [commit["sha"] for commit in page["commits"]] == git("log", "--format=%H", "main").split()
    identity = ["-c", "user.name=U", "-c", "user.email=u@example.com"]
    caller.commit({"b": "2"}, "main")
    joined = git(*identity, "commit-tree", "-m", "x", "side^{tree}", "-p", "main", "-p", "side")
    git("update-ref", "refs/heads/main", joined)
    caller.ok("POST", f"{repo}/commits", commit_body(caller, []))
    assert all(entry["last_commit_at"] for entry in caller.ok("GET", f"{repo}/content")["entries"])
