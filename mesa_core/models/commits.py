"""Commits, and the file edits they are made from."""

from collections.abc import Sequence
from typing import Annotated, Literal, NotRequired, TypeAlias, TypedDict

from attrs import frozen

from mesa_core.models.common import Author, Person
from mesa_core.wire import Wire

__all__ = [
    "Commit",
    "CommitPage",
    "CreateCommitBody",
    "CreateCommitFromEditsBody",
    "CreateCommitFromFilesBody",
    "CreatedCommit",
    "DeleteEdit",
    "FileEdit",
    "LfsEdit",
    "LfsPointer",
    "UpsertAction",
    "UpsertEdit",
]


@frozen(kw_only=True)
class Commit:
    """A commit: who wrote it (`author`), and who put it where it is (`committer`)."""

    sha: str
    message: str
    author: Person
    committer: Person


@frozen(kw_only=True)
class CommitPage:
    """One page of commits, newest first; `next_cursor` is None on the last page."""

    commits: tuple[Commit, ...]
    next_cursor: str | None
    has_more: bool


@frozen(kw_only=True)
class CreatedCommit:
    """A commit that was just made, and the branch that now points to it."""

    sha: str
    branch: str
    message: str


UpsertAction: TypeAlias = Literal["create", "update", "upsert"]
"""Three spellings of writing a file; all travel as "upsert"."""


class UpsertEdit(TypedDict):
    """Write a file, whether it exists or not; `content` is text, or base64 where `encoding` says so."""

    path: str
    content: str
    encoding: NotRequired[Literal["utf-8", "base64"]]
    action: NotRequired[UpsertAction]


class DeleteEdit(TypedDict):
    """Delete a file."""

    path: str
    action: Literal["delete"]


class LfsPointer(TypedDict):
    """A large file that was uploaded before; `oid` is its sha256 in lower-case hex, `size` its bytes."""

    oid: str
    size: int


class LfsEdit(TypedDict):
    """Write a pointer file to a large file."""

    path: str
    lfs: LfsPointer


FileEdit: TypeAlias = UpsertEdit | DeleteEdit | LfsEdit
"""One change of a commit: write a file, delete one, or write a pointer to a large one."""


class CreateCommitFromEditsBody(TypedDict):
    """A commit to make. With `base_sha` it lands only if the branch still points there.

    `edits` are made in one commit or not at all; each names a file by its path from the root.
    """

    branch: str
    message: str
    author: Author
    base_sha: NotRequired[str]
    edits: Annotated[Sequence[FileEdit], Wire("files")]


class CreateCommitFromFilesBody(TypedDict):
    """The same in the wire's spelling."""

    branch: str
    message: str
    author: Author
    base_sha: NotRequired[str]
    files: Sequence[FileEdit]


CreateCommitBody: TypeAlias = CreateCommitFromEditsBody | CreateCommitFromFilesBody
"""A commit to make, in either spelling of its changes: `edits`, or `files` as on the wire."""
