"""The difference between two refs."""

from attrs import field, frozen

from mesa_core.models.common import OpenEnum

__all__ = ["Diff", "DiffFile", "DiffStats", "FileStatus"]


class FileStatus(OpenEnum):
    """What happened to a file, in git's letters."""

    ADDED = "A"
    MODIFIED = "M"
    DELETED = "D"
    RENAMED = "R"
    COPIED = "C"
    TYPE_CHANGED = "T"


@frozen(kw_only=True)
class DiffFile:
    """One changed file. `raw` is its part of the unified diff, `bytes` the size of it.

    `old_path` is where a file was that has been renamed or copied. What the server leaves out is None.
    """

    path: str
    status: FileStatus
    old_path: str | None = None
    bytes: int | None = None
    is_eof: bool | None = None
    raw: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class DiffStats:
    """How many files changed, and how many lines: added, deleted, and both together (`changes`)."""

    files: int
    additions: int
    deletions: int
    changes: int


@frozen(kw_only=True)
class Diff:
    """The difference between two refs; `filtered_files` have no patch here, being binary or too large."""

    base: str
    head: str
    stats: DiffStats
    files: tuple[DiffFile, ...]
    filtered_files: tuple[DiffFile, ...]
