"""Makes frozen objects as fast as others: filled in as a draft, which is then declared to be of the frozen class.

What attrs makes for a frozen class goes around its own `__setattr__` for each attribute, which costs three times what
all the rest of making an object does. A draft's class is a subclass without such a guard, and without slots of its own;
so it is filled in plainly, and Python lets an object become one of the class that has the same slots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeVar, cast

import attrs

__all__ = ["draft_of", "filled", "function_of", "maker_of"]

T = TypeVar("T")
_UNGUARDED: Final[Mapping[str, Any]] = {
    "__init__": object.__init__,
    "__setattr__": object.__setattr__,
    "__delattr__": object.__delattr__,
}
"""The last two both, or Python takes the slow way: they are one to it."""


@cache
def draft_of(kind: type[Any]) -> type[Any]:
    """Return the class of drafts of a frozen, slotted class; the class itself, where its `__init__` does more."""
    plain = not hasattr(kind, "__attrs_post_init__") and all(
        each.init and each.converter is None and each.validator is None for each in attrs.fields(kind)
    )
    if not (plain and "__slots__" in vars(kind) and "__setattr__" in vars(kind)):
        return kind
    members = {"__slots__": (), "__module__": kind.__module__, **_UNGUARDED}
    return type(f"{kind.__name__} (draft)", (kind,), members)


def filled(kind: type[Any], values: Mapping[str, str]) -> tuple[list[str], dict[str, Any]]:
    """Return the lines that make `made` of what expressions give its attributes, and the names that they use."""
    draft: type[Any] = draft_of(cast("Any", kind))
    if draft is kind:
        aliases = {each.name: each.alias for each in attrs.fields(kind)}
        given = ", ".join(f"{aliases[name]}={value}" for name, value in values.items())
        return [f"made = model({given})"], {"model": kind}
    lines = ["made = draft()", *(f"made.{name} = {value}" for name, value in values.items())]
    return [*lines, "made.__class__ = model"], {"draft": draft, "model": kind}


def function_of(head: str, lines: list[str], known: dict[str, Any], what: str) -> Callable[..., Any]:
    """Return the function that source makes, as attrs makes its own."""
    exec(compile("\n    ".join([head, *lines]), f"<{what}>", "exec"), known)  # noqa: S102 - no text of others is in it
    made: Callable[..., Any] = known[head.removeprefix("def ").partition("(")[0]]
    return made


@cache
def maker_of(kind: type[T]) -> Callable[..., T]:
    """Return a function that takes a frozen class's attributes in order and makes an object; none is left out."""
    names = [each.name for each in attrs.fields(cast("Any", kind))]
    lines, known = filled(kind, {name: name for name in names})
    return function_of(
        f"def make({', '.join(names)}):", [*lines, "return made"], known, f"maker of {kind.__qualname__}"
    )
