"""Names that come from callers: organizations, repositories, branches, file paths.

Every name passes here before it reaches git, SQLite or the file system.
"""

from __future__ import annotations

import re
from typing import Final

from mesa_transports.local.git.special_files import is_dot_git
from mesa_transports.local.refusals import BadRequest

__all__ = [
    "checked_branch_name",
    "checked_path",
    "checked_ref",
    "checked_repository_name",
    "is_branch_name",
    "is_name",
]

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")
_RESERVED: Final = frozenset({"repos", "api-keys"})
"""The API's own second path segments: a repository of such a name could not be reached."""
_REF_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
_FULL_SHA: Final = re.compile(r"[0-9a-fA-F]{40}")
_LONGEST_REF: Final = 240  # bytes; a loose ref is a file, and its lock's name is five bytes longer
_LONGEST_SEGMENT: Final = 255
_LONGEST_PATH: Final = 4096
_DEEPEST_PATH: Final = 128
_LONGEST_SHOWN: Final = 60


def is_name(name: str) -> bool:
    """Tell whether an organization or a repository can have this name."""
    return _NAME.fullmatch(name) is not None and name not in {".", ".."} and not name.lower().endswith(".git")


def checked_repository_name(name: str, field: str) -> str:
    """Return a name fit for a new repository."""
    if not is_name(name):
        raise BadRequest(
            f"{field}: expected up to 100 of A-Z a-z 0-9 . _ - and neither '.', '..' nor a name ending in '.git', "
            f"got {_shown(name)}"
        )
    if name in _RESERVED:
        raise BadRequest(f"{field}: {name!r} is a word of the API itself and cannot name a repository")
    return name


def checked_branch_name(name: str, field: str) -> str:
    """Return a branch name that `git check-ref-format` and the contract allow."""
    fault = _branch_fault(name)
    if fault:
        raise BadRequest(f"{field}: expected a branch name, got {_shown(name)}: {fault}")
    return name


def is_branch_name(name: str) -> bool:
    """Tell whether the API can name a branch like this; git itself allows a few names more."""
    return not _branch_fault(name)


def checked_ref(ref: str, field: str) -> str:
    """Return a ref: a branch name or a commit sha, full or abbreviated."""
    return ref if _FULL_SHA.fullmatch(ref) else checked_branch_name(ref, field)


def _branch_fault(name: str) -> str:
    segments = name.split("/")
    if not name or _REF_FORBIDDEN.search(name) or name in {"@", "HEAD"} or name.endswith("."):
        return "not a valid git ref name"
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST_REF:
        return f"longer than {_LONGEST_REF} bytes"
    if _FULL_SHA.fullmatch(name):
        return "it reads as a commit sha"
    if name.startswith("-") or any(not s or s.startswith(".") or s.endswith(".lock") for s in segments):
        return "a segment is empty, begins with '.' or '-', or ends in '.lock'"
    return "a segment is '.git'" if any(is_dot_git(segment) for segment in segments) else ""


def checked_path(path: str, field: str) -> str:
    """Return a file path inside a repository, relative and with nothing to escape through."""
    fault = _path_fault(path)
    if fault:
        raise BadRequest(f"{field}: expected a path inside the repository, got {_shown(path)}: {fault}")
    return path


def _path_fault(path: str) -> str:
    segments = path.split("/")
    if "\0" in path or path.startswith("-"):
        return "NUL and a leading '-' are not allowed"
    if any(segment in {"", ".", ".."} for segment in segments):
        return "a segment is empty, '.' or '..'"
    if any(is_dot_git(segment) for segment in segments):
        return "a segment is '.git'"
    if len(segments) > _DEEPEST_PATH:
        return f"deeper than {_DEEPEST_PATH} segments"
    sizes = [len(segment.encode("utf-8", "surrogatepass")) for segment in segments]
    if max(sizes) > _LONGEST_SEGMENT or sum(sizes) + len(sizes) > _LONGEST_PATH:
        return f"longer than {_LONGEST_SEGMENT} bytes a segment or {_LONGEST_PATH} in all"
    return ""


def _shown(name: str) -> str:
    return ascii(name[:_LONGEST_SHOWN])
