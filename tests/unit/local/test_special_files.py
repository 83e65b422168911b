"""Git's own files: whatever the Depot takes, `git fsck --full --strict` finds nothing (the fixture `depot` runs it)."""

from __future__ import annotations

import random

import pytest

from mesa_transports.local.git.special_files import fault, is_dot_git, is_special

GOOD_MODULES = """\
# what we build on
[submodule "lib/one"]
\tpath = lib/one
\turl = https://git.example:8443/~me/one.git ; a mirror
\tbranch = main
\tupdate = rebase
\tshallow

[submodule "two"]\r
\tpath = "a path"\r
\turl = ../two.git\r
[core]
\turl = -x
[submodule]
\turl = -x
"""
BAD_NAME = '[submodule "../x"]\n\tpath = x\n'


def body(caller, path, content):
    edit = {"path": path, "content": content}
    return {"branch": "main", "message": "m", "author": caller.author, "files": [edit]}


def test_good_ones_are_kept(caller, repo, git):
    attributes = "*.bin binary\n" + "x" * 2047 + "\n"
    caller.commit({".gitmodules": GOOD_MODULES, ".gitattributes": attributes, "a/.gitmodules": "", ".mailmap": "<"})
    assert git("config", "--blob", "main:.gitmodules", "submodule.two.path") == "a path"
    assert git("show", "main:.gitattributes") == attributes.strip()


@pytest.mark.parametrize(
    "path",
    [
        ".gitmodules.txt", "gitmodules", ".gitmodulesx", ".gitmodules~1", "gitmod~5", "gi7eba~0", "gi7eb~1", "x~1",
        ".gitignore/x", ".mailmap/x", "gitattributes/x", ".git-x", "git~2", "git", "..git", ".github/x", "a\\git~2",
    ],
)  # fmt: skip
def test_names_that_only_look_alike_are_kept(caller, repo, path):
    caller.ok("POST", f"{repo}/commits", body(caller, path, BAD_NAME))


@pytest.mark.parametrize(
    "path",
    [
        "foo\\.git", "\\.git", "foo\\git~1", "a\\GIT~1\\c", "a\\.git ", ".git. .", ".git:x", "git~1:", "d/.g\u206ait",
        "\ufeff.git", "a\\b\\.GIT::$INDEX_ALLOCATION",
    ],
)  # fmt: skip
def test_every_spelling_of_dot_git_is_refused_by_name(caller, repo, path):
    status, answer = caller("POST", f"{repo}/commits", body(caller, path, ""))
    assert (status, answer["error"]["code"]) == (400, "BAD_REQUEST")
    assert ascii(path) in answer["error"]["message"]


@pytest.mark.parametrize(
    "path",
    [
        ".gitmodules", ".GitModules", ".gitmodules .", ".gitmodules:x", "GITMOD~1", "gitmod~4 ", "gi7eba~1", "GI7EB~10",
        "gi7e~123", "~1234567", ".git\u200cmodules", "d/.gitmodules", "d\\.gitmodules",
    ],
)  # fmt: skip
def test_every_spelling_of_gitmodules_is_read(caller, repo, path):
    status, answer = caller("POST", f"{repo}/commits", body(caller, path, BAD_NAME))
    assert status == 400
    assert ascii(path) in answer["error"]["message"]
    assert is_special(path)


@pytest.mark.parametrize(
    "content",
    [
        "[garbage", "x y", "= 1", "a\0", '[submodule "x"] url = -x', '[submodule ""]',
        '[submodule "a/../b"]', '[submodule "a\\\\b"]', "[submodule.x]\n\turl = y", '[submodule "x"]\n\tpath = -x',
        '[submodule "x"]\n\turl = -x', '[submodule "x"]\n\turl = "-x"', '[SubModule "x"]\n\tURL = -x',
        '[submodule "x"]\n\tupdate = !rm -rf .', '[submodule "x"]\n\turl = a\\\n-x', '[submodule "x"]\n\turl = ./%0a',
        '[submodule "x"]\n\turl = ../../:x', '[submodule "x"]\n\turl = ..//x', '[submodule "x"]\n\turl = https:///x',
        '[submodule "x"]\n\turl = http://x:99999/', '[submodule "x"]\n\turl = https://x/../../y', "\u0085[",
        '[submodule "x"]\n\turl = http::x', '[submodule "x"]\n\tpath = x\r', '[submodule "x"]\n\tpath = "x" "y"',
    ],
)  # fmt: skip
def test_what_git_would_not_use_is_refused(caller, repo, content):
    status, answer = caller("POST", f"{repo}/commits", body(caller, ".gitmodules", content))
    assert status == 400
    assert "'.gitmodules', but line " in answer["error"]["message"]


