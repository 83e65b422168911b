"""Reads YAML safely: plain values, bytes, and the file-like bodies of VCR.py, whose tags name classes, as bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from mesa_core.errors import ConfigurationError
from mesa_transports.recorded.foreign.traffic import Unreadable, bytes_of

if TYPE_CHECKING:
    from yaml import SafeLoader

__all__ = ["load_yaml"]


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
        return yaml.load(content, _loader())  # noqa: S506 - a safe one
    except yaml.MarkedYAMLError as error:
        place = f"line {error.problem_mark.line + 1}" if error.problem_mark else "$"
        raise Unreadable(place, f"expected YAML: {error.problem}") from error
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise Unreadable("$", f"expected YAML: {error}") from error


@cache
def _loader() -> type[SafeLoader]:
    import yaml  # noqa: PLC0415 - as above

    fastest = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where libyaml was there to build PyYAML with
    loader = cast("type[SafeLoader]", type("Loader", (fastest,), {}))
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
    return b"".join(bytes_of(part) if isinstance(part, str) else bytes(part) for part in parts)


_CONSTRUCTORS: Final[Mapping[str, Callable[[SafeLoader, Any], Any]]] = {
    "str": _text,
    "unicode": _text,
    "tuple": _tuple,
    "object/new:_io.BytesIO": _file,
    "object/apply:builtins.iter": _chunks,
}
