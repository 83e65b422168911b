"""Git's real clients, as a stranger has them: configured by nothing but what a test says; and its requests by hand."""

from __future__ import annotations

import base64
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from pathlib import Path

from attrs import field, frozen

from mesa_sdk import Mesa
from mesa_transports.local.server import Server

__all__ = ["FETCH", "PUSH", "Git", "address", "ask", "basic", "heads"]

PUSH = "application/x-git-receive-pack-request"
FETCH = "application/x-git-upload-pack-request"

_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.com"))
}


@frozen
class Git:
    """Runs git in a directory of its own; `home` is where it looks for configuration."""

    home: Path
    more: Mapping[str, str] = field(factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            **_IDENTITY,
            **self.more,
        }

    def run(self, at: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail."""
        return subprocess.run(
            ["git", *arguments], cwd=at, env=self.environment, capture_output=True, check=False, timeout=120,
            encoding="utf-8", errors="replace",
        )  # fmt: skip

    def __call__(self, at: Path, *arguments: str) -> str:
        """Run a command that must succeed, and return what it prints."""
        done = self.run(at, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def refused(self, at: Path, *arguments: str) -> str:
        """Run a command that must fail, and return its complaint."""
        done = self.run(at, *arguments)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def commit(self, at: Path, path: str, content: str | bytes) -> str:
        """Commit a file, and return the commit's sha."""
        file = at / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        self(at, "add", "--", path)
        self(at, "commit", "--quiet", "--message", f"write {path}")
        return self(at, "rev-parse", "HEAD")


def address(server: Server, key: str | None, path: str = "acme/r.git") -> str:
    """Return the URL at which git finds a repository, with the key in it, if there is one."""
    return f"http://{f'any:{key}@' if key else ''}127.0.0.1:{server.port}/{path}"


def basic(key: str) -> str:
    """Return the credentials that git sends for a key."""
    return base64.b64encode(f"any:{key}".encode()).decode()


def ask(
    server: Server, target: str, authorization: str, content: bytes | None = None, **headers: str
) -> tuple[int, Message, bytes]:
    """Send what git would not send; return the status, the headers and the body of the answer."""
    fields = {"Authorization": authorization, **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{target}", content, fields)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def heads(api: Mesa, repo: str = "r") -> dict[str, str]:
    """Return the branches of a repository, as the API sees them."""
    return {branch.name: branch.head_sha for branch in api.branches.list(org="acme", repo=repo)}
