"""The contract's operations as plain requests: what they name exists and their bodies are valid, unless a test says."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import yaml
from attrs import frozen

__all__ = ["BODIES", "OPERATIONS", "Operation"]

CONTRACT = yaml.safe_load((Path(__file__).parents[1] / "docs" / "contract" / "openapi.yaml").read_text())
PERSON = {"name": "Bot", "email": "bot@example.com"}
BODIES = {
    "admin.create_api_key": {"name": "k", "scopes": ["git:read"]},
    "repos.create": {"name": "n", "default_branch": "main", "upstream": {"uri": "https://x.example/y", "token": "t"}},
    "repos.update": {"name": "m", "default_branch": "main", "upstream": {"uri": "https://x.example/y"}},
    "branches.create": {"name": "topic", "from": "main"},
    "commits.create": {
        "branch": "main",
        "message": "m",
        "author": PERSON,
        "base_sha": "0" * 40,
        "files": [{"path": "a", "content": "x", "encoding": "utf-8"}],
    },
    "merge.perform": {"head": "main", "author": PERSON, "message": "m"},
    "lfs.upload": {"objects": [{"oid": "0" * 64, "size": 1}]},
    "lfs.download": {"objects": [{"oid": "0" * 64, "size": 1}]},
    "webhooks.create": {
        "url": "https://x.example/",
        "events": ["push"],
        "branches": ["b"],
        "globs": ["g"],
        "secret": "s",
    },
}
EXISTING = {
    "org": "acme",
    "repo": "r",
    "base": "main",
    "branch": "main",
    "id": "key_1",
    "sha": "main",
    "webhookId": "wh_1",
}
REQUIRED = {"diffs.get": "?base=main&head=main", "agent_blame.get": "?base=main&head=main"}


@frozen
class Operation:
    """One operation of the contract, or the transfer of a large file, which the contract leaves to the server."""

    name: str
    method: str
    template: str
    queries: tuple[str, ...]

    @property
    def parameters(self):
        return re.findall(r"{(\w+)}", self.template)

    def path(self, **encoded):
        """Return the path and query below the API's root, with some parameters as given, which are encoded already."""
        values = {name: encoded.get(name, EXISTING.get(name, "x")) for name in self.parameters}
        return self.template.format(**values) + REQUIRED.get(self.name, "")

    def query(self, name, encoded):
        """Return the path with one query parameter as given."""
        path = self.path()
        others = [pair for pair in path.partition("?")[2].split("&") if pair and pair.partition("=")[0] != name]
        return f"{path.partition('?')[0]}?{'&'.join([*others, f'{quote(name)}={encoded}'])}"


def _resolved(item):
    return CONTRACT["components"]["parameters"][item["$ref"].rpartition("/")[2]] if "$ref" in item else item


def _operations():
    for template, item in CONTRACT["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                parameters = [_resolved(each) for each in operation.get("parameters", [])]
                queries = tuple(each["name"] for each in parameters if each["in"] == "query")
                yield Operation(operation["x-sdk"], method.upper(), template, queries)


OPERATIONS = tuple(_operations())
