"""Files that mean something to git itself: which names they go by, and what `git fsck` finds wrong with them.

Git looks for `.git`, `.gitmodules` and `.gitattributes` under every name by which NTFS or HFS+ would
open them, so this does too. Of `.gitmodules` it takes the plain part of git's configuration syntax and
refuses the rest, which it could not check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

__all__ = ["fault", "is_dot_git", "is_special"]

_IGNORED_BY_HFS: Final = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_DOT_GIT: Final = re.compile(r"(?:\.git|git~1)[ .]*(?:[:\\].*)?", re.ASCII | re.IGNORECASE | re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SECTION: Final = re.compile(r'\[([A-Za-z0-9-]+)(?:[ \t]+"([^"\\]*)")?\][ \t]*(?:[#;].*)?')
_SETTING: Final = re.compile(
    r'([A-Za-z][A-Za-z0-9-]*)[ \t]*(?:=[ \t]*("[^"\\]*"|[^"\\#;]*)[ \t]*(?:[#;].*)?)?', re.DOTALL
)
_HTTP_LIKE: Final = re.compile(r"(?:https?|ftps?):", re.IGNORECASE)
_HTTP_URL: Final = re.compile(
    r"(?:https?|ftps?)://(?:[A-Za-z0-9._~!$&'()*+,=-]+@)?[A-Za-z0-9.-]+(?::[1-9][0-9]{0,3})?(?:/[A-Za-z0-9._~!$&'()*+,=@/-]*)?"
)
_LARGEST_ATTRIBUTES: Final = 100 << 20  # bytes, as git has it
_LONGEST_ATTRIBUTES_LINE: Final = 2048  # bytes, the first length that is too long


def is_dot_git(segment: str) -> bool:
    """Tell whether some file system would open a path's segment as `.git`."""
    return any(_DOT_GIT.fullmatch(name) for name in _names(segment))


def _names(segment: str) -> Iterator[str]:
    """Return what a segment is opened as: itself, and on Windows what follows each backslash."""
    plain = _IGNORED_BY_HFS.sub("", segment)
    yield plain
    for backslash in re.finditer(r"\\", plain):
        yield plain[backslash.end() :]


def is_special(path: str) -> bool:
    """Tell whether a file of this path is one of git's own."""
    return bool(_checks(path.rpartition("/")[2]))


def fault(path: str, content: bytes) -> str:
    """Return what `git fsck` would find wrong with a file of this path and content; empty for nothing."""
    *directories, name = path.split("/")
    for directory in directories:
        if _checks(directory):
            return f"git wants a file, not a directory, at {directory!a}"
    return next((found for check in _checks(name) if (found := check(content))), "")


def _checks(segment: str) -> list[Callable[[bytes], str]]:
    names = list(_names(segment))
    return [check for pattern, check in _CHECKS.items() if any(pattern.fullmatch(name) for name in names)]


def _spellings(name: str, hashed: str) -> re.Pattern[str]:
    """Return the pattern of a dot file's names: its own, and those that NTFS shortens it to."""
    shortened = [f"{name[:6]}~[1-4]"] + [f"{hashed[:kept]}~[1-9][0-9]{{{6 - kept}}}" for kept in range(7)]
    return re.compile(rf"(?:\.{name}|{'|'.join(shortened)})[ .]*(?::.*)?", re.ASCII | re.IGNORECASE | re.DOTALL)


def _attributes_fault(content: bytes) -> str:
    if len(content) > _LARGEST_ATTRIBUTES:
        return f"git reads at most {_LARGEST_ATTRIBUTES} bytes of attributes"
    if any(len(line) >= _LONGEST_ATTRIBUTES_LINE for line in content.split(b"\n")):
        return f"git reads no line of attributes of {_LONGEST_ATTRIBUTES_LINE} bytes or more"
    return ""


def _modules_fault(content: bytes) -> str:
    text = content.decode("latin-1").replace("\r\n", "\n")
    submodule = False
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(" \t")
        section, setting = _SECTION.fullmatch(line), _SETTING.fullmatch(line)
        found = ""
        if _CONTROL.search(line) or not (section or setting or not line or line[0] in "#;"):
            found = "not configuration in its plain form"
        elif section:
            submodule = section[1].lower() == "submodule" and section[2] is not None
            found = _submodule_name_fault(section[2]) if submodule else ""
        elif setting and submodule:
            found = _setting_fault(setting[1].lower(), (setting[2] or "").strip(" \t").strip('"'))
        if found:
            return f"line {number} is {found}"
    return ""


def _submodule_name_fault(name: str) -> str:
    return "a submodule's name that is empty or holds '..'" if not name or ".." in name.split("/") else ""


def _setting_fault(key: str, value: str) -> str:
    if key in {"path", "url"} and value.startswith("-"):
        return f"a submodule's {key} that git would take for an option"
    if key == "update" and value.startswith("!"):
        return "a submodule's update that runs a command"
    return "a submodule's url that git does not take" if key == "url" and not _is_url(value) else ""


def _is_url(url: str) -> bool:
    if "%0a" in url.lower():
        return False
    if _HTTP_LIKE.match(url):
        return _HTTP_URL.fullmatch(url) is not None and ".." not in url.split("/")
    # "..//host" and "../:x" would climb out of what a relative URL is relative to.
    return not url.startswith(".") or ("//" not in url and ":" not in url)


_CHECKS: Final[Mapping[re.Pattern[str], Callable[[bytes], str]]] = {
    _spellings("gitmodules", "gi7eba"): _modules_fault,
    _spellings("gitattributes", "gi7d29"): _attributes_fault,
}
