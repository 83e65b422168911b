"""Request bodies: what each operation takes, checked field by field against the contract."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from attrs import field, frozen

from mesa_transports.local.clock import parsed_instant
from mesa_transports.local.fields import Fields
from mesa_transports.local.keys import DEFAULT_SCOPES, SCOPES
from mesa_transports.local.names import checked_branch_name, checked_path, checked_repository_name
from mesa_transports.local.refusals import BadRequest

__all__ = [
    "BranchRequest",
    "CommitRequest",
    "Deletion",
    "Edit",
    "KeyRequest",
    "LfsObject",
    "LfsRequest",
    "MergeRequest",
    "Person",
    "RepositoryChange",
    "RepositoryRequest",
    "Upsert",
    "UpstreamRequest",
    "WebhookRequest",
]

_EMAIL: Final = re.compile(r"[^\s<>@\x00-\x1f]+@[^\s<>@\x00-\x1f]+")
_NOT_IN_A_PERSON: Final = re.compile(r"[<>\x00-\x1f\x7f]")
_CRUD: Final = " .,:;<>\"\\'"  # what git strips from both ends of a name or an email
_OID: Final = re.compile(r"[0-9a-f]{64}")
_LARGEST: Final = 2**31
_REMOTE_HELPER: Final = re.compile(r"[A-Za-z0-9.+-]*::")
_UPSTREAM_SCHEMES: Final = frozenset({"", "file", "git", "http", "https", "ssh"})


@frozen
class Person:
    """An author; `date` is None for the present."""

    name: str
    email: str
    date: datetime | None

    @classmethod
    def read(cls, fields: Fields) -> Person:
        """Read and check a person."""
        name, email = fields.text("name", most=200), fields.text("email", most=320)
        if _NOT_IN_A_PERSON.search(name) or not name.strip(_CRUD):
            raise BadRequest(
                f"{fields.path('name')}: expected a name without line breaks, '<' and '>', got another string"
            )
        if not _EMAIL.fullmatch(email) or not email.strip(_CRUD):
            raise BadRequest(f"{fields.path('email')}: expected an email address, got another string")
        return cls(name, email, _read_date(fields))


def _read_date(fields: Fields) -> datetime | None:
    text = fields.optional("date", fields.text)
    if text is None:
        return None
    date = parsed_instant(text)
    if date is None:
        raise BadRequest(f"{fields.path('date')}: expected an RFC 3339 instant since 1970, got another string")
    return date


@frozen
class UpstreamRequest:
    """An upstream as asked for; `token_given` tells a token of null from one left out."""

    uri: str
    period: int | None
    token: str | None = field(repr=False)
    token_given: bool
    token_username: str

    @classmethod
    def read(cls, fields: Fields) -> UpstreamRequest:
        """Read and check an upstream."""
        token = None if fields.is_null("token") else fields.optional("token", fields.text)
        username = fields.optional("token_username", fields.text) or "x-access-token"
        period = fields.optional("autosync", lambda name: _read_period(fields.object(name)))
        return cls(_read_uri(fields), period, token, fields.has("token"), username)


def _read_period(fields: Fields) -> int:
    fields.choice("type", ("poll",))
    fields.optional("resolution_strategy", lambda name: fields.choice(name, ("none",)))
    return fields.integer("period", 60, 2_147_483)


def _read_uri(fields: Fields) -> str:
    uri, path = fields.text("uri"), fields.path("uri")
    parts = _split(uri, path)
    # `ext::` and its like run commands; a leading dash would be an option of git's.
    if _REMOTE_HELPER.match(uri) or uri.startswith("-") or parts.scheme.lower() not in _UPSTREAM_SCHEMES:
        # scp-like addresses, such as git@host:path, split into a "scheme" only when they have no user.
        raise BadRequest(f"{path}: expected a path or a file, git, http, https or ssh URL, got another string")
    if parts.password is not None:
        raise BadRequest(f"{path}: expected a URL without a password, got one with it: use token and token_username")
    return uri


def _split(url: str, path: str) -> SplitResult:
    if any(ord(character) <= ord(" ") for character in url):
        raise BadRequest(f"{path}: expected a URL without spaces and control characters, got another string")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is none
    except ValueError:
        raise BadRequest(f"{path}: expected a URL, got another string") from None
    return parts


@frozen
class RepositoryRequest:
    """A repository to make."""

    name: str
    default_branch: str
    upstream: UpstreamRequest | None

    @classmethod
    def read(cls, fields: Fields) -> RepositoryRequest:
        """Read and check a repository to make."""
        return cls(
            checked_repository_name(fields.text("name"), "name"),
            checked_branch_name(fields.optional("default_branch", fields.text) or "main", "default_branch"),
            fields.optional("upstream", lambda name: UpstreamRequest.read(fields.object(name))),
        )


@frozen
class RepositoryChange:
    """A change of a repository; None keeps what there is."""

    name: str | None
    default_branch: str | None
    upstream: UpstreamRequest | None
    upstream_removed: bool

    @classmethod
    def read(cls, fields: Fields) -> RepositoryChange:
        """Read and check a change."""
        name = fields.optional("name", fields.text)
        branch = fields.optional("default_branch", fields.text)
        removed = fields.is_null("upstream")
        return cls(
            None if name is None else checked_repository_name(name, "name"),
            None if branch is None else checked_branch_name(branch, "default_branch"),
            None if removed else fields.optional("upstream", lambda field: UpstreamRequest.read(fields.object(field))),
            removed,
        )


@frozen
class BranchRequest:
    """A branch to make from a ref."""

    name: str
    source: str

    @classmethod
    def read(cls, fields: Fields) -> BranchRequest:
        """Read and check a branch to make."""
        return cls(checked_branch_name(fields.text("name"), "name"), fields.text("from"))


@frozen
class Upsert:
    """A file to write."""

    path: str
    content: bytes


@frozen
class Deletion:
    """A file to delete."""

    path: str


Edit: TypeAlias = Upsert | Deletion


@frozen
class CommitRequest:
    """A commit to make."""

    branch: str
    message: str
    author: Person
    base_sha: str | None
    edits: list[Edit]

    @classmethod
    def read(cls, fields: Fields) -> CommitRequest:
        """Read and check a commit to make."""
        edits = [_read_edit(edit) for edit in fields.objects("files")]
        seen: set[str] = set()
        for edit in edits:
            if edit.path in seen:
                raise BadRequest(f"files: expected each path once, got {edit.path[:60]!a} twice")
            seen.add(edit.path)
        return cls(
            checked_branch_name(fields.text("branch"), "branch"),
            fields.text("message", most=1_000_000),
            Person.read(fields.object("author")),
            fields.optional("base_sha", fields.text),
            edits,
        )


def _read_edit(fields: Fields) -> Edit:
    path = checked_path(fields.text("path"), fields.path("path"))
    action = fields.optional("action", lambda name: fields.choice(name, ("upsert", "delete")))
    ways = [name for name in ("content", "lfs") if fields.has(name)]
    if action == "delete":
        if ways:
            raise BadRequest(f"{fields.path(ways[0])}: expected nothing beside the action delete, got a value")
        return Deletion(path)
    if len(ways) != 1:
        raise BadRequest(
            f"{fields.path('content')}: expected either content or lfs, got {'both' if ways else 'neither'}"
        )
    return Upsert(path, _read_content(fields) if ways == ["content"] else _read_pointer(fields.object("lfs")))


def _read_content(fields: Fields) -> bytes:
    content = fields.text("content", least=0, most=_LARGEST, binary=True)
    if fields.optional("encoding", lambda name: fields.choice(name, ("utf-8", "base64"))) != "base64":
        return content.encode()
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(f"{fields.path('content')}: expected base64, got another string") from None


def _read_pointer(fields: Fields) -> bytes:
    item = LfsObject.read(fields)
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{item.oid}\nsize {item.size}\n".encode()


@frozen
class MergeRequest:
    """A merge to perform; `message` is None for the default one."""

    head: str
    author: Person
    message: str | None
    delete_branch: bool

    @classmethod
    def read(cls, fields: Fields) -> MergeRequest:
        """Read and check a merge."""
        return cls(
            fields.text("head"),
            Person.read(fields.object("author")),
            fields.optional("message", lambda name: fields.text(name, least=0, most=1_000_000)) or None,
            fields.optional("delete_branch", fields.boolean) or False,
        )


@frozen
class KeyRequest:
    """A key to make."""

    name: str | None
    scopes: list[str]

    @classmethod
    def read(cls, fields: Fields) -> KeyRequest:
        """Read and check a key to make."""
        scopes = fields.optional("scopes", lambda name: fields.texts(name, SCOPES))
        return cls(fields.optional("name", fields.text), list(DEFAULT_SCOPES) if scopes is None else scopes)


@frozen
class LfsObject:
    """A large file by its sha256 and its size in bytes."""

    oid: str
    size: int

    @classmethod
    def read(cls, fields: Fields) -> LfsObject:
        """Read and check a large file's name."""
        oid = fields.text("oid")
        if not _OID.fullmatch(oid):
            raise BadRequest(f"{fields.path('oid')}: expected 64 lower-case hex digits, got another string")
        return cls(oid, fields.integer("size", 0))


