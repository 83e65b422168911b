"""The static facts of one endpoint, as a value: what its method, its path and its answer are, whoever calls it.

Called with the arguments of one call, an endpoint builds that call's `Operation`. Those of the
API are declared in `resources/`, and listed in `mesa_core.resources.ENDPOINTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cache
from typing import Any, Generic, TypeVar, cast

from attrs import Factory, field, fields, frozen

from mesa_core.drafts import filled, function_of
from mesa_core.operations import Decoder, Operation, PagedOperation, PageInfo, repeatable_by_method
from mesa_core.options import RequestOptions
from mesa_core.urls import QueryValue

__all__ = ["Endpoint", "PagedEndpoint"]

T = TypeVar("T")
R = TypeVar("R", bound=PageInfo)
I = TypeVar("I")  # noqa: E741 - R and I: a page's result, and an item of a page


# An endpoint is itself, not whatever else has its facts, and is shown in a line: neither takes code to be generated.
@frozen(kw_only=True, eq=False, repr=False)
class Endpoint(Generic[T]):
    """What is the same in every call of an endpoint."""

    name: str
    """Resource and method, such as "repos.get"."""
    method: str
    template: str
    """The path template, such as "/{org}/{repo}"."""
    body: Any = None
    """The TypedDict of its body, or a union of them; None where it takes no body. `Any`: there is no type for that."""
    decode: Decoder[T]
    repeatable: bool = field(default=Factory(repeatable_by_method, takes_self=True))
    """Whether the server's state is the same after two requests as after one (RFC 9110, section 9.2.2)."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.method} {self.template}>"

    def __call__(
        self,
        *,
        path: Mapping[str, str],
        query: Mapping[str, QueryValue] | None = None,
        body: object = None,
        options: RequestOptions | None = None,
    ) -> Operation[T]:
        """Return the operation with these arguments.

        Raises:
            InvalidRequest: the body is not what the endpoint takes.
        """
        encoded, options = None if self.body is None else _encoded(body, self.body), options and copy(options)
        made: Operation[T] = _maker_of(Operation)(self, path, query or {}, encoded, options)
        return made


@frozen(kw_only=True, eq=False, repr=False)
class PagedEndpoint(Endpoint[R], Generic[R, I]):
    """An endpoint that answers one page; `items` takes the items out of a result."""

    items: Callable[[R], Sequence[I]]

    def __call__(
        self,
        *,
        path: Mapping[str, str],
        query: Mapping[str, QueryValue] | None = None,
        body: object = None,
        options: RequestOptions | None = None,
    ) -> PagedOperation[R, I]:
        """Return the operation with these arguments.

        Raises:
            InvalidRequest: the body is not what the endpoint takes.
        """
        encoded, options = None if self.body is None else _encoded(body, self.body), options and copy(options)
        made: PagedOperation[R, I] = _maker_of(PagedOperation)(self, path, query or {}, encoded, options)
        return made


@cache
def _maker_of(kind: type[T]) -> Callable[..., T]:
    """Return a function that makes an operation of one call's arguments and, for the rest, an endpoint's facts."""
    arguments = ("path", "query", "body", "options")
    names = [each.name for each in fields(cast("Any", kind))]
    values = {name: name if name in arguments else f"endpoint.{name}" for name in names} | {"context": "{}"}
    lines, known = filled(kind, values)
    head = f"def make(endpoint, {', '.join(arguments)}):"
    return function_of(head, [*lines, "return made"], known, f"maker of {kind.__qualname__}")


def _encoded(body: object, kind: Any) -> bytes:
    from mesa_core.bodies import encode  # noqa: PLC0415 - a program that only reads needs no bodies

    return encode(body, kind)
