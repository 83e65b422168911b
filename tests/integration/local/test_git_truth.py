"""Trees and merges of every kind that git has, pushed by git or made by the API: each side sees what the other made."""

from __future__ import annotations

import base64

import pytest
from conftest import ROOT_KEY
from gits import Git
from histories import START, Made, fast_import
from twin import Twin, heads
from twin import git as bare

from mesa_sdk import MergeConflict, Mesa, NotFound

HERE = {"org": "acme", "repo": "r"}
AUTHOR = {"name": "Bot", "email": "bot@example.com"}
LINES = "".join(f"line {number}\n" for number in range(20))

ODD = [
    "plain", "with space", " leading", "trailing ", "tab\there", "new\nline", 'quote"d', "it's", "back\\slash",
    "semi;colon", "star*", "[brackets]", "que?stion", "per%20cent", "hash#", "plus+", "am&p=1", "~tilde", "@at", "$var",
    "`tick`", "{}", "-dash", "--option", "ünïcode", "e\u0301 decomposed", "日本語/ファイル", "🚀/rocket",
    "\u202egnp.exe", "COM1", "a:b", ".hidden", "..dots", "dir.git/x", "deep/" * 40 + "end", "n" * 255, "\x7f", "\x01",
]  # fmt: skip
CONTENTS = {
    "empty": b"",
    "crlf": b"one\r\ntwo\r\n",
    "mixed": b"one\r\ntwo\nthree\r",
    "no newline": b"end",
    "bom": b"\xef\xbb\xbftext\n",
    "utf-16": "text\n".encode("utf-16"),
    "latin-1": b"caf\xe9\n",
    "binary": bytes(range(256)) * 40,
    "zeros": bytes(100_000),
}


@pytest.fixture
def api(depot):
    with Mesa(api_key=ROOT_KEY, transport=depot) as client:
        client.repos.create(org="acme", body={"name": "r"})
        yield client


@pytest.fixture
def path(api, depot):
    """The bare repository of acme/r."""
    return depot.repository_path("acme", "r")


def commit(api, files, branch="main"):
    edits = [
        {"path": name, "action": "delete"} if content is None else {"path": name, "content": content}
        for name, content in files.items()
    ]
    body = {"branch": branch, "message": "m", "author": AUTHOR, "files": edits}
    return api.commits.create(**HERE, body=body).sha


def listed(api, ref="main"):
    """Return what the API shows of a tree as `git ls-tree -r -t --long` does."""
    modes = {"dir": "040000 tree", "symlink": "120000 blob", "file": "100644 blob"}
    found = {}
    for entry in api.content.get(**HERE, ref=ref, depth=100).entries:
        mode = "100755 blob" if getattr(entry, "executable", False) else modes[entry.type]
        found[entry.path] = f"{mode} {entry.sha} {getattr(entry, 'size', '-')}"
    return found


def ls_tree(path, ref="main"):
    lines = bare(path, "ls-tree", "-r", "-t", "--long", "-z", ref).decode().split("\0")[:-1]
    entries = {name: " ".join(entry.split()) for entry, _, name in (line.partition("\t") for line in lines)}
    return {name: entry for name, entry in entries.items() if not entry.startswith("160000")}


def test_odd_paths_are_the_same_to_both(api, path, tmp_path, server):
    git = Git(tmp_path)
    git(tmp_path, "init", "--quiet", "--initial-branch", "main", "work")
    for number, name in enumerate(ODD):
        file = tmp_path / "work" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{number}\n")
    git(tmp_path / "work", "add", "--all")
    git(tmp_path / "work", "commit", "--quiet", "--message", "odd")
    git(tmp_path / "work", "push", "--quiet", f"http://any:{ROOT_KEY}@127.0.0.1:{server.port}/acme/r.git", "main")
    assert listed(api) == ls_tree(path)
    assert {name for name, entry in listed(api).items() if "blob" in entry} == set(ODD)
    for number, name in enumerate(ODD):
        if name.startswith("-"):
            continue  # what the API takes for no path
        found = api.content.get(**HERE, path=name)
        assert (found.path, found.data) == (name, f"{number}\n".encode())
    # And the other way: what the API writes under these names, git reads.
    commit(api, {name: f"again {number}\n" for number, name in enumerate(ODD) if name[0] != "-"})
    assert listed(api) == ls_tree(path)
    git(tmp_path / "work", "pull", "--quiet", f"http://any:{ROOT_KEY}@127.0.0.1:{server.port}/acme/r.git", "main")
    for number, name in enumerate(ODD):
        assert (tmp_path / "work" / name).read_text() == (f"{number}\n" if name[0] == "-" else f"again {number}\n")


