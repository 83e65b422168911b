"""Files, symlinks and directories at a path of a ref."""

from base64 import b64decode
from datetime import datetime
from typing import Literal, TypeAlias

from attrs import field, frozen

from mesa_core.models.common import Unknown

__all__ = ["Content", "Directory", "DirectoryEntry", "Entry", "File", "FileEntry", "Symlink", "SymlinkEntry"]


def _excerpt(content: str) -> str:
    return repr(content) if len(content) <= 40 else f"<{len(content)} characters of base64>"  # noqa: PLR2004 - a line's room


@frozen(kw_only=True)
class _Blob:
    name: str
    path: str
    sha: str
    size: int
    """Bytes."""
    encoding: Literal["base64"]
    content: str = field(repr=_excerpt)
    """base64, as on the wire."""
    executable: bool
    last_commit_at: datetime | None

    @property
    def data(self) -> bytes:
        """The bytes.

        Raises:
            ValueError: the server sent something that is not base64.
        """
        return b64decode(self.content, validate=True)


@frozen(kw_only=True)
class File(_Blob):
    """A file. `content` is base64 as on the wire, `data` the bytes, `text` the text."""

    type: Literal["file"]

    @property
    def text(self) -> str:
        """The text.

        Raises:
            UnicodeDecodeError: the file is not UTF-8; `data` has its bytes.
        """
        return self.data.decode("utf-8")


@frozen(kw_only=True)
class Symlink(_Blob):
    """A symbolic link; `content` is its target in base64, `target` the target as text."""

    type: Literal["symlink"]

    @property
    def target(self) -> str:
        """The path that the link points to; bytes that are no UTF-8 are kept as surrogate escapes."""
        return self.data.decode("utf-8", "surrogateescape")


@frozen(kw_only=True)
class FileEntry:
    """A file in a directory's listing; `size` is in bytes."""

    type: Literal["file"]
    name: str
    path: str
    sha: str
    size: int
    executable: bool
    last_commit_at: datetime | None


@frozen(kw_only=True)
class SymlinkEntry:
    """A symbolic link in a directory's listing; `size` is in bytes."""

    type: Literal["symlink"]
    name: str
    path: str
    sha: str
    size: int
    executable: bool
    last_commit_at: datetime | None


@frozen(kw_only=True)
class DirectoryEntry:
    """A directory in a directory's listing; `sha` is its tree's."""

    type: Literal["dir"]
    name: str
    path: str
    sha: str


Entry: TypeAlias = FileEntry | SymlinkEntry | DirectoryEntry | Unknown
"""What a directory may list; `Unknown` is of a `type` that came after this release."""


@frozen(kw_only=True)
class Directory:
    """A directory; `sha` is its tree's, and the root's name and path are "" both.

    `child_count` is how many entries it has itself; `entries` are those listed, of as many levels as were asked for.
    """

    type: Literal["dir"]
    name: str
    path: str
    sha: str
    child_count: int
    entries: tuple[Entry, ...]
    next_cursor: str | None
    has_more: bool


Content: TypeAlias = File | Symlink | Directory | Unknown
"""What may be at a path; `Unknown` is of a `type` that came after this release."""
