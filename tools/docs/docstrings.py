"""For the reference: what the source says, as a reader of the reference wants it.

- A method returns its result: the source says `-> Operation[Repo]`, which `@operation` makes `Repo`.
- A section "Example" is code, as griffe takes one named "Examples" to be.
- A module's own text tells of the module, so it is left out where a page shows some of its names.
"""

from __future__ import annotations

import re
from typing import Any, Final

import griffe

_EXAMPLE: Final = re.compile(r"^Example:$", re.MULTILINE)


class Results(griffe.Extension):
    """Puts results in the place of operations."""

    # `Any`: griffe passes what its loader was given
    def on_function(self, *, func: griffe.Function, **kwargs: Any) -> None:
        """Read `Operation[T]` as `T`, and `PagedOperation[R, I]` as `Page[R, I]`."""
        decorators = {str(decorator.value) for decorator in func.decorators}
        returns = func.returns
        if not isinstance(returns, griffe.ExprSubscript):
            return
        if "operation" in decorators:
            func.returns = returns.slice
        elif "paginated" in decorators:
            func.returns = griffe.ExprSubscript(griffe.ExprName("Page", parent="mesa_core.pages"), returns.slice)


class Texts(griffe.Extension):
    """Puts docstrings in the form that griffe reads."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Name examples as griffe does."""
        if obj.docstring is not None:
            obj.docstring.value = _EXAMPLE.sub("Examples:", obj.docstring.value)

    def on_module(self, *, mod: griffe.Module, **kwargs: Any) -> None:
        """Leave a module's text out."""
        mod.docstring = None
