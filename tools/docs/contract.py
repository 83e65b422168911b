"""Writes the contract as a page: `python tools/docs/contract.py`.

Reads docs/contract/openapi.yaml and writes docs/contract/index.md beside it. It knows what that document uses of
OpenAPI, and no more; an unknown kind of schema is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "docs" / "contract" / "openapi.yaml"

Node: TypeAlias = Mapping[str, Any]  # `Any`: a document's values are of every type

HEAD = """# The contract

What the SDK sends and reads: {operations} operations under `{server}`, version {version}. This page is made from
[openapi.yaml](openapi.yaml), against which the tests hold the client, the local Depot and this page. Requests carry
`Authorization: Bearer <key>`; a scope is what the key must be allowed to do.

!!! note "Where this is from"

    {description} Such facts are set apart as *assumptions* here.

Any other status than those listed has an [Error](#object-error) as its body. {error}
"""


def rendered(document: Node) -> str:
    """Return the page."""
    info, paths = document["info"], document["paths"]
    operations = [
        (method, path, item, operation)
        for path, item in paths.items()
        for method, operation in item.items()
        if method != "parameters"
    ]
    out = [
        HEAD.format(
            operations=len(operations),
            server=document["servers"][0]["url"],
            version=info["version"],
            description=info["description"].strip(),
            error=document["components"]["responses"]["Error"]["description"].strip(),
        )
    ]
    for tag in document["tags"]:
        out.append(f"## {tag['name']}\n")
        for method, path, item, operation in operations:
            if tag["name"] in operation["tags"]:
                out += _operation(document, method, path, item, operation)
    out.append("## Objects\n")
    for name, schema in document["components"]["schemas"].items():
        out += _object(document, name, schema)
    return "\n".join(out).rstrip() + "\n"


def _operation(document: Node, method: str, path: str, item: Node, operation: Node) -> Iterator[str]:
    name: str = operation["x-sdk"]
    yield f"### `{method.upper()} {path}` {{ #{name} }}\n"
    yield f"{operation['summary']}. [`client.{name}`][{_method(name)}], scope {_codes(operation['x-scopes'])}.\n"
    if "description" in operation:
        yield operation["description"].strip() + "\n"
    if "x-assumption" in operation:
        yield f"*Assumption:* {operation['x-assumption']}.\n"
    parameters = [_resolved(document, each) for each in item.get("parameters", []) + operation.get("parameters", [])]
    yield from _table(
        ["Parameter", "in", "Type", "Note"],
        [
            [_name(each["name"], required=each.get("required", False)), each["in"], _type(each["schema"]), _note(each)]
            for each in parameters
        ],
    )
    if "requestBody" in operation:
        schema = _resolved(document, operation["requestBody"])["content"]["application/json"]["schema"]
        yield "Body:\n"
        yield from _fields(document, schema)
    yield from _table(
        ["Status", "What", "Body of the answer"],
        [
            [f"`{status}`", _sentence(response), _bodies(response)]
            for status, response in ((key, _resolved(document, each)) for key, each in operation["responses"].items())
            if status != "default"  # an error, of which the page's head speaks
        ],
    )


def _method(name: str) -> str:
    """Return where the reference has a method of the client."""
    area, method = name.split(".")
    # Modules have the areas' names, and a class each.
    module = __import__(f"mesa_core.resources.{area}", fromlist=["__all__"])
    return f"{module.__name__}.{module.__all__[0]}.{method}"


def _object(document: Node, name: str, schema: Node) -> Iterator[str]:
    yield f"### {name} {{ #object-{name.lower()} }}\n"
    if "description" in schema:
        yield schema["description"].strip() + "\n"
    arms = schema.get("oneOf") or schema.get("anyOf")
    if arms is None:
        yield from _fields(document, schema)
        return
    if all("$ref" in arm for arm in arms):
        yield f"One of {_type(schema)}, told apart by `{schema['discriminator']['propertyName']}`.\n"
        return
    for number, arm in enumerate(arms):
        yield "Or:\n" if number else "Either:\n"
        yield from _fields(document, arm)


def _fields(document: Node, schema: Node) -> Iterator[str]:
    schema = _merged(document, schema)
    if "properties" not in schema:
        yield _type(schema) + "\n"
        return
    required = schema.get("required", [])
    yield from _table(
        ["Field", "Type", "Note"],
        [
            [_name(name, required=name in required), _type(each), _note(each)]
            for name, each in _flat(document, schema["properties"])
        ],
    )


def _flat(document: Node, properties: Node, prefix: str = "") -> Iterator[tuple[str, Node]]:
    """Yield fields, and those of objects within them under dotted names."""
    for name, schema in properties.items():
        yield prefix + name, schema
        inner = schema.get("items", schema)
        if "properties" in inner:
            dotted = f"{prefix}{name}[]." if "items" in schema else f"{prefix}{name}."
            yield from _flat(document, inner["properties"], dotted)


def _merged(document: Node, schema: Node) -> Node:
    """Return a schema with its `allOf` in one, and its reference followed."""
    schema = _resolved(document, schema)
    if "allOf" not in schema:
        return schema
    parts = [_merged(document, each) for each in schema["allOf"]]
    return {
        "required": [name for part in parts for name in part.get("required", [])],
        "properties": {name: each for part in parts for name, each in part["properties"].items()},
    }


def _resolved(document: Node, node: Node) -> Node:
    if "$ref" not in node:
        return node
    found: Any = document
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _type(schema: Node) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#object-{name.lower()})"
    if "const" in schema:
        return f"`{_literal(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{_literal(each)}`" for each in schema["enum"])
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(_type(each) for each in schema[union])
    kinds: str | list[str] = schema["type"]
    return " or ".join(_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _kind(kind: str, schema: Node) -> str:
    if kind == "array":
        return f"array of {_type(schema['items'])}"
    if kind == "object" and "additionalProperties" in schema:
        return f"object of {_type(schema['additionalProperties'])}"
    if kind == "object" and "properties" in schema and set(schema["properties"]) == {"type"}:
        return f"object with type {_type(schema['properties']['type'])}"
    formats = {"date-time": "instant (RFC 3339)", "email": "e-mail address", "binary": "bytes"}
    return formats.get(schema.get("format", ""), kind) if kind == "string" else kind


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _note(schema: Node) -> str:
    """Return what is said of a field or parameter: its text, bounds, default and examples."""
    inner = schema.get("schema", schema)
    bounds = {
        "minimum": "at least {}",
        "maximum": "at most {}",
        "minLength": "not empty",
        "default": "{} when left out",
    }
    said = [str(schema.get("description", "")).strip().rstrip(".")]
    said += [text.format(f"`{_literal(inner[key])}`") for key, text in bounds.items() if key in inner]
    if "examples" in inner:
        said.append("such as " + _codes(inner["examples"]))
    return "; ".join(filter(None, said))


def _sentence(response: Node) -> str:
    return str(response["description"]).strip()


def _bodies(response: Node) -> str:
    return ", ".join(
        _body(schema["schema"]) if media == "application/json" else f"`{media}`"
        for media, schema in response.get("content", {}).items()
    )


def _body(schema: Node) -> str:
    if "allOf" in schema:
        return " with ".join(map(_body, schema["allOf"]))
    if "properties" in schema:
        fields = (f"`{name}`: {_type(each)}" for name, each in schema["properties"].items())
        return "object of " + ", ".join(fields)
    return _type(schema)


def _name(name: str, *, required: bool) -> str:
    return f"**`{name}`**" if required else f"`{name}`"


def _codes(values: list[str]) -> str:
    return ", ".join(f"`{each}`" for each in values)


def _table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(' '.join(cell.split()) for cell in row)} |"
    yield ""


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else SOURCE.parent
    (folder / "index.md").write_text(rendered(yaml.safe_load(SOURCE.read_text())), encoding="utf-8")
