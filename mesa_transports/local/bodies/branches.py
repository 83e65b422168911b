"""Branches."""

from __future__ import annotations

from attrs import frozen

from mesa_transports.local.fields import Fields
from mesa_transports.local.names import checked_branch_name

__all__ = ["BranchRequest"]


@frozen
class BranchRequest:
    """A branch to make from a ref."""

    name: str
    source: str

    @classmethod
    def read(cls, fields: Fields) -> BranchRequest:
        """Read and check a branch to make."""
        return cls(checked_branch_name(fields.text("name"), "name"), fields.text("from"))
