"""The contract as a fuzzer reads it: as it is, about a repository that exists, and narrowed and linked for chains.

The file itself stays as it is; what changes, changes in a copy in memory.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from hypothesis import HealthCheck, settings
from schemathesis import Case, CheckContext, Response

__all__ = [
    "contract",
    "examples",
    "in_the_envelope",
    "known",
    "linked",
    "operations",
    "refusals_listed",
    "sane_headers",
]

METHODS: Final = ("get", "post", "put", "patch", "delete")


def examples(few: int) -> settings:
    """Return settings for a few examples that are the same in each run, or for as many new ones as `make fuzz` asks."""
    many = int(os.environ.get("FUZZ_EXAMPLES", "0"))
    return settings(
        max_examples=many or few,
        derandomize=not many,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


@cache
def _text() -> str:
    return (Path(__file__).parents[1] / "docs" / "contract" / "openapi.yaml").read_text(encoding="utf-8")


def contract() -> dict[str, Any]:
    """Return the contract, to be changed at will.

    Without its discriminators: they map no values, so a reader takes `dir` for the name of a schema. Each arm of
    their unions has its `type` as a const, which says the same.
    """
    document: dict[str, Any] = yaml.safe_load(_text())
    schemas = document["components"]["schemas"]
    del schemas["Content"]["discriminator"], schemas["SyncStatus"]["properties"]["status"]["discriminator"]
    return document


def known() -> dict[str, Any]:
    """Return the contract about the repository acme/r alone."""
    document = contract()
    paths = document["paths"].items()
    document["paths"] = {path.replace("{org}", "acme").replace("{repo}", "r"): item for path, item in paths}
    for item in document["paths"].values():
        item["parameters"] = [
            each for each in item["parameters"] if each.get("$ref", "").rpartition("/")[2] not in {"org", "repo"}
        ]
    return document


def operations() -> Iterator[tuple[str, str]]:
    """Yield the method and the path of each operation."""
    for path, item in contract()["paths"].items():
        yield from ((method, path) for method in METHODS if method in item)


@cache
def refusals_listed() -> dict[int, set[str]]:
    """Return the statuses of refusals that the contract's description of errors lists, each with its codes."""
    said = contract()["components"]["responses"]["Error"]["description"]
    found = re.findall(r"(\d{3}) ([A-Z_]+)(?:\s+or\s+([A-Z_]+))?", said)
    listed = {int(status): {code for code in codes if code} for status, *codes in found}
    listed[400].add("NO_UPSTREAM")  # by the facts that come with the contract
    return listed


def in_the_envelope(ctx: CheckContext, response: Response, case: Case) -> None:
    """Check that a refusal has a status which the contract lists, and a code that goes with it."""
    if response.status_code < 400 or case.method == "HEAD":
        return
    # 405 is for HTTP to say: the wrong method, or a parameter that makes the path another operation's.
    codes = refusals_listed() | {405: {"METHOD_NOT_ALLOWED"}, 500: set()}
    code = json.loads(response.content)["error"]["code"]
    assert code in codes.get(response.status_code, ()), (response.status_code, code)


def sane_headers(ctx: CheckContext, response: Response, case: Case) -> None:
    """Check what every answer says of itself."""
    headers = response.headers
    repeated = [name for name, values in headers.items() if len(values) != 1]
    assert not repeated, repeated
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"][0])
    assert headers["content-length"][0] == str(len(response.content))
    assert headers["date"]
    assert ("www-authenticate" in headers) == (response.status_code == 401)
    assert ("allow" in headers) == (response.status_code == 405)
    if response.status_code >= 400:
        assert headers["content-type"] == ["application/json"]


PATH: Final = {"type": "string", "pattern": "^[a-z]{1,3}(/[a-z]{1,3}){0,2}$"}
NAME: Final = {"type": "string", "pattern": "^[A-Za-z0-9_]{1,20}$"}
AUTHOR: Final = {
    "type": "object",
    "required": ["name", "email"],
    "properties": {
        "name": NAME,
        "email": {"type": "string", "pattern": "^[a-z]{1,9}@[a-z]{1,9}$"},
        "date": {"type": "string", "pattern": "^20[0-9]{2}-0[1-9]-1[0-9]T0[0-9]:[0-5]0:00(Z|[+-]0[0-9]:30)$"},
    },
}
REPO: Final = {"type": "string", "enum": ["r", "s"]}  # few, so that what is asked about is often there
BRANCH: Final = {"type": "string", "enum": ["main", "side", "a/b"]}
SHA: Final = {"type": "string", "pattern": "^[0-9a-f]{40}$"}
REF: Final = {"type": "string", "pattern": "^(main|side|a/b|[0-9a-f]{40})$"}


def _narrowed() -> dict[str, Any]:
    """Return the contract with the Depot's own rules in it: what it asks for is taken."""
    document = contract()
    parts, paths = document["components"], document["paths"]
    _parameters(parts["parameters"], paths)
    schemas = parts["schemas"]
    schemas["UpstreamRequest"]["properties"] |= {
        "uri": {"enum": ["/nowhere", "http://127.0.0.1:9/x.git"]},
        "token": {"type": ["string", "null"], "pattern": "^[a-z]{1,9}$"},
        "token_username": NAME,
    }
    _edits(schemas["FileEdit"]["anyOf"])
    objects = parts["requestBodies"]["LfsObjects"]["content"]["application/json"]["schema"]["properties"]["objects"]
    objects |= {"minItems": 1, "maxItems": 100}
    objects["items"]["properties"] = _object()
    parts["requestBodies"]["LfsObjects"]["required"] = True
    _bodies(paths)
    return document


