"""Merges."""

from typing import NotRequired, TypedDict

from attrs import frozen

from mesa_core.models.common import Author, OpenEnum

__all__ = ["Merge", "MergeBody", "MergeType"]


class MergeType(OpenEnum):
    """How a merge was done."""

    FAST_FORWARD = "fast_forward"
    MERGE_COMMIT = "merge_commit"


@frozen(kw_only=True)
class Merge:
    """A merge that was done; `sha` is the commit that `base` now points to.

    `base` and `head` are the branches, as they were named; `branch_deleted` tells whether `head` is gone, as asked for.
    """

    merge_type: MergeType
    sha: str
    base: str
    head: str
    branch_deleted: bool


class MergeBody(TypedDict):
    """What to merge. `message` is "Merge branch 'head' into 'base'" when left out; `delete_branch` deletes the head."""

    head: str
    author: Author
    message: NotRequired[str]
    delete_branch: NotRequired[bool]
