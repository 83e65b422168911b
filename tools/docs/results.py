"""For the reference: a method returns its result, as who calls it on a blocking client sees it.

The source says `-> Operation[Repo]`, which `@operation` makes `Repo`; a reader of the reference wants the latter.
"""

from __future__ import annotations

from typing import Any

import griffe


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