@pytest.mark.parametrize("path", [".gitmodules/x", ".gitattributes/x/y", "a/.GITATTRIBUTES/x", "gi7d29~1/x"])
def test_a_directory_in_place_of_one_is_refused(caller, repo, path):
    status, answer = caller("POST", f"{repo}/commits", body(caller, path, ""))
    assert status == 400
    assert ascii(path) in answer["error"]["message"]


@pytest.mark.parametrize("path", [".gitattributes", "a/.GITATTRIBUTES", "gitatt~1", "gi7d29~2"])
def test_attributes_with_a_line_that_git_does_not_read_are_refused(caller, repo, path):
    status, answer = caller("POST", f"{repo}/commits", body(caller, path, "a\n" + "x" * 2048))
    assert status == 400
    assert ascii(path) in answer["error"]["message"]


def test_attributes_larger_than_git_reads_are_refused():
    assert "104857600" in fault(".gitattributes", bytes((100 << 20) + 1))
    assert fault("attributes", bytes((100 << 20) + 1)) == ""


def test_a_merge_that_would_make_one_bad_is_a_conflict(caller, repo):
    lines = "".join(f"# {number}\n" for number in range(12))
    caller.commit({".gitmodules": f'[other "x"]\n{lines}\turl = y\n'})
    caller.ok("POST", f"{repo}/branches", {"name": "side", "from": "main"})
    caller.commit({".gitmodules": f'[submodule "x"]\n{lines}\turl = y\n'})
    caller.commit({".gitmodules": f'[other "x"]\n{lines}\turl = -y\n'}, "side")
    status, answer = caller("POST", f"{repo}/merge/main", {"head": "side", "author": caller.author})
    assert (status, answer["error"]["details"]) == (409, {"paths": [".gitmodules"]})


def test_a_merge_leaves_good_ones_alone(caller, repo, git):
    caller.commit({".gitmodules": GOOD_MODULES, "d/.gitattributes": "a\n"})
    caller.ok("POST", f"{repo}/branches", {"name": "side", "from": "main"})
    caller.commit({"d/.gitattributes": "b\n", "e/.gitattributes": "b\n"}, "side")
    caller.commit({".gitattributes": "c\n"})
    caller.ok("POST", f"{repo}/merge/main", {"head": "side", "author": caller.author})
    assert git("show", "main:d/.gitattributes") == "b"


def test_random_names_and_contents_that_are_taken_pass_fsck(caller, repo):
    """Every content that is refused under one of git's names stands under each name that was let through."""
    chance = random.Random(20)
    parts = [
        ".", "git", "GIT", "modules", "attributes", "gitmod", "gitatt", "gi7eba", "gi7d29", "gi7", "~", "1", "4", "9",
        "234567", " ", ":", "\\", "\u200c", "x", "é",
    ]  # fmt: skip
    names = {"".join(chance.choices(parts, k=chance.randint(1, 6))) for _ in range(3000)}
    bad = BAD_NAME + "x" * 3000
    taken = [name for name in names if name.strip(".") and not is_dot_git(name) and not is_special(name)]
    assert 500 < len(taken) < len(names)
    caller.commit(dict.fromkeys(taken, bad))
    lines = [
        '[submodule "x"]', "[core]", '[submodule "..x/y"]', "\turl = ", "path=", "update = ", "-x", "!x", '"-x"', "./x",
        "../x", "../", ":x", "/x", "http://h", "https://u@h:80/", "git://h/%0a", "%0A", "ssh://-x/", "u@h:x", "#", ";",
        "\n", "\n", "\n", "\r\n", "\\", '"', " ", "\t", "a",
    ]  # fmt: skip
    texts = {"".join(chance.choices(lines, k=chance.randint(1, 9))) for _ in range(4000)}
    kept = [text for text in texts if not fault(".gitmodules", text.encode())]
    assert 200 < len(kept) < len(texts)
    caller.commit({f"texts/{number}/.gitmodules": text for number, text in enumerate(kept)})
