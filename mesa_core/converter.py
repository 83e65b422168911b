"""Reads response bodies into models: wire names, unions, instants, open enums.

A reader made for the model does the work (`readers.py`); only when it fails does a detailed converter do it again, to
say where. So users get the path of a fault, and nobody pays for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

import attrs
from attrs import field, frozen

from mesa_core.errors import ResponseValidationError
from mesa_core.http import Response
from mesa_core.json_text import read_json
from mesa_core.models.common import OpenEnum, Unknown
from mesa_core.readers import NoReader, Reader, reader_of
from mesa_core.strict import Hook, Mismatch, is_union, register_strict, string
from mesa_core.text import one_line
from mesa_core.wire import wire_name, wire_names

if TYPE_CHECKING:
    from cattrs import Converter

    from mesa_core.faults import Fault

__all__ = ["ANYTHING", "BYTES", "TEXT", "Json", "Misshapen", "structured"]

T = TypeVar("T")
_SHOWN: Final = 5


def _is_open_union(kind: Any) -> bool:
    return is_union(kind) and Unknown in get_args(kind)


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) is Mapping


def _open_enum(value: Any, kind: Any) -> Any:
    return kind(string(value, str))


def _unknown(value: Any, _: Any) -> Unknown:
    return Unknown(type=value["type"], raw=value)


@cache
def _detailed() -> Converter:
    from cattrs import Converter  # noqa: PLC0415 - 25 ms and 2 MiB that a program without faults need not pay

    converter = Converter()
    register_strict(converter)
    converter.register_structure_hook(OpenEnum, _open_enum)  # by class: a predicate's turn comes after the hook of str
    for fits, make in (
        (attrs.has, _model_hook),
        (_is_tuple, _tuple_hook),
        (_is_mapping, _mapping_hook),
        (_is_open_union, _union_hook),
    ):
        converter.register_structure_hook_factory(fits, partial(make, converter))
    converter.register_structure_hook(Unknown, _unknown)
    return converter


def _model_hook(converter: Converter, kind: type[Any]) -> Hook:
    from cattrs.gen import make_dict_structure_fn, override  # noqa: PLC0415 - as above

    names = wire_names(kind)
    renamed: dict[str, Any] = {name: override(rename=wire) for name, wire in names.items() if wire != name}
    return _checked(make_dict_structure_fn(kind, converter, **renamed), dict, "an object")


def _tuple_hook(converter: Converter, kind: Any) -> Hook:
    items = GenericAlias(list, get_args(kind)[:1])
    structure = converter.get_structure_hook(items)
    return _checked(lambda value, _: tuple(structure(value, items)), list, "an array")


def _mapping_hook(converter: Converter, kind: Any) -> Hook:
    items = GenericAlias(dict, get_args(kind))
    structure = converter.get_structure_hook(items)
    return _checked(lambda value, _: structure(value, items), dict, "an object")


def _union_hook(converter: Converter, kind: Any) -> Hook:
    """Choose the arm whose `type` literal is the value's; one that no arm has is `Unknown`."""
    arms = [arm for arm in get_args(kind) if arm is not Unknown]
    by_type = {get_args(get_type_hints(arm)["type"])[0]: (converter.get_structure_hook(arm), arm) for arm in arms}
    unknown = (converter.get_structure_hook(Unknown), Unknown)

    @frozen
    class Tagged:
        """What every arm of an open union has; read as a model, so that a fault in it has a path."""

        type: str

    tagged = converter.get_structure_hook(Tagged)

    def structure(value: Any, _: Any) -> Any:
        hook, arm = by_type.get(tagged(value, Tagged).type, unknown)
        return hook(value, arm)

    return _checked(structure, dict, "an object")


def _checked(structure: Hook, kind: type, name: str) -> Hook:
    def check(value: Any, target: Any) -> Any:
        if value.__class__ is not kind:
            raise Mismatch(name, value)
        return structure(value, target)

    return check


class Misshapen(ValueError):
    """Data that does not have a model's shape; `faults` says where, and the message shows the first of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "; ".join(f"{path}: {what}" for path, what in self.faults[:_SHOWN])


def structured(data: Any, kind: Any) -> Any:
    """Return JSON as a model. `Any`: JSON of any shape, a model or a union of models, and one of them.

    Raises:
        Misshapen: it does not have the model's shape.
    """
    try:
        return _read(kind)(data)
    except Exception as error:
        raise Misshapen(_faults(data, kind, error)) from error


@cache
def _read(kind: Any) -> Reader:
    """Return what reads a type; one that no model of ours has is the converter's."""
    try:
        return reader_of(kind)
    except NoReader:
        return lambda data: _detailed().structure(data, kind)


def _faults(data: Any, kind: Any, error: Exception) -> list[Fault]:
    from mesa_core.faults import faults_of  # noqa: PLC0415 - as above

    try:
        _detailed().structure(data, kind)
    except Exception as detailed:  # noqa: BLE001 - any fault is reported
        error = detailed
    return list(faults_of(error, "$", wire_name))


@frozen
class Json(Generic[T]):
    """Decodes a JSON body into a model; some statuses may have a model of their own."""

    kind: Any
    """A model or a union of models. `Any`: Python has no type for "the type T, or a union"."""
    by_status: Mapping[int, Any] = field(factory=dict[int, Any])
    accept: str = field(default="application/json", init=False)

    def __call__(self, response: Response, /) -> T:
        """Return the model; raises `ResponseValidationError`."""
        if response.headers.get("Content-Type") != self.accept:  # which needs no look at its parts
            _expect(response, _is_json, self.accept)
        kind = self.by_status.get(response.status_code, self.kind) if self.by_status else self.kind
        try:
            result: T = structured(_parsed(response), kind)
        except Misshapen as error:
            raise _invalid(response, error.faults[0][0], str(error), located=True) from error
        return result


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def _parsed(response: Response) -> Any:
    try:
        return read_json(response.content)
    except (ValueError, RecursionError) as error:
        raise _invalid(response, "$", f"expected JSON: {error}") from error


class _Anything:
    accept = "application/json"

    def __reduce__(self) -> str:
        return "ANYTHING"

    def __call__(self, response: Response, /) -> Any:
        """Return JSON as it is; the bytes of any other media type, and None for an empty body."""
        if response.content and _is_json(response.media_type):
            return _parsed(response)
        return response.content or None


class _Bytes:
    accept = "application/octet-stream"

    def __reduce__(self) -> str:
        return "BYTES"

    def __call__(self, response: Response, /) -> bytes:
        _expect(response, self.accept.__eq__, self.accept)
        return response.content


class _Text:
    accept = "text/plain"

    def __reduce__(self) -> str:
        return "TEXT"

    def __call__(self, response: Response, /) -> str:
        """Decode as UTF-8; a byte that is none is kept as a surrogate escape, so that nothing is lost."""
        _expect(response, self.accept.__eq__, self.accept)
        return response.content.decode("utf-8", "surrogateescape")


ANYTHING: Final = _Anything()
BYTES: Final = _Bytes()
TEXT: Final = _Text()


def _expect(response: Response, fits: Callable[[str], bool], expected: str) -> None:
    kind = response.media_type
    if kind and not fits(kind):
        raise _invalid(response, "$", f"expected {expected}, got {len(response.content)} bytes of {one_line(kind)}")


def _invalid(response: Response, path: str, what: str, *, located: bool = False) -> ResponseValidationError:
    message = what if located else f"{path}: {what}"
    return ResponseValidationError(message, path=path, status_code=response.status_code, content=response.content)
