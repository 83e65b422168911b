"""Repositories and their upstreams."""

from __future__ import annotations

import re
from typing import Final

from attrs import field, frozen

from mesa_transports.local.bodies.urls import checked_url
from mesa_transports.local.fields import Fields
from mesa_transports.local.names import checked_branch_name, checked_repository_name
from mesa_transports.local.refusals import BadRequest

__all__ = ["RepositoryChange", "RepositoryRequest", "UpstreamRequest"]

_REMOTE_HELPER: Final = re.compile(r"[A-Za-z0-9.+-]*::")
_UPSTREAM_SCHEMES: Final = frozenset({"", "file", "git", "http", "https", "ssh"})


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
    parts = checked_url(uri, path)
    # `ext::` and its like run commands; a leading dash would be an option of git's.
    if _REMOTE_HELPER.match(uri) or uri.startswith("-") or parts.scheme.lower() not in _UPSTREAM_SCHEMES:
        # scp-like addresses, such as git@host:path, split into a "scheme" only when they have no user.
        raise BadRequest(f"{path}: expected a path or a file, git, http, https or ssh URL, got another string")
    if parts.password is not None:
        raise BadRequest(f"{path}: expected a URL without a password, got one with it: use token and token_username")
    return uri


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
