"""Decoding is strict about what came, and open about what is new."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

import attrs
import pytest
from attrs import frozen

from mesa_core import Response, ResponseValidationError
from mesa_core.converter import Json
from mesa_core.wire import Wire
from mesa_sdk import (
    Autosync,
    FileStatus,
    OpenEnum,
    Scope,
)

pytestmark = pytest.mark.usefixtures("json_reader")


class Colour(OpenEnum):
    RED = "red"


@frozen(kw_only=True)
class Part:
    total: Annotated[int, Wire("totalLines")]


@frozen(kw_only=True)
class Model:
    text: str
    flag: bool = True
    count: int = 0
    ratio: float = 0.0
    at: datetime | None = None
    kind: Literal["a", 1] = "a"
    colour: Colour = Colour.RED
    texts: tuple[str, ...] = ()
    by_name: Mapping[str, int] = attrs.field(factory=dict)
    part: Part | None = None
    parts: tuple[Part, ...] = ()
    deep: Mapping[str, tuple[Part, ...]] = attrs.field(factory=dict)


def decode(kind: Any, data: object, status: int = 200) -> Any:
    if kind is Model and isinstance(data, dict):
        data = {"text": "x", **data}
    return Json[Any](kind)(Response(status, {"Content-Type": "application/json"}, json.dumps(data).encode()))


def fault(kind: Any, data: object) -> ResponseValidationError:
    with pytest.raises(ResponseValidationError) as caught:
        decode(kind, data)
    return caught.value


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("text", None, "expected a string, got null"),
        ("text", 1, "expected a string, got a number"),
        ("text", True, "expected a string, got a boolean"),
        ("text", ["x"], "expected a string, got an array"),
        ("text", {}, "expected a string, got an object"),
        ("flag", None, "expected a boolean, got null"),
        ("flag", "false", "expected a boolean, got a string"),
        ("flag", 1, "expected a boolean, got a number"),
        ("count", True, "expected a whole number, got a boolean"),
        ("count", "1", "expected a whole number, got a string"),
        ("count", 1.5, "expected a whole number, got 1.5"),
        ("count", None, "expected a whole number, got null"),
        ("ratio", "1", "expected a number, got a string"),
        ("ratio", True, "expected a number, got a boolean"),
        ("at", 1_700_000_000, "expected a string, got a number"),
        ("at", "yesterday", "expected an RFC 3339 date-time, got 'yesterday'"),
        ("at", "2026-01-02T03:04:05", "expected a date-time with an offset, got '2026-01-02T03:04:05'"),
        ("at", "2026-01-02", "expected a date-time with an offset, got '2026-01-02'"),
        ("kind", "b", "expected 'a' or 1, got 'b'"),
        ("kind", True, "expected 'a' or 1, got a boolean"),
        ("colour", None, "expected a string, got null"),
        ("colour", 5, "expected a string, got a number"),
        ("texts", "abc", "expected an array, got a string"),
        ("texts", {"a": 1}, "expected an array, got an object"),
        ("texts", None, "expected an array, got null"),
        ("by_name", [], "expected an object, got an array"),
        ("by_name", "abc", "expected an object, got a string"),
        ("part", [], "expected an object, got an array"),
        ("part", "x", "expected an object, got a string"),
    ],
)
def test_a_value_is_taken_only_as_it_is(field: str, value: object, expected: str) -> None:
    error = fault(Model, {field: value})
    assert (error.path, error.message) == (f"$.{field}", f"$.{field}: {expected}")


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("count", 12.0, 12),
        ("count", 10**20, 10**20),
        ("ratio", 1, 1.0),
        ("at", "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("at", "2026-01-02T03:04:05.5+02:00", datetime(2026, 1, 2, 1, 4, 5, 500_000, tzinfo=UTC)),
        ("at", None, None),
        ("kind", 1, 1),
        ("texts", ["a", ""], ("a", "")),
        ("by_name", {"a": 1}, {"a": 1}),
        ("part", {"totalLines": 3}, Part(total=3)),
        ("deep", {"x": [{"totalLines": 3}]}, {"x": (Part(total=3),)}),
    ],
)
def test_a_value_of_its_type_is_read(field: str, value: object, read: object) -> None:
    got = getattr(decode(Model, {field: value}), field)
    assert got == read
    assert type(got) is type(read)


def test_the_offset_of_an_instant_is_kept() -> None:
    moment = decode(Model, {"at": "2026-01-02T03:04:05+02:00"}).at
    assert moment.utcoffset() == timedelta(hours=2)
    assert moment.tzinfo == timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"part": {}}, "$.part.totalLines"),
        ({"part": {"total": 1}}, "$.part.totalLines"),
        ({"parts": [{"totalLines": 1}, {}]}, "$.parts[1].totalLines"),
        ({"parts": [{"totalLines": 1}, "x"]}, "$.parts[1]"),
        ({"texts": ["a", None]}, "$.texts[1]"),
        ({"by_name": {"a": "x"}}, "$.by_name['a']"),
        ({"deep": {"src/a.py": [{}]}}, "$.deep['src/a.py'][0].totalLines"),
        ([], "$"),
        (None, "$"),
        ("x", "$"),
    ],
)
def test_a_fault_has_the_json_path_in_the_wires_names(data: object, path: str) -> None:
    error = fault(Model, data)
    assert error.path == path
    assert str(error).startswith(f"{path}: ")


def test_several_faults_are_told_together_up_to_five() -> None:
    error = fault(Model, {"text": 1, "flag": 1, "count": "x", "ratio": "x", "texts": 1, "kind": 2, "by_name": 1})
    assert error.path == "$.text"
    assert str(error).count(";") == 4


def test_unknown_fields_are_ignored() -> None:
    assert decode(Model, {"text": "t", "newer": {"deep": [1]}}) == Model(text="t")


class TestOpenEnums:
    def test_known_values_are_members(self) -> None:
        assert decode(Model, {"colour": "red"}).colour is Colour.RED

    def test_unknown_values_are_kept_as_strings(self) -> None:
        colour = decode(Model, {"colour": "mauve"}).colour
        assert colour == "mauve" == Colour("mauve")
        assert isinstance(colour, Colour)
        assert f"{colour} {colour.value} {colour.name}" == "mauve mauve mauve"
        assert {colour: 1}["mauve"] == 1
        assert json.dumps(colour) == '"mauve"'
        assert "mauve" not in [each.value for each in Colour]
        assert pickle.loads(pickle.dumps(Scope("new:scope"))) == "new:scope"
        assert pickle.loads(pickle.dumps(FileStatus.ADDED)) is FileStatus.ADDED

    def test_what_is_no_str_is_no_value(self) -> None:
        with pytest.raises(ValueError, match="5 is not a valid Colour"):
            Colour(5)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_only_python_takes_for_json_is_refused(constant: str) -> None:
    body = f'{{"type": "poll", "period": {constant}, "resolution_strategy": "none"}}'
    with pytest.raises(ResponseValidationError, match=f"{constant} is no JSON"):
        Json[Autosync](Autosync)(Response(200, {"Content-Type": "application/json"}, body.encode()))
