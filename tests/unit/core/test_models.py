"""Every model and every body against the contract: examples are made from its schemas, so none can be forgotten."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import attrs
import pytest
import yaml

from mesa_core import Response, ResponseValidationError
from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint
from mesa_core.resources import ENDPOINTS
from mesa_core.wire import wire_name

CONTRACT = Path(__file__).parents[3] / "docs" / "contract" / "openapi.yaml"


@cache
def contract() -> dict[str, Any]:
    return yaml.safe_load(CONTRACT.read_text())


def resolved(schema: Any) -> Any:
    while "$ref" in schema:
        found: Any = contract()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def merged(schema: Any) -> dict[str, Any]:
    schema = resolved(schema)
    if "allOf" not in schema:
        return schema
    parts = [merged(each) for each in schema["allOf"]]
    return {
        "type": "object",
        "required": [name for part in parts for name in part.get("required", [])],
        "properties": {name: each for part in parts for name, each in part["properties"].items()},
    }


def example(schema: Any, *, full: bool = True) -> Any:
    """Make a value of a schema: with every property, or with the required ones alone."""
    schema = merged(schema)
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return example(schema[choice][0], full=full)
    if "const" in schema:
        return schema["const"]
    kind = schema["type"]
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties", {})
        names = properties if full else schema.get("required", [])
        made = {name: example(properties[name], full=full) for name in names}
        more = schema.get("additionalProperties")
        return {**made, "a key": example(more, full=full)} if more else made
    if kind == "array":
        return [example(schema["items"], full=full)]
    if kind == "string":
        date = schema.get("format") == "date-time"
        return "2026-01-02T03:04:05+00:00" if date else (schema.get("enum") or schema.get("examples") or ["text"])[0]
    return {"boolean": True, "integer": 3, "number": 4}[kind]


def arms(schema: Any) -> list[Any]:
    schema = merged(schema)
    return schema.get("oneOf", [schema])


def operations() -> Iterator[tuple[Endpoint[Any], Any]]:
    """Yield each operation of the contract, with the endpoint of its name."""
    endpoints = {endpoint.name: endpoint for endpoint in ENDPOINTS}
    for path in contract()["paths"].values():
        for method, operation in path.items():
            if method != "parameters":
                yield endpoints[operation["x-sdk"]], operation


def cases() -> Iterator[Any]:
    for endpoint, operation in operations():
        for status, answer in operation["responses"].items():
            if status == "default":
                continue
            schema = resolved(answer)["content"]["application/json"]["schema"]
            for number, arm in enumerate(arms(schema)):
                yield pytest.param(int(status), endpoint.decode, arm, id=f"{endpoint.name}-{status}-{number}")


CASES = list(cases())


def read(decoder: Json[Any], status: int, data: object) -> Any:
    return decoder(Response(status, {"Content-Type": "application/json"}, json.dumps(data).encode()))


def required(schema: Any, path: str = "$", steps: tuple[Any, ...] = ()) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield each required property of a schema: its JSON path, and the steps that lead to it."""
    schema = merged(schema)
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            yield from required(schema[choice][0], path, steps)
            return
    for name in schema.get("required", []):
        yield f"{path}.{name}", (*steps, name)
    for name, each in schema.get("properties", {}).items():
        yield from required(each, f"{path}.{name}", (*steps, name))
    if "items" in schema:
        yield from required(schema["items"], f"{path}[0]", (*steps, 0))
    if schema.get("additionalProperties"):
        yield from required(schema["additionalProperties"], f"{path}['a key']", (*steps, "a key"))


@pytest.mark.parametrize(("status", "decoder", "schema"), CASES)
class TestEveryAnswerOfTheContract:
    @pytest.mark.parametrize("full", [True, False], ids=["full", "least"])
    def test_is_read_and_every_field_of_it_is_kept(
        self,
        status: int,
        decoder: Json[Any],
        schema: Any,
        full: bool,  # noqa: FBT001
    ) -> None:
        data = example(schema, full=full)
        assert back(read(decoder, status, data), data) == data

    def test_pickles(self, status: int, decoder: Json[Any], schema: Any) -> None:
        model = read(decoder, status, example(schema))
        assert pickle.loads(pickle.dumps(model)) == model

    def test_may_have_fields_that_this_release_does_not_know(
        self, status: int, decoder: Json[Any], schema: Any
    ) -> None:
        data = example(schema)
        assert read(decoder, status, {**data, "newer": [1]}) == read(decoder, status, data)

    def test_without_a_required_field_names_its_json_path(self, status: int, decoder: Json[Any], schema: Any) -> None:
        paths = list(required(schema))
        assert paths
        for path, steps in paths:
            data = example(schema)
            inner = data
            for step in steps[:-1]:
                inner = inner[step]
            del inner[steps[-1]]
            with pytest.raises(ResponseValidationError) as caught:
                read(decoder, status, data)
            assert caught.value.path == path
            assert str(caught.value) == f"{path}: required, but missing"

    def test_has_no_model_with_a_required_field_that_the_contract_does_not_require(
        self, status: int, decoder: Json[Any], schema: Any
    ) -> None:
        assert read(decoder, status, example(schema, full=False))


@pytest.mark.parametrize("full", [True, False], ids=["full", "least"])
@pytest.mark.parametrize(
    ("endpoint", "operation"),
    [pytest.param(*each, id=each[0].name) for each in operations() if "requestBody" in each[1]],
)
def test_every_body_of_the_contract_is_sent_as_it_is(endpoint: Endpoint[Any], operation: Any, full: bool) -> None:  # noqa: FBT001
    body = example(resolved(operation["requestBody"])["content"]["application/json"]["schema"], full=full)
    assert json.loads(endpoint(path={}, body=body).body or b"") == body


def back(value: Any, like: Any) -> Any:
    """Turn a model into JSON again, leaving out what an example does not have."""
    if attrs.has(type(value)):
        names = {wire_name(type(value), name): name for name in get_type_hints(type(value))}
        return {key: back(getattr(value, names[key]), like[key]) for key in like if key in names}
    if isinstance(value, tuple):
        return [back(each, other) for each, other in zip(value, like, strict=True)]
    if isinstance(value, dict):
        return {key: back(each, like[key]) for key, each in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else value
