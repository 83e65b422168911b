"""The code blocks of the seed document, for the tests that run them; and real values for what they print instead."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

from attrs import define

from mesa_core import Call, Plugin, Request
from mesa_sdk import Mesa

__all__ = ["BLOCKS", "BOT", "OID", "ROOT", "SEED", "Placeholders", "block", "commit", "run"]

ROOT = Path(__file__).parents[1]
SEED = (ROOT / "docs" / "seed.md").read_text()
BOT = {"name": "Bot", "email": "bot@example.com"}
OID = hashlib.sha256(b"large").hexdigest()


def is_code(lines: list[str]) -> bool:
    try:
        body = ast.parse("\n".join(lines)).body
    except SyntaxError:
        return False
    headings = (ast.Name, ast.Tuple, ast.BinOp)
    return bool(body) and not any(isinstance(node, ast.Expr) and isinstance(node.value, headings) for node in body)


def code_blocks() -> Iterator[str]:
    """Yield the longest runs of lines that are Python, prose and one-word headings left out."""
    lines = SEED.splitlines()
    start = 0
    while start < len(lines):
        for end in range(len(lines), start, -1):
            if is_code(lines[start:end]):
                yield "\n".join(lines[start:end]).strip() + "\n"
                start = end
                break
        else:
            start += 1


BLOCKS = list(code_blocks())


def block(containing: str) -> str:
    (found,) = [each for each in BLOCKS if containing in each]
    return found


@define
class Placeholders(Plugin):
    """Puts real values where the seed prints placeholders."""

    values: dict[str, str]

    def before_request(self, request: Request, call: Call) -> None:
        for placeholder, value in self.values.items():
            request.url = request.url.replace(placeholder, value)
            request.content = request.content.replace(placeholder.encode(), value.encode())


def commit(client: Mesa, branch: str, path: str, content: str, repo: str = "my-repo") -> str:
    edits = [{"path": path, "action": "create", "content": content}]
    body = {"branch": branch, "message": f"Write {path}", "author": BOT, "edits": edits}
    return client.commits.create(org="my-org", repo=repo, body=body).sha


def run(code: str, **names: object) -> dict[str, object]:
    exec(compile(code, "seed.md", "exec"), names)
    return names