@frozen
class LfsRequest:
    """Large files to upload or download."""

    objects: list[LfsObject]

    @classmethod
    def read(cls, fields: Fields) -> LfsRequest:
        """Read and check the names of 1 to 100 large files."""
        objects = [LfsObject.read(item) for item in fields.objects("objects")]
        if not 1 <= len(objects) <= 100:  # noqa: PLR2004 -- the contract's bounds
            raise BadRequest(f"objects: expected 1 to 100 objects, got {len(objects)}")
        return cls(objects)


@frozen
class WebhookRequest:
    """A webhook to keep; an empty secret asks for a new one."""

    url: str
    events: list[str]
    branches: list[str] | None
    globs: list[str] | None
    secret: str = field(repr=False)

    @classmethod
    def read(cls, fields: Fields) -> WebhookRequest:
        """Read and check a webhook."""
        events = fields.optional("events", lambda name: fields.texts(name, ("push",)))
        return cls(
            _read_webhook_url(fields),
            ["push"] if events is None else list(dict.fromkeys(events)),
            fields.optional("branches", fields.texts),
            fields.optional("globs", fields.texts),
            fields.optional("secret", lambda name: fields.text(name, least=0)) or "",
        )


def _read_webhook_url(fields: Fields) -> str:
    url, path = fields.text("url"), fields.path("url")
    parts = _split(url, path)
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        raise BadRequest(f"{path}: expected an http or https URL with a host, got another string")
    return url