@pytest.mark.parametrize("name", CONTENTS)
def test_contents_stay_byte_for_byte(api, path, tmp_path, name):
    content = CONTENTS[name]
    edit = {"path": "f", "content": base64.b64encode(content).decode(), "encoding": "base64"}
    body = {"branch": "main", "message": "m", "author": AUTHOR, "files": [edit]}
    api.commits.create(**HERE, body=body)
    assert bare(path, "cat-file", "blob", "main:f") == content
    git = Git(tmp_path)
    git(tmp_path, "clone", "--quiet", path.as_posix(), "work")
    assert (tmp_path / "work" / "f").read_bytes() == content
    sha = git.commit(tmp_path / "work", "pushed", content)
    git(tmp_path / "work", "push", "--quiet", "origin", "HEAD:main")
    assert api.content.read(**HERE, path="pushed", ref=sha) == content
    found = api.content.get(**HERE, path="pushed")
    assert (found.data, found.size) == (content, len(content))


def test_modes_and_submodules_of_a_pushed_history(api, path, tmp_path):
    git = Git(tmp_path)
    git(tmp_path, "init", "--quiet", "--initial-branch", "main", "lib")
    library = git.commit(tmp_path / "lib", "x", "x")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main", "work")
    work = tmp_path / "work"
    git.commit(work, "run", "#!/bin/sh\n")
    (work / "run").chmod(0o755)
    (work / "link").symlink_to("run")
    (work / "dangling").symlink_to("../nowhere/é")
    git(work, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../lib", "vendor/lib")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "modes")
    git(work, "push", "--quiet", path.as_posix(), "main")
    assert listed(api) == ls_tree(path)
    assert listed(api)["run"].startswith("100755")
    link = api.content.get(**HERE, path="dangling")
    assert (link.type, base64.b64decode(link.content).decode()) == ("symlink", "../nowhere/é")
    with pytest.raises(NotFound):
        api.content.get(**HERE, path="vendor/lib")
    # A commit of the API beside them leaves them as they are.
    commit(api, {"vendor/other": "x", "run": "#!/bin/bash\n"})
    after = bare(path, "ls-tree", "-r", "main").decode()
    assert f"160000 commit {library}\tvendor/lib" in after
    assert "100755" in after
    assert after.count("120000") == 2
    root = bare(path, "rev-list", "--max-parents=0", "main").decode().strip()
    assert f"+Subproject commit {library}" in api.diffs.patch(**HERE, base=root, head="main")


@pytest.mark.slow
def test_trees_of_ten_thousand_files(api, path):
    wide = {f"wide/{number:05}": f"{number}" for number in range(5_000)}
    nested = {f"nested/{number // 50}/{number}": f"{number}" for number in range(5_000)}
    fast_import(path, [Made(START, (), wide | nested)])
    assert listed(api) == ls_tree(path)
    sha = commit(api, {"wide/02500": "changed", "nested/99/4999": None, "new": "n"})
    assert listed(api) == ls_tree(path)
    changed = bare(path, "diff", "--name-status", f"{sha}~", sha).decode().split()
    assert changed == ["D", "nested/99/4999", "A", "new", "M", "wide/02500"]
    differ = api.diffs.get(
        **HERE, base=f"{heads(path)['main'][:12]}", head=bare(path, "rev-parse", "main~").decode().strip()
    )
    assert {(file.status, file.path) for file in differ.files} == {
        ("A", "nested/99/4999"),
        ("D", "new"),
        ("M", "wide/02500"),
    }
    api.branches.create(**HERE, body={"name": "side", "from": "main"})
    commit(api, {"wide/00001": "side"}, "side")
    commit(api, {"nested/0/1": "main"})
    api.merge.perform(**HERE, base="main", body={"head": "side", "author": AUTHOR})
    assert bare(path, "rev-parse", "main^{tree}").decode().strip() == Twin(path).verdict("main~", "side").tree
    assert len(listed(api)) == 5_000 + 4_999 + 1 + 2 + 100


def forked(api, base, ours, theirs):
    """Make branches main and side, which differ from a common base."""
    commit(api, base)
    api.branches.create(**HERE, body={"name": "side", "from": "main"})
    commit(api, ours)
    commit(api, theirs, "side")


def merged(api, path, base="main", head="side"):
    """Merge, and hold what came of it against git; return the paths that clash: of a file that moved, both names."""
    verdict = Twin(path).verdict(base, head)
    body = {"head": head, "author": AUTHOR}
    if verdict.tree is not None:
        answer = api.merge.perform(**HERE, base=base, body=body)
        assert bare(path, "rev-parse", f"{answer.sha}^{{tree}}").decode().strip() == verdict.tree
        return set()
    with pytest.raises(MergeConflict) as caught:
        api.merge.perform(**HERE, base=base, body=body)
    clash = set(caught.value.details["paths"])
    assert verdict.paths <= clash
    return clash


@pytest.mark.parametrize(
    ("ours", "theirs", "clash"),
    [
        ({"old": None, "new": LINES}, {"old": LINES.replace("line 5\n", "changed\n")}, set()),
        ({"old": LINES.replace("line 5\n", "changed\n")}, {"old": None, "d/new": LINES}, set()),
        ({"old": None, "new": LINES + "more\n"}, {"old": LINES.replace("line 5\n", "changed\n")}, set()),
        (
            {"old": None, "new": LINES.replace("line 5\n", "a\n")},
            {"old": LINES.replace("line 5\n", "b\n")},
            {"old", "new"},
        ),
        ({"old": None, "one": LINES}, {"old": None, "two": LINES}, {"old", "one", "two"}),
        ({"old": None, "new": LINES}, {"old": None, "new": LINES}, set()),
        ({"old": None, "new": LINES}, {"other": "x"}, set()),
    ],
)
def test_merges_with_renames(api, path, ours, theirs, clash):
    forked(api, {"old": LINES, "keep": "k"}, ours, theirs)
    assert merged(api, path) == clash


def test_root_deletions(api, path):
    """Everything is deleted, on one side and on both, and there is something again."""
    files = {"a": "1", "d/b": "2"}
    forked(api, files, dict.fromkeys(files), {"d/c": "3"})
    assert listed(api) == {}
    root = api.content.get(**HERE)
    assert (root.sha, root.child_count) == (bare(path, "rev-parse", "main^{tree}").decode().strip(), 0)
    assert merged(api, path) == set()
    assert set(listed(api)) == {"d", "d/c"}
    commit(api, {"d/c": None})
    commit(api, {"a": None, "d/b": None, "d/c": None}, "side")
    assert merged(api, path) == set()
    assert listed(api) == listed(api, "side") == {}
    commit(api, {"a/x": "again"})
    assert listed(api) == ls_tree(path)


def test_a_directory_that_one_side_deleted_and_the_other_changed(api, path):
    forked(api, {"d/a": "1", "d/b": "2", "k": "3"}, {"d/a": None, "d/b": None}, {"d/a": "changed"})
    assert merged(api, path) == {"d/a"}


@pytest.mark.parametrize("crossing", [False, True])
def test_criss_cross_merges(api, path, crossing):
    """Two branches that merged each other crosswise have two merge bases."""
    lines = LINES.splitlines(keepends=True)
    forked(api, {"f": LINES}, {"f": "ours\n" + LINES}, {"f": LINES + "theirs\n"})
    ours, theirs = heads(path)["main"], heads(path)["side"]
    for base, head in (("main", theirs), ("side", ours)):
        api.merge.perform(**HERE, base=base, body={"head": head, "author": AUTHOR})
    assert len(bare(path, "merge-base", "--all", "main", "side").split()) == 2
    changed = {"main": "".join(["ours\n", *lines[:5], "main\n", *lines[6:], "theirs\n"])}
    place = 5 if crossing else 15
    changed["side"] = "".join(["ours\n", *lines[:place], "side\n", *lines[place + 1 :], "theirs\n"])
    for branch, content in changed.items():
        commit(api, {"f": content}, branch)
    assert merged(api, path) == ({"f"} if crossing else set())


def test_histories_without_a_common_root(api, path):
    commit(api, {"a": "1"})
    fast_import(path, [Made(START, (), {"b": "2"})], "side")
    assert merged(api, path) == set()
    fast_import(path, [Made(START, (), {"a": "3"})], "other")
    assert merged(api, path, head="other") == {"a"}
