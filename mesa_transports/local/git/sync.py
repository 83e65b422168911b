"""Syncing from an upstream: git's own client fetches, then branches are fast-forwarded.

The credential travels in the environment of the git process, never in its arguments or its messages.
"""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pygit2
from attrs import field, frozen

from mesa_transports.local.git import refs
from mesa_transports.local.names import is_branch_name
from mesa_transports.local.refusals import Conflict

__all__ = ["Source", "SyncFailed", "fast_forward", "fetch"]

_FETCHED: Final = "refs/mesa/upstream/"
_COMMAND: Final = (
    "git", "-c", "credential.helper=", "-c", "core.hooksPath=/dev/null",
    "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "fetch.fsckObjects=true",
)  # fmt: skip
_OPTIONS: Final = ("--quiet", "--no-tags", "--force", "--prune", "--no-write-fetch-head", "--no-recurse-submodules")
_LONGEST_MESSAGE: Final = 300


class SyncFailed(Exception):
    """The upstream could not be fetched, or branches could not be moved."""


@frozen
class Source:
    """Where to fetch from; the token is None where none is needed."""

    uri: str
    token: str | None = field(repr=False)
    token_username: str


def fetch(path: Path, source: Source, timeout: float) -> None:
    """Fetch all branches of the source into refs of their own.

    Args:
        path: The bare repository to fetch into.
        source: Where to fetch from.
        timeout: Seconds after which git is stopped.

    Raises:
        SyncFailed: git could not fetch, found fault with what came (as `git fsck --strict` does), or took too long.
    """
    command = [*_COMMAND, f"--git-dir={path}", "fetch", *_OPTIONS, "--", source.uri, f"+refs/heads/*:{_FETCHED}*"]
    try:
        process = subprocess.Popen(  # noqa: S603 -- no shell, and the URI was checked and follows "--"
            command, env=_environment(source), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise SyncFailed(f"git could not be started: {error.strerror}") from None
    with process:
        complaint = _wait(process, timeout)
    if process.returncode:
        raise SyncFailed(_message(complaint, source))


def _wait(process: subprocess.Popen[bytes], timeout: float) -> str:
    try:
        return process.communicate(timeout=timeout)[1].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        # Its helpers hold the connection, so the whole group has to go.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise SyncFailed(f"the upstream took longer than {timeout:g} seconds") from None


def _environment(source: Source) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    settings = {
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
        "LC_ALL": "C",
    }
    return kept | settings | _credential(source)


def _credential(source: Source) -> dict[str, str]:
    parts = urlsplit(source.uri)
    if source.token is None or parts.scheme not in {"http", "https"}:
        return {}
    basic = base64.b64encode(f"{source.token_username}:{source.token}".encode()).decode()
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
    return {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"http.{origin}.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        # A redirect could carry the credential to another host.
        "GIT_CONFIG_KEY_1": "http.followRedirects",
        "GIT_CONFIG_VALUE_1": "false",
    }


def _message(complaint: str, source: Source) -> str:
    lines = [line for line in complaint.splitlines() if line.startswith(("fatal:", "error:"))]
    text = (lines or complaint.splitlines() or ["git failed without a word"])[0][:_LONGEST_MESSAGE]
    return text.replace(source.token, "***") if source.token else text


def fast_forward(repository: pygit2.Repository) -> None:
    """Move each branch to what was fetched for it; one with commits of its own that the upstream lacks stays.

    Raises:
        SyncFailed: branches have diverged; all the others were moved.
    """
    stuck: list[str] = []
    for raw in repository.raw_listall_references():
        # A name that is not UTF-8 could not be told to anyone, so its branch is left out.
        name = raw.decode("utf-8", "ignore")
        if name.startswith(_FETCHED) and name.encode() == raw:
            reference = repository.lookup_reference(name)
            branch = name.removeprefix(_FETCHED)
            # Nor could one be read whose name the API takes for something else, such as forty hex digits.
            if is_branch_name(branch) and not _moved(repository, branch, reference.peel(pygit2.Commit)):
                stuck.append(branch)
            reference.delete()
    if stuck:
        raise SyncFailed(f"branches have diverged from the upstream: {', '.join(sorted(stuck))}")


def _moved(repository: pygit2.Repository, branch: str, theirs: pygit2.Commit) -> bool:
    ours = refs.branch_head(repository, branch)
    if ours is not None and (ours.id == theirs.id or repository.descendant_of(ours.id, theirs.id)):
        return True
    if ours is not None and not repository.descendant_of(theirs.id, ours.id):
        return False
    try:
        refs.advance(repository, branch, ours and ours.id, theirs.id)
    except Conflict:
        return False
    return True