def _object() -> dict[str, Any]:
    return {
        "oid": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "size": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
    }


def _parameters(shared: dict[str, Any], paths: dict[str, Any]) -> None:
    shared["org"]["schema"] = {"enum": ["acme"]}
    shared["repo"]["schema"] = REPO
    shared["ref"]["schema"] = REF
    shared["cursor"]["schema"] = {"type": "string", "pattern": "^$", "maxLength": 0}
    values = {
        "sha": SHA,
        "branch": BRANCH,
        "base": BRANCH,
        "head": REF,
        "path": PATH,
        "depth": {"enum": [1, 2, 1_000_000]},
    }
    for item in paths.values():
        for holder in (item, *(item[method] for method in METHODS if method in item)):
            kept = [each for each in holder.get("parameters", ()) if not each.get("$ref", "").endswith("/cursor")]
            for parameter in kept:
                if parameter.get("name") in values:
                    parameter["schema"] = values[parameter["name"]]
            holder["parameters"] = kept


def _edits(kinds: list[dict[str, Any]]) -> None:
    content, deletion, pointer = (kind["properties"] for kind in kinds)
    for kind in (content, deletion, pointer):
        kind["path"] = PATH
    content["content"] = {"type": "string", "pattern": "^([A-Za-z0-9+/]{4}){0,5}$"}
    pointer["lfs"]["properties"] = _object()
    for kind in kinds:
        kind["additionalProperties"] = False


def _bodies(paths: dict[str, Any]) -> None:
    """Narrow what single operations take, and say that there must be a body where one of its fields must be there."""

    def body(method: str, path: str) -> dict[str, Any]:
        asked = paths[path][method]["requestBody"]
        schema = asked["content"]["application/json"]["schema"]
        asked["required"] = bool(schema.get("required"))
        return schema["properties"]

    body("post", "/{org}/repos").update(name=REPO, default_branch=BRANCH)
    body("patch", "/{org}/{repo}").update(name=REPO, default_branch=BRANCH)
    body("post", "/{org}/{repo}/branches").update({"name": BRANCH, "from": REF})
    commit = body("post", "/{org}/{repo}/commits")
    commit.update(branch=BRANCH, message=NAME, author=AUTHOR)
    del commit["base_sha"]
    commit["files"]["maxItems"] = 1  # of two, one may be in the other's way
    merge = body("post", "/{org}/{repo}/merge/{base}")
    merge.update(head=REF, author=AUTHOR, delete_branch={"const": False})
    webhook = body("post", "/{org}/{repo}/webhooks")
    webhook.update(url={"enum": ["http://127.0.0.1:9/hook"]}, secret=NAME)
    webhook["branches"]["items"], webhook["globs"]["items"] = BRANCH, PATH
    body("post", "/{org}/api-keys").update(name=NAME)


def linked() -> dict[str, Any]:
    """Return the narrowed contract with links: what one operation made, the others are asked about."""
    document = _narrowed()
    paths, made = document["paths"], _made()
    for source, (status, values) in made.items():
        method, path = source
        links = paths[path][method]["responses"][status].setdefault("links", {})
        for target_method, target in operations():
            operation = paths[target][target_method]
            link = _link(target, operation, values)
            # Whatever was made could be deleted next, and then nothing would be left to ask about.
            deletes = (target_method, target) == ("delete", "/{org}/{repo}") and source != ("post", "/{org}/repos")
            if link is not None and (target_method, target) != source and not deletes:
                links[operation["operationId"]] = link
    return document


def _made() -> dict[tuple[str, str], tuple[str, dict[str, str]]]:
    """Return what the answers of operations hold: each thing by the name of the parameter that takes it."""
    here = {"org": "$request.path.org", "repo": "$request.path.repo"}
    return {
        ("post", "/{org}/repos"): ("201", {"org": "$response.body#/org", "repo": "$response.body#/name"}),
        ("post", "/{org}/api-keys"): ("201", {"org": "$request.path.org", "id": "$response.body#/id"}),
        ("post", "/{org}/{repo}/commits"): (
            "201",
            here
            | dict.fromkeys(("branch", "ref", "base"), "$response.body#/branch")
            | dict.fromkeys(("sha", "head", "from"), "$response.body#/sha"),
        ),
        ("post", "/{org}/{repo}/branches"): (
            "201",
            here | dict.fromkeys(("branch", "ref", "base", "head", "from"), "$response.body#/name"),
        ),
        ("post", "/{org}/{repo}/webhooks"): ("201", here | {"webhookId": "$response.body#/id"}),
        ("get", "/{org}/{repo}/commits"): ("200", here | {"sha": "$response.body#/commits/0/sha"}),
        ("delete", "/{org}/{repo}"): ("200", here),
        ("delete", "/{org}/{repo}/branches/{branch}"): ("200", here | {"branch": "$request.path.branch"}),
        ("delete", "/{org}/api-keys/{id}"): ("200", {"org": "$request.path.org", "id": "$request.path.id"}),
    }


def _link(path: str, operation: dict[str, Any], values: dict[str, str]) -> dict[str, Any] | None:
    """Return the link to an operation, or None when it needs more than there is."""
    needed = set(re.findall(r"\{(\w+)\}", path))
    if not needed <= values.keys() or (len(needed) == 1 and "repo" in values):
        return None
    query = {each["name"] for each in operation.get("parameters", ()) if each.get("in") == "query"}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields = body.get("properties", {}).keys() & values.keys()
    link: dict[str, Any] = {
        "operationId": operation["operationId"],
        "parameters": {name: values[name] for name in (needed | query) & values.keys()},
    }
    if fields:
        link["requestBody"] = {name: values[name] for name in fields}
    return link
