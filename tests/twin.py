"""A second repository, which git's own commands change as a Depot's is changed: all shas must come out the same."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from attrs import define, frozen

__all__ = ["Twin", "Verdict", "git"]

PERSON = "Bot <bot@example.com>"


def git(
    at: Path, *arguments: str | Path, stdin: bytes = b"", fails: Sequence[int] = (), index: Path | None = None
) -> bytes:
    """Run git on a bare repository, which has no index but one that is named; return what it prints."""
    command = ["git", f"--git-dir={at}", "-c", "merge.directoryRenames=false", *arguments]
    environment = None if index is None else {**os.environ, "GIT_INDEX_FILE": str(index)}
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, env=environment)
    assert done.returncode in {0, *fails}, (arguments, done.stderr)
    return done.stdout


@frozen
class Verdict:
    """What git says of a merge: the tree that it makes, or None and the paths that clash.

    Those that are a file on one side and a directory on the other are `aside` too: git would move the file out of the
    way, and does not name what is in the directory.
    """

    tree: str | None
    paths: frozenset[str] = frozenset()
    aside: frozenset[str] = frozenset()


@define
class Twin:
    """The repository, which is bare."""

    path: Path

    @classmethod
    def made(cls, path: Path) -> Twin:
        subprocess.run(["git", "init", "--quiet", "--bare", path], check=True)
        return cls(path)

    def heads(self) -> dict[str, str]:
        return heads(self.path)

    def branch(self, name: str, sha: str) -> None:
        git(self.path, "update-ref", f"refs/heads/{name}", sha, "0" * 40)

    def move(self, name: str, sha: str) -> None:
        git(self.path, "update-ref", f"refs/heads/{name}", sha)

    def delete(self, name: str) -> None:
        git(self.path, "update-ref", "-d", f"refs/heads/{name}")

    def commit(self, branch: str, message: str, now: datetime, files: Mapping[str, bytes | None]) -> None:
        """Commit changes of files, None for a deletion, as a child of what the branch points to, if it is there."""
        lines = [f"D {path}".encode() for path, content in files.items() if content is None]
        for path, content in files.items():
            if content is not None:
                lines += [f"M 100644 inline {path}".encode(), b"data %d" % len(content), content]
        self._import(branch, message, now, self.heads().get(branch), lines)

    def merge(self, branch: str, head: str, message: str, now: datetime, tree: str) -> None:
        """Commit a tree that is known as a merge of a head into a branch."""
        lines = [f"merge {head}".encode(), f"M 040000 {tree} ".encode()]
        self._import(branch, message, now, self.heads()[branch], lines)

    def _import(self, branch: str, message: str, now: datetime, parent: str | None, lines: Sequence[bytes]) -> None:
        time = f"{int(now.timestamp())} +0000"
        text = message.encode()
        head = [f"commit refs/heads/{branch}", f"author {PERSON} {time}", f"committer {PERSON} {time}"]
        stream = [*(line.encode() for line in head), b"data %d" % len(text), text]
        stream += [] if parent is None else [f"from {parent}".encode()]
        git(self.path, "fast-import", "--quiet", stdin=b"\n".join([*stream, *lines, b""]))

    def verdict(self, ours: str, theirs: str) -> Verdict:
        """Say what a merge of two commits comes to."""
        told = git(
            self.path,
            "merge-tree",
            "--write-tree",
            "--name-only",
            "-z",
            "--allow-unrelated-histories",
            ours,
            theirs,
            fails=[1],
        )
        tree, _, rest = told.decode().partition("\0")
        paths, conflicted, _ = rest.partition("\0\0")
        if not conflicted:
            return Verdict(tree)
        names = [name.partition("~") for name in paths.split("\0")]
        return Verdict(
            None, frozenset(name for name, _, _ in names), frozenset(name for name, moved, _ in names if moved)
        )

    def written(self, tree: Mapping[str, bytes]) -> str:
        """Write a tree and return its sha, beside all branches."""
        lines = [b"commit refs/scratch", f"committer {PERSON} 0 +0000".encode(), b"data 0", b"deleteall"]
        for path, content in tree.items():
            lines += [f"M 100644 inline {path}".encode(), b"data %d" % len(content), content]
        git(self.path, "fast-import", "--quiet", "--force", stdin=b"\n".join([*lines, b""]))
        return git(self.path, "rev-parse", "refs/scratch^{tree}").decode().strip()

    def files(self, tree: str) -> dict[str, bytes]:
        """Return the content of each file of a tree."""
        entries = git(self.path, "ls-tree", "-r", "-z", tree).decode().split("\0")[:-1]
        shas = {path: entry.split()[2] for entry, _, path in (line.partition("\t") for line in entries)}
        return {path: git(self.path, "cat-file", "blob", sha) for path, sha in shas.items()}

    def entries(self, ref: str) -> set[tuple[str, str]]:
        """Return the paths of a ref's files and directories, each with its sha."""
        lines = git(self.path, "ls-tree", "-r", "-t", "-z", ref).decode().split("\0")[:-1]
        return {(path, entry.split()[2]) for entry, _, path in (line.partition("\t") for line in lines)}

    def patched(self, base: str, patch: bytes) -> str:
        """Return the tree that a patch makes of a commit's."""
        index = self.path / "scratch-index"
        git(self.path, "read-tree", base, index=index)
        if patch:
            git(self.path, "apply", "--cached", "--whitespace=nowarn", "-", stdin=patch, index=index)
        return git(self.path, "write-tree", index=index).decode().strip()

    def is_plain(self, ours: str, theirs: str) -> bool:
        """Tell whether two commits have one merge base, since which neither has moved a file."""
        bases = git(self.path, "merge-base", "--all", ours, theirs, fails=[1]).decode().split()
        if len(bases) != 1:
            return False
        told = [git(self.path, "diff", "--name-status", "--find-renames", bases[0], side) for side in (ours, theirs)]
        return not any(line.startswith(b"R") for text in told for line in text.splitlines())


def heads(path: Path) -> dict[str, str]:
    told = git(path, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads").decode()
    return {name.removeprefix("refs/heads/"): sha for name, sha in (line.split(" ") for line in told.splitlines())}
