"""The local Depot against a model in memory and against git, which does the same things to a second repository.

Whatever the SDK's client asks of the Depot in any order, git's own commands do to the other one with the same dates, so
that every commit has to have the same sha. Merges are held against `git merge-tree`; what differs is in
docs/local-depot.md.
"""

from __future__ import annotations

import base64
import shutil
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest
from conftest import fsck
from depot_model import Commit, Repository, applied, blob_sha, combined, within
from fuzzing import examples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from twin import Twin, git, heads

from mesa_sdk import BadRequest, Conflict, MergeConflict, Mesa, NotFound
from mesa_transports.local import LocalDepot, ManualClock

AUTHOR = {"name": "Bot", "email": "bot@example.com"}
NOWHERE = "0" * 40
REPOS = st.sampled_from(["r", "r", "r", "r", "s"])
BRANCHES = st.sampled_from(["main", "dev", "main", "dev", "x", "x/y"])
PATHS = st.sampled_from(["a", "a/b", "d/e", "d/e/f", "g", "h", "é ü"])
KINDS = st.sampled_from(
    ["write", "write", "put", "put", "touch", "touch", "remove", "move", "delete", "binary", "empty"]
)
EDIT = st.tuples(KINDS, PATHS, st.integers(0, 5))
EDITS = st.lists(EDIT, max_size=3)
FEW = st.lists(EDIT, max_size=2)
PAIRS = st.sampled_from([("main", "dev"), ("dev", "main"), ("main", "x"), ("x/y", "main"), ("dev", "x/y")])
TOUCH = st.tuples(st.just("touch"), PATHS, st.integers(0, 5))
BOTH = st.just([]) | st.lists(TOUCH, min_size=1, max_size=1) | st.lists(EDIT, min_size=1, max_size=1)
ROUNDS = st.lists(st.tuples(FEW, FEW, BOTH), min_size=1, max_size=4)


