"""Merges."""

from __future__ import annotations

from attrs import frozen

from mesa_transports.local.bodies.person import read_person
from mesa_transports.local.fields import Fields
from mesa_transports.local.git.person import Person

__all__ = ["MergeRequest"]


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
            read_person(fields.object("author")),
            fields.optional("message", lambda name: fields.text(name, least=0, most=1_000_000)) or None,
            fields.optional("delete_branch", fields.boolean) or False,
        )
