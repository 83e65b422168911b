"""Pushes: what a webhook is told when a branch is not where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pygit2
from attrs import frozen

from mesa_transports.local.git import log
from mesa_transports.local.git.heads import Move, gained, touched
from mesa_transports.local.git.repository import open_repository
from mesa_transports.local.repositories import Repository

__all__ = ["Filter", "Push"]

_NOBODY: Final = "0" * 40


@frozen
class Filter:
    """Which pushes a webhook is told of; None for all branches, or all paths."""

    branches: tuple[str, ...] | None
    globs: tuple[str, ...] | None

    def wants(self, move: Move) -> bool:
        """Tell whether a move is of one of its branches."""
        return self.branches is None or move.branch in self.branches

    def fits(self, paths: set[str]) -> bool:
        """Tell whether one of its globs fits one of the paths, as a whole; `**` stands for any number of folders."""
        from wcmatch import glob  # noqa: PLC0415 -- few webhooks have any

        flags = glob.GLOBSTAR | glob.DOTGLOB | glob.CASE | glob.FORCEUNIX
        return self.globs is None or any(glob.globmatch(path, self.globs, flags=flags) for path in paths)


@frozen
class Push:
    """A branch that moved, with all that is needed to tell of it later."""

    repository: Repository
    path: Path
    """The bare git directory."""
    url: str
    move: Move
    before: Mapping[str, str]
    """The heads of all branches before it moved."""
    at: str

    def body(self, wanted: Filter) -> bytes | None:
        """Return what a webhook is told; None when its filter leaves this push out.

        Raises:
            pygit2.GitError, KeyError: the repository, or a commit of it, is there no more.
        """
        git = open_repository(self.path)
        commits = gained(git, self.move, self.before)
        if wanted.globs is not None and not wanted.fits(touched(git, self.move, commits)):
            return None
        return json.dumps(self._payload(commits), ensure_ascii=False).encode()

    def _payload(self, commits: list[pygit2.Commit]) -> dict[str, Any]:
        repository, move = self.repository, self.move
        return {
            "event": "push",
            "repository": {"id": repository.id, "org": repository.org, "name": repository.name, "url": self.url},
            "ref": f"refs/heads/{move.branch}",
            "branch": move.branch,
            "before": move.before or _NOBODY,
            "after": move.after or _NOBODY,
            "commits": [_shown(commit) for commit in commits],
            "pushed_at": self.at,
        }


def _shown(commit: pygit2.Commit) -> dict[str, Any]:
    shown = log.shown(commit)
    return {"id": shown["sha"], "sha": shown["sha"], "message": shown["message"], "author": shown["author"]}