class Machine(RuleBasedStateMachine):
    verdicts: ClassVar[Counter[str]] = Counter()
    """What merges came to, over all examples."""

    def __init__(self):
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.clock = ManualClock()
        self.depot = LocalDepot(clock=self.clock)
        self.client = Mesa(api_key="any", transport=self.depot)
        self.repos: dict[str, Repository] = {}
        self.twins: dict[str, Twin] = {}
        self.number = 0
        self.touched: tuple[str, str] | None = None

    def teardown(self):
        for name, repo in self.repos.items():
            for branch in repo.branches:
                self.check_branch(name, branch)
            self.check_patches(name)
            git(self.twins[name].path, "fsck", "--full", "--strict")
        fsck(self.depot)
        self.client.close()
        self.depot.close()
        shutil.rmtree(self.directory)

    def expect(self, error, call):
        """Make a call, which must fail just so, or succeed where no error is expected."""
        if error is None:
            return call()
        with pytest.raises(error) as caught:
            call()
        assert caught.type in (error if isinstance(error, tuple) else (error,)), caught.value
        return None

    def next(self):
        self.number += 1
        self.clock.advance(1)
        return self.number

    # Repositories

    @initialize(edits=EDITS, rounds=ROUNDS)
    def begin(self, edits, rounds):
        self.create_repository("r", "main")
        self.commit("r", "main", [("write", "g", 0), *edits], "any", fitting=True)
        self.diverge_and_merge("r", ("main", "dev"), rounds)

    @rule(name=REPOS, branch=BRANCHES)
    def create_repository(self, name, branch):
        error = Conflict if name in self.repos else None
        body = {"name": name, "default_branch": branch}
        self.expect(error, lambda: self.client.repos.create(org="acme", body=body))
        if error is None:
            self.repos[name] = Repository(branch)
            self.twins[name] = Twin.made(self.directory / f"{self.next()}.git")

    @rule(name=REPOS, chance=st.integers(0, 4))
    def delete_repository(self, name, chance):
        if chance:
            return  # seldom: little is found in a new one
        error = None if name in self.repos else NotFound
        self.expect(error, lambda: self.client.repos.delete(org="acme", repo=name))
        if error is None:
            del self.repos[name], self.twins[name]

    @rule(name=REPOS, new=REPOS, chance=st.integers(0, 4))
    def rename_repository(self, name, new, chance):
        if chance:
            return
        error = NotFound if name not in self.repos else Conflict if new in self.repos and new != name else None
        self.expect(error, lambda: self.client.repos.update(org="acme", repo=name, body={"name": new}))
        if error is None:
            self.repos[new], self.twins[new] = self.repos.pop(name), self.twins.pop(name)

    @rule(name=REPOS, branch=BRANCHES)
    def change_default_branch(self, name, branch):
        repo = self.repos.get(name)
        error = NotFound if repo is None or (repo.branches and branch not in repo.branches) else None
        self.expect(error, lambda: self.client.repos.update(org="acme", repo=name, body={"default_branch": branch}))
        if error is None:
            repo.default_branch = branch

    # Branches and commits

    @rule(name=REPOS, branch=BRANCHES, source=BRANCHES, back=st.integers(0, 3))
    def create_branch(self, name, branch, source, back):
        repo = self.repos.get(name, Repository("none"))
        source = self.ref(repo, source, back)
        sha = repo.resolved(source)
        error = NotFound if sha is None else Conflict if repo.in_the_way(branch) else None
        body = {"name": branch, "from": source}
        made = self.expect(error, lambda: self.client.branches.create(org="acme", repo=name, body=body))
        if error is None:
            assert (made.name, made.head_sha, made.is_default) == (branch, sha, branch == repo.default_branch)
            repo.branches[branch] = sha
            self.twins[name].branch(branch, sha)

    def ref(self, repo, branch, back):
        """Return a branch, or the sha of a commit behind it."""
        sha = repo.branches.get(branch)
        for _ in range(back):
            sha = sha and next(iter(repo.commits[sha].parents), sha)
        return sha if sha and back else branch

    @rule(name=REPOS, branch=BRANCHES)
    def delete_branch(self, name, branch):
        repo = self.repos.get(name, Repository("none"))
        error = NotFound if branch not in repo.branches else Conflict if branch == repo.default_branch else None
        self.expect(error, lambda: self.client.branches.delete(org="acme", repo=name, branch=branch))
        if error is None:
            del repo.branches[branch]
            self.twins[name].delete(branch)

    @rule(name=REPOS, branch=BRANCHES, edits=EDITS, base=st.sampled_from(["any", "any", "head", "stale"]))
    def commit(self, name, branch, edits, base, *, fitting=False):
        number, repo = self.next(), self.repos.get(name, Repository("none"))
        changes = self.changes(repo.tree(branch), edits, fitting=fitting)
        body = {
            "branch": branch,
            "message": f"commit {number} ✓\n",
            "author": AUTHOR,
            "files": [edit(*each) for each in changes.items()],
        }
        if base != "any":
            body["base_sha"] = repo.branches.get(branch, NOWHERE) if base == "head" else NOWHERE
        after = applied(repo.tree(branch), changes)
        error = self.why_not(name, repo, branch, body.get("base_sha"), after)
        made = self.expect(error, lambda: self.client.commits.create(org="acme", repo=name, body=body))
        if error is None:
            self.twins[name].commit(branch, body["message"], self.clock(), changes)
            parents = (repo.branches[branch],) if branch in repo.branches else ()
            self.landed(name, branch, made.sha, Commit(after, parents))

    @rule(name=REPOS, branch=BRANCHES, edits=FEW)
    def push(self, name, branch, edits):
        """Let git commit and push what the Depot has not seen."""
        self.next()
        repo = self.repos.get(name)
        if repo is None or branch not in repo.branches:
            return
        changes = self.changes(repo.tree(branch), edits, fitting=True)
        twin, parent = self.twins[name], repo.branches[branch]
        twin.commit(branch, f"pushed {self.number}", self.clock(), changes)
        git(twin.path, "push", "--quiet", self.depot.repository_path("acme", name), f"refs/heads/{branch}")
        self.landed(name, branch, twin.heads()[branch], Commit(applied(repo.tree(branch), changes), (parent,)))

    def changes(self, tree, edits, *, fitting):
        """Return what each path is to hold, without edits that would be refused where only fitting ones are wanted."""
        found = {}
        for kind, path, place in edits:
            after = found | self.change(tree, sorted(tree.keys() - found.keys()), kind, path, place)
            if not fitting or not isinstance(applied(tree, after), tuple):
                found = after
        return found

    def change(self, tree, left, kind, path, place):
        """Return what one edit does to a path, or to one of those that are left as they were."""
        if kind == "put":
            in_the_way = {file for file in tree if file != path and (within(path, file) or within(file, path))}
            return {**dict.fromkeys(in_the_way), path: self.lines(path)}
        if kind in {"write", "delete", "empty", "binary"} or not left:
            contents = {"delete": None, "empty": b"", "binary": b"\0%d" % self.number}
            return {path: contents.get(kind, self.lines(path))}
        file = left[place % len(left)]
        content = tree[file]
        if kind == "touch" and content:
            return {file: touched(content, place, self.number)}
        return {file: None} | ({path: content} if kind == "move" else {})

    def lines(self, path):
        return "".join(f"{path} {self.number} line {each}\n" for each in range(6)).encode()

    def why_not(self, name, repo, branch, base_sha, after):
        """Return how a commit is refused: what is asked about comes before what is asked for."""
        if after == (BadRequest,):
            return BadRequest
        missing = branch not in repo.branches
        if name not in self.repos or (missing and branch != repo.default_branch and repo.branches):
            return NotFound
        if base_sha is not None and base_sha != repo.branches.get(branch):
            return Conflict
        if isinstance(after, tuple):
            return after
        return Conflict if missing and repo.in_the_way(branch) else None

    def landed(self, name, branch, sha, commit):
        repo = self.repos[name]
        assert self.twins[name].heads()[branch] == sha
        repo.branches[branch] = sha
        repo.commits[sha] = commit
        self.touched = name, branch

    # Merges

    @rule(name=REPOS, base=BRANCHES, head=BRANCHES, back=st.sampled_from([0, 0, 0, 1]), delete=st.booleans())
    def merge(self, name, base, head, back, delete):
        number, repo = self.next(), self.repos.get(name, Repository("none"))
        head = self.ref(repo, head, back)
        ours, theirs = repo.branches.get(base), repo.resolved(head)
        body = {"head": head, "author": AUTHOR, "message": f"merge {number}", "delete_branch": delete}
        merge = lambda: self.client.merge.perform(org="acme", repo=name, base=base, body=body)  # noqa: E731
        error = self.why_no_merge(name, repo, base, head, delete=delete)
        if error is not None:
            self.expect(error, merge)
        elif theirs in repo.history(ours):
            self.merged(name, merge(), base, "fast_forward", ours)
        elif ours in repo.history(theirs):
            self.merged(name, merge(), base, "fast_forward", theirs)
            self.twins[name].move(base, theirs)
        else:
            error = self.combine(name, merge, base, theirs, body["message"])
        if error is None and delete:
            del repo.branches[head]
            self.twins[name].delete(head)

    @rule(name=REPOS, pair=PAIRS, rounds=ROUNDS)
    def diverge_and_merge(self, name, pair, rounds):
        """Do what most merges need before them, and merge to and fro."""
        base, head = pair
        repo = self.repos.get(name)
        if repo is None or base not in repo.branches:
            return
        if head not in repo.branches:
            self.create_branch(name, head, base, 0)
        for ours, theirs, both in rounds:
            self.commit(name, base, both + ours, "any", fitting=True)
            self.commit(name, head, both + theirs, "any", fitting=True)
            self.merge(name, base, head, 0, delete=False)
            base, head = head, base

    def why_no_merge(self, name, repo, base, head, *, delete):
        if name not in self.repos:
            return NotFound
        if delete and (head == base or (head not in repo.branches and head in repo.commits)):
            return BadRequest
        if delete and head == repo.default_branch:
            return Conflict
        return NotFound if base not in repo.branches or repo.resolved(head) is None else None

    def merged(self, name, answer, base, kind, sha):
        assert (answer.merge_type, answer.sha, answer.base) == (kind, sha, base)
        self.repos[name].branches[base] = sha
        self.touched = name, base

    def combine(self, name, merge, base, theirs, message):
        """Merge what goes different ways; return the error where it cannot be."""
        repo, twin = self.repos[name], self.twins[name]
        ours = repo.branches[base]
        verdict, plain = twin.verdict(ours, theirs), twin.is_plain(ours, theirs)
        tree = self.whole_files(repo, ours, theirs) if plain else None
        if tree is not None:
            assert verdict.tree == twin.written(tree)
        self.verdicts["clean" if verdict.tree else "conflict"] += 1
        try:
            answer = merge()
        except MergeConflict as error:
            # Where files moved, or there are several merge bases, libgit2 sees conflicts that git does not.
            paths = set(error.details["paths"])
            assert verdict.tree is None or not plain
            assert verdict.paths <= paths
            if plain:
                inside = {path for path in paths if any(within(path, file) for file in verdict.aside)}
                assert paths - verdict.paths <= inside
            return error
        assert verdict.tree is not None, verdict
        twin.merge(base, theirs, message, self.clock(), verdict.tree)
        self.landed(name, base, answer.sha, Commit(twin.files(verdict.tree), (ours, theirs)))
        assert (answer.merge_type, answer.base) == ("merge_commit", base)
        return None

    def whole_files(self, repo, ours, theirs):
        base = repo.base(ours, theirs)
        return None if base is None else combined(*(repo.commits[sha].tree for sha in (base, ours, theirs)))

    # What is held after each step

    @invariant()
    def heads_are_the_same(self):
        for name, repo in self.repos.items():
            shown = list(self.client.branches.list(org="acme", repo=name))
            assert {branch.name: branch.head_sha for branch in shown} == repo.branches
            assert {branch.name for branch in shown if branch.is_default} == {
                repo.default_branch
            } & repo.branches.keys()
        assert {repo.name for repo in self.client.repos.list(org="acme")} == self.repos.keys()

    @invariant()
    def what_was_touched_is_the_same(self):
        if self.touched is not None:
            name, branch = self.touched
            self.touched = None
            self.check_branch(name, branch)
            there = heads(self.depot.repository_path("acme", name))
            assert there == self.repos[name].branches == self.twins[name].heads()

    def check_branch(self, name, branch):
        """Hold a branch's history and tree against git's, and against the model's."""
        repo, twin = self.repos[name], self.twins[name]
        listed = [commit.sha for commit in self.client.commits.list(org="acme", repo=name, ref=branch, limit=4)]
        assert listed == git(twin.path, "log", "--format=%H", f"refs/heads/{branch}").decode().split()
        assert set(listed) == repo.history(repo.branches[branch])
        entries = self.client.content.get(org="acme", repo=name, ref=branch, depth=9).entries
        assert {(entry.path, entry.sha) for entry in entries} == twin.entries(f"refs/heads/{branch}")
        files = {(entry.path, entry.sha) for entry in entries if entry.type == "file"}
        assert files == {(path, blob_sha(content)) for path, content in repo.tree(branch).items()}

    def check_patches(self, name):
        """Hold the patch from each branch to the next one against what git makes of it."""
        branches = sorted(self.repos[name].branches)
        for base, head in pairwise([*branches, *branches[:1]]):
            patch = self.client.diffs.patch(org="acme", repo=name, base=base, head=head)
            tree = git(self.twins[name].path, "rev-parse", f"refs/heads/{head}^{{tree}}").decode().strip()
            assert self.twins[name].patched(f"refs/heads/{base}", patch.encode()) == tree


def touched(content, place, number):
    """Change one line, and half a file away the next time."""
    lines = content.splitlines(keepends=True)
    lines[(place + 3 * number) % len(lines)] = f"touched {number}\n".encode()
    return b"".join(lines)


def edit(path, content):
    if content is None:
        return {"path": path, "action": "delete"}
    return {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}


@pytest.mark.slow
def test_whatever_is_done_git_and_the_model_have_the_same():
    run_state_machine_as_test(Machine, settings=settings(examples(8), stateful_step_count=20))
    assert Machine.verdicts["clean"] > 5
    assert Machine.verdicts["conflict"] > 5
