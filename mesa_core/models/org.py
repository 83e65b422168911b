"""Organizations."""

from datetime import datetime

from attrs import frozen

__all__ = ["Organization"]


@frozen(kw_only=True)
class Organization:
    """An organization: since when there is it, and how many repositories it has."""

    created_at: datetime
    num_repos: int
