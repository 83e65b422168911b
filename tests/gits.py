"""Git's real clients, as a stranger has them: configured by nothing but what a test says."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

__all__ = ["Git"]

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
