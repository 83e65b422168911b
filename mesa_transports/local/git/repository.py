"""Bare repositories: making and opening them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pygit2
from pygit2.enums import RepositoryOpenFlag

from mesa_transports.local.refusals import NotFound

__all__ = ["init_repository", "open_repository", "set_default_branch"]

_OWN_CONFIGURATION: Final = {
    "diff.mnemonicPrefix": False,
    "diff.noprefix": False,
    "gc.auto": 0,
    "transfer.fsckObjects": True,  # whoever pushes to the directory is checked too
}
"""Settings that must not depend on those of the user who runs the Depot."""


def init_repository(path: Path, default_branch: str) -> None:
    """Make an empty bare repository."""
    repository = pygit2.init_repository(str(path), bare=True, initial_head=default_branch)
    for name, value in _OWN_CONFIGURATION.items():
        repository.config[name] = value


def open_repository(path: Path) -> pygit2.Repository:
    """Open a repository; NotFound when it was deleted meanwhile."""
    try:
        return pygit2.Repository(str(path), RepositoryOpenFlag.BARE | RepositoryOpenFlag.NO_SEARCH)
    except pygit2.GitError:
        raise NotFound("Repository not found") from None


def set_default_branch(repository: pygit2.Repository, branch: str) -> None:
    """Make HEAD point to a branch, which may be yet to be born."""
    repository.create_reference_symbolic("HEAD", f"refs/heads/{branch}", force=True)
