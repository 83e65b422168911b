"""Reads YAML safely: plain values, bytes, and the file-like bodies of VCR.py, whose tags name classes, as bytes.

An alias is the value itself once more; so a few lines of them can stand for more than any memory holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from mesa_core.errors import ConfigurationError
from mesa_transports.recorded.foreign.traffic import Unreadable, bytes_of

if TYPE_CHECKING:
    from yaml import SafeLoader

__all__ = ["load_yaml"]

_TIMES: Final = 100
"""How much larger a document may be with each alias spelt out; a request that was repeated is what they are for."""
_ALWAYS: Final = 1_000_000
"""Values and characters that it may have so in any case."""
_ENDLESS: Final = 10**15
_CONTAINERS: Final = (dict, list, tuple, set)
_MERGED: Final = 10_000
"""Members that a mapping may have got from others by "<<"."""


def load_yaml(content: bytes) -> Any:  # `Any`: YAML of any shape comes out
    """Return what YAML means; nothing in it makes an object or calls a function.

    Raises:
        ConfigurationError: PyYAML is not installed.
        Unreadable: the content is no such YAML.
    """
    try:
        import yaml  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise ConfigurationError("YAML is read with PyYAML, which is missing: pip install 'mesa-sdk[vcr]'") from None
    try:
        document = yaml.load(content, _loader())  # noqa: S506 - a safe one
    except yaml.MarkedYAMLError as error:
        place = f"line {error.problem_mark.line + 1}" if error.problem_mark else "$"
        raise Unreadable(place, f"expected YAML: {error.problem}") from error
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise Unreadable("$", f"expected YAML: {error}") from error
    _check_size(document)
    return document


def _check_size(document: Any) -> None:
    """Refuse a document that its aliases make much larger than it is without them."""
    sizes: dict[int, int] = {}  # of each container, with all that is in it
    own = 0
    begun: set[int] = set()
    waiting = [document]
    while waiting:
        each = waiting[-1]
        parts = _parts(each)
        if id(each) not in begun:
            begun.add(id(each))
            waiting += [part for part in parts if part.__class__ in _CONTAINERS and id(part) not in begun]
            continue
        waiting.pop()
        if id(each) not in sizes:
            own += 1 + sum(_length(part) for part in parts)
            size = 1 + sum(sizes.get(id(part)) or _length(part) for part in parts)
            sizes[id(each)] = min(size, _ENDLESS)
    if sizes[id(document)] > max(_ALWAYS, _TIMES * own):
        raise Unreadable("$", "expected YAML whose aliases do not repeat the same again and again")


def _parts(value: Any) -> list[Any]:
    if value.__class__ is dict:
        return [*value, *value.values()]
    return list(value) if value.__class__ in _CONTAINERS else []


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes) else 1


@cache
def _loader() -> type[SafeLoader]:
    import yaml  # noqa: PLC0415 - as above

    fastest = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where libyaml was there to build PyYAML with

    def flatten_mapping(self: Any, node: Any) -> None:
        fastest.flatten_mapping(self, node)
        start = node.start_mark
        if len(node.value) > _MERGED and sum(key.start_mark.index < start.index for key, _ in node.value) > _MERGED:
            raise yaml.constructor.ConstructorError(problem="expected fewer members from others", problem_mark=start)

    loader = cast("type[SafeLoader]", type("Loader", (fastest,), {"flatten_mapping": flatten_mapping}))
    for tag, construct in _CONSTRUCTORS.items():
        loader.add_constructor(f"tag:yaml.org,2002:python/{tag}", construct)
    return loader


# `Any` in these: PyYAML has a class of node for each kind of value, and checks that itself.
def _text(loader: SafeLoader, node: Any) -> Any:
    return loader.construct_scalar(node)


def _tuple(loader: SafeLoader, node: Any) -> Any:
    return tuple(loader.construct_sequence(node))


def _file(loader: SafeLoader, node: Any) -> bytes:
    """Return what a BytesIO held: the first value of its pickled state."""
    held: Any = loader.construct_mapping(node, deep=True).get("state")
    return _joined(held[:1]) if held else b""


def _chunks(loader: SafeLoader, node: Any) -> bytes:
    """Return what an iterator would have given."""
    arguments: Any = loader.construct_mapping(node, deep=True).get("args")
    return _joined(arguments[0]) if arguments else b""


def _joined(parts: Any) -> bytes:
    return b"".join(map(_bytes, [parts] if isinstance(parts, str | bytes) else parts))


def _bytes(part: Any) -> bytes:
    if isinstance(part, str | bytes):  # of a number, `bytes` would make that many
        return bytes_of(part) if isinstance(part, str) else part
    raise TypeError(f"expected a text or bytes in a body, got {type(part).__name__}")


_CONSTRUCTORS: Final[Mapping[str, Callable[[SafeLoader, Any], Any]]] = {
    "str": _text,
    "unicode": _text,
    "tuple": _tuple,
    "object/new:_io.BytesIO": _file,
    "object/apply:builtins.iter": _chunks,
}
