"""What a call is, as a value; and the decorators that turn one definition into a method of each world.

A resource's method only builds an `Operation`, from its endpoint. `@operation` (or `@paginated`, for lists) makes
it a method that hands the operation to the resource's world:

    Repos[Blocking].get(…)       → Repo                     a blocking client
    Repos[NonBlocking].get(…)    → Coroutine[…, Repo]       an async client
    Repos[RawBlocking].get(…)    → RawResponse[Repo]        client.raw
    Repos[RawNonBlocking].get(…) → Coroutine[…, RawResponse[Repo]]
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import update_wrapper
from types import MethodType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Final,
    Generic,
    ParamSpec,
    Protocol,
    Self,
    TypeVar,
    overload,
    runtime_checkable,
)

import attrs
from attrs import Factory, field, frozen

from mesa_core.http import Response
from mesa_core.options import RequestOptions
from mesa_core.secrets import HIDDEN, is_open_parameter, without_secrets
from mesa_core.urls import QueryValue

if TYPE_CHECKING:
    from mesa_core.call import RawResponse
    from mesa_core.endpoints import Endpoint
    from mesa_core.pages import AsyncPages, Page
    from mesa_core.worlds import Blocking, NonBlocking, RawBlocking, RawNonBlocking, World

__all__ = [
    "Decoder",
    "Operation",
    "PageInfo",
    "PagedOperation",
    "Resource",
    "operation",
    "paginated",
    "repeatable_by_method",
]

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R", bound="PageInfo")
I = TypeVar("I")  # noqa: E741 - T, R and I: a result, a page's result, and an item of a page
W_co = TypeVar("W_co", bound="World", covariant=True)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
IDEMPOTENT_METHODS = SAFE_METHODS | {"PUT", "DELETE"}


class Decoder(Protocol[T_co]):
    """Reads a result out of a successful response; `accept` is the media type it asks for."""

    @property
    def accept(self) -> str:
        """The media type to ask for."""
        ...

    def __call__(self, response: Response, /) -> T_co:
        """Return the result.

        Raises:
            ResponseValidationError: the body does not have the documented shape.
        """
        ...


@runtime_checkable
class PageInfo(Protocol):
    """What every page's result carries (the contract's schema PageInfo)."""

    @property
    def next_cursor(self) -> str | None:
        """Where the next page begins; None on the last page alone."""
        ...

    @property
    def has_more(self) -> bool:
        """Whether a page follows."""
        ...


def repeatable_by_method(asked: Operation[Any] | Endpoint[Any]) -> bool:
    """Tell whether HTTP itself says that a request may be repeated (RFC 9110, section 9.2.2)."""
    return asked.method in IDEMPOTENT_METHODS


def _shown_query(query: Mapping[str, QueryValue]) -> str:
    return repr({name: value if is_open_parameter(name) else HIDDEN for name, value in query.items()})


@frozen(kw_only=True)
class Operation(Generic[T]):
    """One operation with its arguments: says what is asked for, never how it is sent."""

    name: str
    """Resource and method, such as "repos.get"."""
    method: str
    """The HTTP method, in capitals."""
    template: str = field(repr=lambda template: repr(without_secrets(template)))
    """The path template, such as "/{org}/{repo}"; of `client.request`, whatever its caller gave, a query too."""
    decode: Decoder[T]
    """What reads the result out of the response; its `accept` is the media type to ask for."""
    path: Mapping[str, str] = field(factory=dict[str, str])
    """The values of the template's parameters by name, such as "org", not percent-encoded."""
    query: Mapping[str, QueryValue] = field(factory=dict[str, QueryValue], repr=_shown_query)
    """The query parameters by name; one that is None is left out of the URL."""
    body: bytes | None = field(default=None, repr=lambda body: "None" if body is None else f"<{len(body)} bytes>")
    """The JSON to send; None where there is no body."""
    options: RequestOptions | None = field(default=None, repr=False)
    """The options of this call alone, as they were given; a call's own `options` are these on top of the client's."""
    repeatable: bool = field(default=Factory(repeatable_by_method, takes_self=True))
    """Whether the server's state is the same after two requests as after one (RFC 9110, section 9.2.2)."""
    context: Mapping[object, Any] = field(factory=dict[object, Any], repr=False)
    """What plugins hand on from one operation to the one that follows it. `Any`: it is theirs."""

    def following(self, *, query: Mapping[str, QueryValue], context: Mapping[object, Any] | None = None) -> Self:
        """Return the same operation with some of its query replaced, as for the next page."""
        return attrs.evolve(self, query={**self.query, **query}, context={**self.context, **(context or {})})


