"""Branches."""

from typing import Annotated, TypeAlias, TypedDict

from attrs import frozen

from mesa_core.wire import Wire

__all__ = ["Branch", "BranchPage", "CreateBranchBody", "CreateBranchFromBody", "CreateBranchFromShaBody"]


@frozen(kw_only=True)
class Branch:
    """A branch, and the sha of the commit that it points to; `name` is without "refs/heads/"."""

    name: str
    head_sha: str
    is_default: bool


@frozen(kw_only=True)
class BranchPage:
    """One page of branches; `next_cursor` is None on the last page."""

    branches: tuple[Branch, ...]
    next_cursor: str | None
    has_more: bool


class CreateBranchFromShaBody(TypedDict):
    """A branch to create; `head_sha` is a commit sha or the name of another branch."""

    name: str
    head_sha: Annotated[str, Wire("from")]


CreateBranchFromBody = TypedDict("CreateBranchFromBody", {"name": str, "from": str})
"""The same in the wire's spelling."""

CreateBranchBody: TypeAlias = CreateBranchFromShaBody | CreateBranchFromBody
"""A branch to create, in either spelling of where it starts: `head_sha`, or `from` as on the wire."""
