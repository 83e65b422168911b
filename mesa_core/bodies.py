"""Checks request bodies and turns them into wire JSON: both spellings go in, the wire's goes out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Literal, cast, get_args, get_origin, get_type_hints, is_typeddict

from attrs import frozen

from mesa_core.errors import InvalidRequest
from mesa_core.models.common import Moment, Person
from mesa_core.strict import Hook, Mismatch, instant, is_literal, is_union, literal, register_strict
from mesa_core.wire import wire_name

if TYPE_CHECKING:
    from cattrs import Converter

    from mesa_core.faults import Fault

__all__ = ["body_faults", "encode", "encode_json"]


def encode(body: object, kind: Any) -> bytes:
    """Return a body as wire JSON. `kind` is a TypedDict or a union of them (`Any`: there is no type for that).

    Raises:
        InvalidRequest: a key is unknown or missing, or a value is not what it may be; its path is named.
    """
    try:
        wire = _converter(detailed=False).structure(body, kind)
    except Exception as error:
        raise _explained(body, kind, error) from error
    return encode_json(wire)


def encode_json(value: object) -> bytes:
    """Return a value as JSON.

    Raises:
        InvalidRequest: JSON has no form for it.
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            f"body: a text holds the lone surrogate {error.object[error.start]!r}, which is no character", field="body"
        ) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"body: expected what JSON can hold: {error}", field="body") from error


def body_faults(body: object, kind: Any) -> list[Fault]:
    """Return the paths of all that is wrong with a body, such as `body.files[0].path`, and what is wrong there."""
    from mesa_core.faults import faults_of  # noqa: PLC0415 - as below

    try:
        _converter(detailed=True).structure(body, kind)
    except Exception as error:  # noqa: BLE001 - any fault is reported
        return list(faults_of(error, "body", lambda _, attribute: attribute))
    return []


def _explained(body: object, kind: Any, error: Exception) -> InvalidRequest:
    faults = body_faults(body, kind) or [("body", str(error))]
    return InvalidRequest("; ".join(f"{path}: {what}" for path, what in faults), field=faults[0][0])


@cache
def _converter(*, detailed: bool) -> Converter:
    from cattrs import Converter  # noqa: PLC0415 - 25 ms that `import mesa_sdk` need not pay

    converter = Converter(detailed_validation=detailed, forbid_extra_keys=True)
    register_strict(converter)
    converter.register_structure_hook_func(_is_moment, _moment)
    converter.register_structure_hook_func(_is_enumerated, _enumerated)
    for fits, make in ((is_typeddict, _body_hook), (_is_sequence, _sequence_hook), (_is_choice, _choice_hook)):
        converter.register_structure_hook_factory(fits, partial(make, converter))
    converter.register_structure_hook_func(_is_upsert, _upsert)
    return converter


def _body_hook(converter: Converter, kind: Any) -> Hook:
    # The ignore: cattrs says `dict` without its arguments. The noqa: as above.
    from cattrs.gen.typeddicts import make_dict_structure_fn as make  # noqa: PLC0415  # pyright: ignore[reportUnknownVariableType]

    check = cast("Hook", make(kind, converter))
    names = {each: wire_name(kind, each) for each in get_type_hints(kind)}
    renamed = {name: wire for name, wire in names.items() if wire != name}

    def structure(value: Any, _: Any) -> dict[str, Any]:
        checked: dict[str, Any] = check(_mapping(value), kind)
        return {renamed.get(name, name): each for name, each in checked.items()} if renamed else checked

    return structure


def _is_moment(kind: Any) -> bool:
    return bool(kind == Moment)


def _is_enumerated(kind: Any) -> bool:
    return is_union(kind) and any(map(is_literal, get_args(kind)))


def _enumerated(value: Any, kind: Any) -> str:
    """Accept a value of an enumeration by its text, or as a member of it, as results have it."""
    text: str = literal(value, next(filter(is_literal, get_args(kind))))
    return text


def _is_upsert(kind: Any) -> bool:
    from mesa_core.models.commits import UpsertAction  # noqa: PLC0415 - bodies of other areas need no commits

    return bool(kind == UpsertAction)


def _is_sequence(kind: Any) -> bool:
    return get_origin(kind) is Sequence


def _sequence_hook(converter: Converter, kind: Any) -> Hook:
    items = GenericAlias(list, get_args(kind)[:1])
    structure = converter.get_structure_hook(items)

    def check(value: Any, _: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise Mismatch("a list", value)
        return structure(value, items)

    return check


def _is_choice(kind: Any) -> bool:
    return is_union(kind) and any(map(is_typeddict, get_args(kind))) and type(None) not in get_args(kind)


@frozen
class _Arm:
    """One TypedDict of a union: the keys it knows and needs, and the values that its literals take."""

    kind: Any
    keys: frozenset[str]
    required: frozenset[str]
    literals: Mapping[str, tuple[object, ...]]
    hook: Hook

    def faults(self, value: Mapping[str, Any]) -> tuple[int, int]:
        """Count what is wrong with a mapping for this arm, and how much of it is in its literals."""
        misfits = sum(value[key] not in known for key, known in self.literals.items() if key in value)
        return len(self.required - value.keys()) + len(value.keys() - self.keys) + misfits, misfits


def _arm(converter: Converter, kind: Any) -> _Arm:
    hints = get_type_hints(kind)
    literals = {key: get_args(hint) for key, hint in hints.items() if get_origin(hint) is Literal}
    return _Arm(kind, frozenset(hints), kind.__required_keys__, literals, converter.get_structure_hook(kind))


def _choice_hook(converter: Converter, kind: Any) -> Hook:
    arms = [_arm(converter, each) for each in get_args(kind) if is_typeddict(each)]
    takes_persons = Person in get_args(kind)

    def structure(value: Any, _: Any) -> Any:
        """Take a mapping for the arm that least is wrong with."""
        if takes_persons and isinstance(value, Person):
            return _person(value, Person)
        given = _mapping(value)
        meant = min(arms, key=lambda arm: arm.faults(given))
        return meant.hook(given, meant.kind)

    return structure


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Mismatch("a mapping", value)
    return dict(cast("Mapping[str, Any]", value))


def _upsert(value: Any, kind: Any) -> str:
    """Accept each spelling of writing a file; the wire knows one."""
    if value not in get_args(kind):
        raise Mismatch(" or ".join(map(repr, (*get_args(kind), "delete"))), value, show=True)
    return "upsert"


def _person(value: Person, _: Any) -> dict[str, Any]:
    wire = {"name": value.name, "email": value.email}
    return wire if value.date is None else {**wire, "date": _moment(value.date, None)}


def _moment(value: Any, _: Any) -> str:
    if not isinstance(value, datetime):
        return instant(value, None).isoformat()
    if value.tzinfo is None:
        raise Mismatch("a datetime with a time zone", value, show=True)
    moment, offset = value, value.utcoffset()
    if offset is not None and offset % timedelta(minutes=1):  # as places had in old days; RFC 3339 knows no such
        moment = value.astimezone(UTC)
    return moment.isoformat()
