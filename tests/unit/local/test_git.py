"""Branches and commits, held against git itself."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest


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
        status, answer = caller("POST", f"{repo}/commits", caller.commit_body([], base_sha=stale))
        assert (status, answer["error"]["details"]) == (409, {"head_sha": second})
    caller.ok("POST", "/acme/repos", {"name": "e"})
    assert caller.refused("POST", "/acme/e/commits", caller.commit_body([], base_sha=first)) == (409, "CONFLICT")


def test_edits_make_the_tree_that_was_asked_for(caller, repo, git):
    caller.commit({"dir/sub/one": "1", "dir/two": "2", "three": "3", "file": "x"})
    caller.commit({"dir/sub/one": None, "three": None, "file": None, "file/now/dir": "y", "dir/two": "", "ünï ✓": "z"})
    listed = git("-c", "core.quotepath=false", "ls-tree", "-r", "--name-only", "main").splitlines()
    assert listed == ["dir/two", "file/now/dir", "ünï ✓"]
    binary = base64.b64encode(bytes(range(256))).decode()
    pointer = {"path": "big", "lfs": {"oid": "a" * 64, "size": 7}}
    files = [{"path": "bin", "content": binary, "encoding": "base64", "action": "upsert"}, pointer]
    caller.ok("POST", f"{repo}/commits", caller.commit_body(files))
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
    assert caller.refused("POST", f"{repo}/commits", caller.commit_body(files)) == expected
    assert caller.ok("GET", repo)["head_sha"] == sha


def test_a_path_cannot_be_file_and_directory_at_once(caller, repo):
    body = caller.commit_body([{"path": "q/r/s", "content": ""}, {"path": "q.x", "content": ""}])
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
        ("POST", f"{repo}/commits", caller.commit_body([], branch=plain)),
        ("POST", f"{repo}/commits", caller.commit_body([], base_sha=plain)),
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
    body = caller.commit_body([{"path": path, "content": ""}])
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
        return caller("POST", f"{repo}/commits", caller.commit_body([], base_sha=base, message=str(number)))[0]

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
    assert caller.refused("POST", f"{repo}/commits", caller.commit_body([], base_sha=sha)) == (409, "CONFLICT")
    raced.clear()
    limit = 99
    assert caller.refused("POST", f"{repo}/commits", caller.commit_body([])) == (409, "CONFLICT")
    assert len(raced) == 5
    assert refs.branch_head is not None


def test_a_locked_branch_is_a_conflict(caller, repo, depot):
    caller.commit({"a": "1"})
    lock = depot.repository_path("acme", "r") / "refs/heads/main.lock"
    lock.touch()
    assert caller.refused("POST", f"{repo}/commits", caller.commit_body([])) == (409, "CONFLICT")
    lock.unlink()


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
    body = caller.commit_body([{"path": "a/.git/config", "content": ""}])
    status, answer = caller("POST", f"{repo}/commits", body)
    assert status == 400
    assert "'a/.git'" in answer["error"]["message"]


def test_a_path_may_be_deleted_below_a_file_that_becomes_a_directory(caller, repo, git):
    caller.commit({"a/b": "1", "a/c": "2"})
    caller.commit({"a/b": None, "a/d/e": "3"})
    assert git("ls-tree", "-r", "--name-only", "main").split() == ["a/c", "a/d/e"]
    caller.commit({"a/c": None, "a/d/e": None, "a": "now a file"})
    assert git("ls-tree", "-r", "--name-only", "main").split() == ["a"]


def test_times_that_no_calendar_has(caller, repo, git):
    caller.commit({"a": "1"})
    raw = git("cat-file", "commit", "main").replace("1767323045", "99999999999999")
    sha = git("hash-object", "-t", "commit", "-w", "--stdin", stdin=raw.encode() + b"\n")
    git("update-ref", "refs/heads/main", sha)
    commit = caller.ok("GET", f"{repo}/commits/{sha}")
    assert "date" not in commit["author"]
    assert caller.ok("GET", f"{repo}/content?path=a")["last_commit_at"] is None
    assert json.dumps(commit)


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
    caller.ok("POST", f"{repo}/commits", caller.commit_body([]))
    assert all(entry["last_commit_at"] for entry in caller.ok("GET", f"{repo}/content")["entries"])
