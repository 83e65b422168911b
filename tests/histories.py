"""Histories of any length and shape, made by `git fast-import` in a moment."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

__all__ = ["Made", "fast_import", "linear", "with_merges"]

START = 1_500_000_000


@frozen
class Made:
    """A commit to make; `parents` are places in the list of commits, `files` what changes against the first of them."""

    time: int
    parents: Sequence[int] = ()
    files: Mapping[str, str | None] = field(factory=dict)


def fast_import(path: Path, commits: Iterable[Made], branch: str = "main") -> list[str]:
    """Add commits to a repository, let a branch point to the last of them, and return their shas."""
    marks = path / "marks"
    subprocess.run(
        ["git", "-C", path, "fast-import", "--quiet", "--force", f"--export-marks={marks}"],
        input=b"".join(_stream(commits, f"refs/heads/{branch}")), check=True, capture_output=True,
    )  # fmt: skip
    shas = dict(line.split() for line in marks.read_text().splitlines())
    marks.unlink()
    return [shas[f":{number}"] for number in range(1, len(shas) + 1)]


def _stream(commits: Iterable[Made], ref: str) -> Iterator[bytes]:
    for number, made in enumerate(commits):
        message = f"commit {number}"
        lines = [f"reset {ref}", f"commit {ref}", f"mark :{number + 1}"]
        lines += [f"committer Ann <ann@example.com> {made.time} +0000", f"data {len(message)}", message]
        for word, parent in zip(["from", *["merge"] * len(made.parents)], made.parents, strict=False):
            lines.append(f"{word} :{parent + 1}")
        for name, content in made.files.items():
            lines += [f"D {name}"] if content is None else [f"M 100644 inline {name}", f"data {len(content)}", content]
        yield "\n".join([*lines, ""]).encode()


def linear(count: int) -> Iterator[Made]:
    """A history in which `old/*` and `README` never change, `src/*` always does, and `now` now and then."""
    old = {f"old/{number}": f"{number}" for number in range(20)}
    yield Made(START, (), {**old, "README": "old", "now": "0", "src/0": "0"})
    for number in range(1, count):
        more = {"now": f"{number}"} if number % 50 == 0 else {}
        yield Made(START + 60 * number, (number - 1,), {f"src/{number % 40}": f"{number}", **more})


def with_merges(count: int) -> Iterator[Made]:
    """The same, but every fifth commit merges an older one."""
    for number, made in enumerate(linear(count)):
        merged = (number - 1, number - 3) if number > 2 and number % 5 == 4 else made.parents
        yield Made(made.time, merged, made.files)