@frozen(kw_only=True, eq=False, repr=False)  # those of an operation: `items` goes with the name
class PagedOperation(Operation[R], Generic[R, I]):
    """An operation that answers one page; `items` takes the items out of a result."""

    items: Callable[[R], Sequence[I]]
    """Returns the items of a page's result."""


class Resource(Generic[W_co]):
    """A group of methods in one world."""

    __slots__ = ("world",)

    def __init__(self, world: W_co) -> None:
        self.world: Final = world

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.world!r}>"


class _Method(Generic[P, T]):
    """A descriptor: binds a definition to the world of the resource it is looked up on."""

    _shown = "{}"

    def __init__(self, build: Callable[Concatenate[Any, P], Operation[T]], method: Callable[..., Any]) -> None:
        # A caller gets T where the definition says Operation[T], so help() says T.
        result = str(build.__annotations__["return"]).partition("[")[2].removesuffix("]")
        build.__annotations__["return"] = self._shown.format(result)
        self._function = update_wrapper(method, build)
        self.__doc__ = build.__doc__


class operation(_Method[P, T]):  # noqa: N801 - a decorator
    """Makes a method that returns T, a coroutine of T, or a `RawResponse[T]`, by the resource's world."""

    def __init__(self, build: Callable[Concatenate[Any, P], Operation[T]]) -> None:
        def method(resource: Resource[World], *args: P.args, **kwargs: P.kwargs) -> Any:
            return resource.world.call(build(resource, *args, **kwargs))

        super().__init__(build, method)

    @overload
    def __get__(self, resource: None, owner: type, /) -> Callable[..., Any]: ...
    @overload
    def __get__(self, resource: Resource[Blocking], owner: type, /) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: Resource[NonBlocking], owner: type, /) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, resource: Resource[RawBlocking], owner: type, /) -> Callable[P, RawResponse[T]]: ...
    @overload
    def __get__(
        self, resource: Resource[RawNonBlocking], owner: type, /
    ) -> Callable[P, Coroutine[Any, Any, RawResponse[T]]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type, /) -> Any:
        return self._function if resource is None else MethodType(self._function, resource)


class paginated(_Method[P, R], Generic[P, R, I]):  # noqa: N801 - a decorator
    """Makes a method that returns pages, or a `RawResponse` of one, by the resource's world."""

    _shown = "Page[{}]"

    def __init__(self, build: Callable[Concatenate[Any, P], PagedOperation[R, I]]) -> None:
        def method(resource: Resource[World], *args: P.args, **kwargs: P.kwargs) -> Any:
            return resource.world.pages(build(resource, *args, **kwargs))

        super().__init__(build, method)

    @overload
    def __get__(self, resource: None, owner: type, /) -> Callable[..., Any]: ...
    @overload
    def __get__(self, resource: Resource[Blocking], owner: type, /) -> Callable[P, Page[R, I]]: ...
    @overload
    def __get__(self, resource: Resource[NonBlocking], owner: type, /) -> Callable[P, AsyncPages[R, I]]: ...
    @overload
    def __get__(self, resource: Resource[RawBlocking], owner: type, /) -> Callable[P, RawResponse[R]]: ...
    @overload
    def __get__(
        self, resource: Resource[RawNonBlocking], owner: type, /
    ) -> Callable[P, Coroutine[Any, Any, RawResponse[R]]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type, /) -> Any:
        return self._function if resource is None else MethodType(self._function, resource)
